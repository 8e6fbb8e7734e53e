"""Adapters: one that breaks the protocol cannot be checked; a lost case does not end the run."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Literal

import pytest
from driving import FIXTURES, drive
from process_state import gone

from aleph_contract.drivers import stdio
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.drivers.worker import InFlight
from aleph_contract.verify.runner import Settings, verify_client

#: Mode of adapters.py, and a part of the message to the user.
BREACHES = {
    "rubbish": "INFO starting up",
    "rubbish_later": "DEBUG case",
    "ends_at_once": "no configuration file found",
    "ends_after_hello": "ended",
    "duplicate": "c00001",
    "unknown": "c-unheard-of",
    "wrong_protocol": "protocol",
    "no_hello": "hello",
}


def adapter(*arguments: str) -> StdioDriver:
    return StdioDriver([sys.executable, str(FIXTURES / "broken" / "adapters.py"), *arguments])


@pytest.mark.parametrize(("mode", "told"), BREACHES.items())
def test_an_adapter_that_breaks_the_protocol_could_not_be_checked(mode: str, told: str) -> None:
    run = drive(adapter(mode), "examples")
    assert run.exit_code == 3
    assert len(run.trouble) == 1
    assert told in run.trouble[0]
    assert "\n" not in run.trouble[0]


def test_an_adapter_that_keeps_the_protocol_is_judged() -> None:
    assert drive(adapter("proper"), "examples").exit_code == 0


@pytest.mark.parametrize(("mode", "kind"), [("hangs", "stuck"), ("crashes", "crashed")])
def test_a_stuck_or_crashed_case_fails_alone(
    mode: str, kind: Literal["stuck", "crashed"], monkeypatch: pytest.MonkeyPatch
) -> None:
    def deadline(entry: InFlight) -> float:
        return -math.inf if "hangs" in entry.stderr.text() else math.inf

    monkeypatch.setattr(InFlight, "deadline", property(deadline))
    settings = Settings(run=("examples",))
    run = verify_client(adapter(mode), settings=settings)
    kinds = [result.outcome.kind for result in run.results if result.outcome]
    assert run.exit_code == 1
    assert len(kinds) == 4
    assert kinds.count(kind) == 2  # the second case of each process; then a new process starts
    assert kinds.count("result") == 2


def test_a_child_that_an_adapter_leaves_behind_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stdio, "BYE_GRACE", 0.3)
    noted = tmp_path / "pid"
    run = drive(adapter("leaves_child", str(noted)), "examples")
    assert run.exit_code == 0
    assert gone(int(noted.read_text()))
