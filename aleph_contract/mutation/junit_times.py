"""Read the tests of a suite, and when they ran, from a JUnit file that its command writes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

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
) -> Iterator[tuple[float, TestRun | None]]:
    """The borders of the tests, in order; none if the command writes no JUnit file.

    The file is the one that an argument names, as in `--outputFile=report.xml`. A test case has a
    duration, and a suite the time of its start: the cases of a suite run one after the other. If
    the times are not known, or suites overlap, every test begins when the command does.

    Args:
        command: The command.
        begun: Unix time of its start.
        ended: Unix time of its end.
    """
    root = next((r for r in map(_parsed, _files(command, begun)) if r is not None), None)
    if root is None:
        return
    suites = list(root.iter("testsuite"))
    starts = [_start(suite, begun, ended) for suite in suites]
    borders: list[tuple[float, TestRun | None]] = []
    for suite, start in zip(suites, starts, strict=True):
        at = start or begun
        for case in suite.findall("testcase"):
            borders.append((at, _test(case)))
            at += _seconds(case)
    times = [at for at, _ in borders]
    known = None not in starts and times == sorted(times)
    yield from borders if known else ((begun, test) for _, test in borders)
    yield ended, None


def _files(command: Sequence[str], begun: float) -> Iterator[Path]:
    for argument in command:
        path = Path(argument.rpartition("=")[2])
        if path.suffix == ".xml" and path.is_file():
            facts = path.stat()
            if facts.st_mtime >= begun - 1 and facts.st_size <= _MAX_BYTES:
                yield path


def _parsed(path: Path) -> ET.Element | None:
    try:
        return ET.parse(path).getroot()  # noqa: S314 - a file of the user's own suite
    except ET.ParseError:
        return None


def _start(suite: ET.Element, begun: float, ended: float) -> float | None:
    """Unix time at which a suite began; `None` if that is not known, or not within the run."""
    try:
        at = datetime.fromisoformat(suite.get("timestamp", "").replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
    return at if begun <= at <= ended else None


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
