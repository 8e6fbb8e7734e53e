"""Read the tests of a suite from the lines that it prints in the Test Anything Protocol, TAP 14."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aleph_contract.mutation.report_times import ReportedTest
from aleph_contract.rules.suite import TestOutcome, TestRun

#: A line that ends a test. `ok  example.com/edit  0.02s` of `go test` is none.
_POINT = re.compile(
    r"(?P<indent> *)(?P<bad>not )?ok(?: +\d+(?!\S)(?: +-)?| +-)(?P<name>[^#]*)(?P<rest>.*)"
)

#: The duration of the test before, in the form of `node --test` and tape.
_DURATION = re.compile(r" *duration_ms: (?P<ms>[0-9.]+)")

#: How the name of a subtest follows that of its parent.
_BELOW = " > "


@dataclass(slots=True)
class _Point:
    """A test as far as its lines have been read."""

    indent: int
    name: str
    outcome: TestOutcome
    ended: float
    seconds: float | None = None
    has_subtests: bool = False


def is_tap(line: str) -> bool:
    """Whether a line says something about a test."""
    return bool(_POINT.fullmatch(line) or _DURATION.fullmatch(line))


def tap_tests(lines: Iterable[tuple[float, str]]) -> list[ReportedTest]:
    """The tests without subtests, in order.

    Args:
        lines: The lines that a suite printed, each with the Unix time of its arrival.
    """
    points: list[_Point] = []
    without_parent: list[_Point] = []
    for at, line in lines:
        if (match := _POINT.fullmatch(line)) is not None:
            point = _point(match, at)
            while without_parent and without_parent[-1].indent > point.indent:
                point.has_subtests = True
                without_parent.pop()
            if point.has_subtests:
                _prefix(points, point)
            points.append(point)
            without_parent.append(point)
        elif points and (duration := _DURATION.fullmatch(line)) is not None:
            points[-1].seconds = float(duration["ms"]) / 1000
    return [
        ReportedTest(TestRun(p.name, p.outcome), p.ended, p.seconds)
        for p in points
        if not p.has_subtests
    ]


def _prefix(points: Sequence[_Point], parent: _Point) -> None:
    """Put the name of a test before the names of its subtests, which are the last deeper points."""
    for point in reversed(points):
        if point.indent <= parent.indent:
            return
        point.name = parent.name + _BELOW + point.name


def _point(match: re.Match[str], at: float) -> _Point:
    directive = match["rest"].lower()
    outcome: TestOutcome = "failed" if match["bad"] and "todo" not in directive else "passed"
    if "skip" in directive:
        outcome = "skipped"
    return _Point(len(match["indent"]), match["name"].strip() or "a test", outcome, at)
