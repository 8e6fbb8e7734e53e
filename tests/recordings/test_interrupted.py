"""Ctrl-C and SIGTERM while `judge` reads: the calls read so far are judged and reported."""

from __future__ import annotations

import json
import signal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from har_recorder import entry
from sample_traffic import CONTRACT, INPUT

from aleph_contract.cli import run
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.recordings import calls
from aleph_contract.verify.recorded_traffic import judge_recordings

URL = "https://api.cloudflare.com/client/v4/accounts/a/ai/run"
TOKEN = "Zt0ken-of-forty-characters-that-is-secret"
CALLS = 4


def session(path: Path, number: int) -> Path:
    """A HAR file of refused calls; the last one has another body."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    body = json.dumps({"model": CONTRACT.model, "input": INPUT}).encode()
    row = json.dumps(entry("POST", URL, headers, body, status=400, received=(), reply=b"no"))
    end = json.dumps(entry("POST", URL, headers, body, status=400, received=(), reply=b"last"))
    with path.open("w") as file:
        file.write('{"log": {"version": "1.2", "entries": [\n')
        file.write(",\n".join([row] * (number - 1) + [end]))
        file.write("]}}")
    return path


@pytest.mark.parametrize("reads", range(3 * CALLS))
def test_what_was_read_before_the_interrupt_is_judged(tmp_path: Path, reads: int) -> None:
    path = session(tmp_path / "a.har", CALLS)
    asked = count()
    found = judge_recordings([path, path], ContractSet.of(), stopped=lambda: next(asked) > reads)
    assert found.interrupted
    assert found.exit_code == 3
    read = sum(len(result.exchanges) for result in found.results)
    last = f"after entry {(read - 1) % CALLS + 1} of a.har" if read else "before the first entry"
    assert found.notes[0] == f"partial report: reading was interrupted {last}"
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("signals", "code"), [(1, 3), (2, 130)])
def test_a_signal_gives_a_partial_report_and_a_second_one_none(
    *,
    number: signal.Signals,
    signals: int,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    read, numbers = calls._Reader.read, count(1)
    before = signal.getsignal(number)

    def signalled(self: Any, found: Any) -> Any:
        if next(numbers) == 3:
            for _ in range(signals):
                signal.raise_signal(number)
        return read(self, found)

    monkeypatch.setattr(calls._Reader, "read", signalled)
    path = session(tmp_path / "a.har", CALLS)
    assert run(["judge", str(path), "--report", "json"]) == code
    assert signal.getsignal(number) == before
    out = capsys.readouterr().out
    if code == 3:
        report = json.loads(out)
        assert (report["interrupted"], report["traffic"]["calls"]) == (True, 3)
        assert (
            report["notes"][0] == "partial report: reading was interrupted after entry 3 of a.har"
        )
    else:
        assert out == ""
