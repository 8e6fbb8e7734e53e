"""The `again` command of a finding, run as it is printed, shows the finding again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from aleph_contract.cli import run as command_line
from aleph_contract.verify.reproduction import one_by_one, together_with

#: Client in fixtures/broken, its options, and the rule whose finding is shown again.
SHOWN_AGAIN = [
    ("drops_zero_seed", ["--run", "boundary/seed/*"], "request.faithful"),
    ("drops_zero_seed", ["--run", "property/valid", "--seed", "7"], "request.faithful"),
    ("answers_in_order", ["--run", "concurrency", "--jobs", "8"], "concurrency.no-crosstalk"),
    ("last_reply_wins", ["--run", "concurrency"], "concurrency.no-crosstalk"),
    ("shares_account", ["--run", "examples"], "concurrency.no-crosstalk"),
    ("keeps_first_account", ["--run", "boundary/seed/*"], "concurrency.no-crosstalk"),
    ("keeps_first_headers", ["--run", "boundary/seed/*"], "concurrency.no-crosstalk"),
    ("keeps_first_url", ["--run", "boundary/seed/*"], "concurrency.no-crosstalk"),
    ("caches_by_prompt", ["--run", "boundary/seed/*"], "request.once"),
]


def verify(words: list[str], report: Path) -> dict[str, list[dict[str, Any]]]:
    """The broken cases of a verification by rule."""
    command_line([*words, "--report", f"json:{report}"])
    found: dict[str, list[dict[str, Any]]] = {}
    for case in json.loads(report.read_text())["cases"]:
        for finding in case["findings"]:
            found.setdefault(finding["rule"], []).append(case)
    return found


@pytest.mark.parametrize(("client", "options", "rule"), SHOWN_AGAIN)
def test_the_again_command_shows_the_finding_again(
    client: str, options: list[str], rule: str, tmp_path: Path
) -> None:
    options = [*options, "--max-examples", "20"] if "--max-examples" not in options else options
    words = ["verify", "client", *options, "--python", f"fixtures/broken/clients.py:{client}"]
    case = verify(words, tmp_path / "first.json")[rule][-1]
    program, *again = shlex.split(case["reproduce"])
    assert program == "aleph-contract"
    assert "--jobs" in again or "--jobs" not in options
    repeated = verify(again, tmp_path / "again.json")[rule]
    if case["name"].startswith("property/"):
        assert [c["intended"] for c in repeated if c["name"] == case["name"]] == [case["intended"]]


def test_cases_that_a_finding_needs_are_named_before_its_own() -> None:
    command = "aleph-contract verify client --run 'a b' --seed 0 --python x.py:call"
    assert together_with(command, "c/*", "a b") == (
        "aleph-contract verify client --run 'c/*' --run 'a b' --seed 0 --python x.py:call"
    )
    assert together_with("", "c") == ""


def test_a_finding_that_needs_its_cases_in_sequence_names_one_job() -> None:
    command = "aleph-contract verify client --run a --seed 0 --python x.py:call"
    one = "aleph-contract verify client --run a --jobs 1 --seed 0 --python x.py:call"
    assert one_by_one(command) == one
    assert one_by_one(one.replace("--jobs 1", "--jobs 8")) == one
    assert one_by_one("") == ""
