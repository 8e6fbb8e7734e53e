"""Read the tests of a Go suite from the lines of `go test`, also with `-v` or `-json`.

Only their names and outcomes: Go rounds durations to 10 ms, and its lines may arrive after the
first call of the next test, so no call can be assigned to a test with certainty.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable

from aleph_contract.mutation.report_times import ReportedTest
from aleph_contract.rules.suite import TestOutcome, TestRun

#: The end of a test as text: `    --- PASS: TestSeeds/rain (0.02s)`.
_TEXT = re.compile(r" *--- (?P<action>PASS|FAIL|SKIP): (?P<package>)(?P<name>\S+) \([0-9.]+s\)")

#: The end of a test as JSON.
_JSON = re.compile(
    r'\{"Time":"[^"]*","Action":"(?P<action>pass|fail|skip)",'
    r'"Package":"(?P<package>[^"]*)","Test":(?P<name>"(?:[^"\\]|\\.)*").*'
)

_OUTCOMES: dict[str, TestOutcome] = {"pass": "passed", "fail": "failed", "skip": "skipped"}


def is_go(line: str) -> bool:
    """Whether a line is the end of a test."""
    return _match(line) is not None


def go_tests(lines: Iterable[tuple[float, str]]) -> list[ReportedTest]:
    """The tests without subtests, without times.

    Args:
        lines: The lines that a suite printed, each with the time of its arrival.
    """
    matches = filter(None, (_match(line) for _, line in lines))
    outcomes = {_test(match): _OUTCOMES[match["action"].lower()] for match in matches}
    parents = {
        (package, name[:end])
        for package, name in outcomes
        for end, character in enumerate(name)
        if character == "/"
    }
    return [
        ReportedTest(TestRun("::".join(filter(None, test)), outcome), math.inf)
        for test, outcome in outcomes.items()
        if test not in parents
    ]


def _match(line: str) -> re.Match[str] | None:
    return _TEXT.fullmatch(line) or _JSON.fullmatch(line)


def _test(match: re.Match[str]) -> tuple[str, str]:
    """The package, empty in text, and the name, which begins with those of its parents."""
    name = match["name"]
    return match["package"], json.loads(name) if match.re is _JSON else name
