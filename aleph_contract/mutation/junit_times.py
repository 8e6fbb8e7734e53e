"""Read the tests of a suite, and when they ran, from a JUnit file that its command writes."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from itertools import accumulate
from pathlib import Path

from aleph_contract.mutation.report_times import ReportedTest
from aleph_contract.rules.suite import TestOutcome, TestRun

#: Bytes of the largest file that is read.
_MAX_BYTES = 16 * 1024 * 1024

#: The elements of a test case that did not pass, and its outcome.
_ENDINGS: dict[str, TestOutcome] = {
    "failure": "failed",
    "error": "failed",
    "skipped": "skipped",
}


def junit_tests(
    command: Sequence[str], begun: float, ended: float
) -> tuple[list[ReportedTest], list[ReportedTest]]:
    """The tests, in order, with two guesses of their times; none if there is no JUnit file.

    A test case has a duration, and a suite one time. With most runners that is the time at which
    its first test began (first guess); with vitest the time at which the report was written (second
    guess). The file is one that an argument names, as in `--outputFile=report.xml`, or one in the
    working directory, where jest-junit writes it.

    Args:
        command: The command.
        begun: Unix time of its start.
        ended: Unix time of its end.
    """
    root = next((r for r in map(_parsed, _files(command, begun)) if r is not None), None)
    if root is None:
        return [], []
    first: list[ReportedTest] = []
    second: list[ReportedTest] = []
    for suite in root.iter("testsuite"):
        stamp = _stamp(suite, begun, ended)
        cases = _cases(suite)
        seconds = [_seconds(case) for case in cases]
        for case, duration, total in zip(cases, seconds, accumulate(seconds), strict=True):
            known = None if stamp is None else duration
            at = math.inf if stamp is None else stamp
            first.append(ReportedTest(_test(case), at + total, known))
            second.append(ReportedTest(_test(case), at, known))
    return first, second


def _files(command: Sequence[str], begun: float) -> Iterator[Path]:
    named = [Path(argument.rpartition("=")[2]) for argument in command]
    for path in (*named, *sorted(Path().glob("*.xml"))):
        if path.suffix == ".xml" and path.is_file():
            facts = path.stat()
            if facts.st_mtime >= begun - 1 and facts.st_size <= _MAX_BYTES:
                yield path


def _parsed(path: Path) -> ET.Element | None:
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - a file of the user's own suite
    except ET.ParseError:
        return None
    return root if root.tag in {"testsuites", "testsuite"} else None


def _cases(suite: ET.Element) -> list[ET.Element]:
    """The test cases without those that have subtests, as `TestEdit` of Go has `TestEdit/rain`."""
    cases = suite.findall("testcase")
    parents = {case.get("name", "").rpartition("/")[0] for case in cases}
    return [case for case in cases if case.get("name", "") not in parents]


def _stamp(suite: ET.Element, begun: float, ended: float) -> float | None:
    """Unix time of a suite; `None` if it is not within the run, or known to the second only."""
    try:
        at = datetime.fromisoformat(suite.get("timestamp", "").replace("Z", "+00:00"))
    except ValueError:
        return None
    if not at.microsecond:
        return None
    zones = (at,) if at.tzinfo else (at.replace(tzinfo=timezone.utc), at.astimezone())
    times = (zone.timestamp() for zone in zones)
    return next((time for time in times if begun <= time <= ended), None)


def _seconds(case: ET.Element) -> float:
    try:
        return max(float(case.get("time", "0")), 0.0)
    except ValueError:
        return 0.0


def _test(case: ET.Element) -> TestRun:
    endings = (_ENDINGS[child.tag] for child in case if child.tag in _ENDINGS)
    outcome: TestOutcome = next(endings, "passed")
    group = case.get("classname", "")
    return TestRun(f"{group}::{case.get('name', '')}" if group else case.get("name", ""), outcome)
