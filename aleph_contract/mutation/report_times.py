"""When the tests that a report names ran, as borders between them.

A report gives the duration of a test, and a time that is not exact: a line of TAP arrives after the
test has ended, often together with others, and a JUnit file says when it was written. So durations
decide, and the calls confirm: the times count only if each call lies within exactly one test.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.suite import TestRun

#: Seconds by which a report may be late.
_LATE = tuple(n / 1000 for n in range(256))

#: Seconds by which the clocks of a report and of the journal may differ.
_EXACT = 0.001

#: Seconds, for each test, in which results without durations count as written together at the end.
_TOGETHER = 0.002

#: As in `Suite.borders`.
Border = tuple[float, TestRun | None]


@dataclass(frozen=True, slots=True)
class ReportedTest:
    """A test of a report.

    Args:
        run: Its name and outcome.
        ended: Latest Unix time at which it ended; infinite if that is not known.
        seconds: Its duration; `None` if the report has none.
    """

    run: TestRun
    ended: float
    seconds: float | None = None


def borders(
    tests: Sequence[ReportedTest], exchanges: Iterable[Exchange], begun: float
) -> list[Border]:
    """The borders of tests that ran one after the other.

    If that is not so, or not known, they are infinite: no call belongs to a test then.

    Args:
        tests: The tests in order.
        exchanges: The calls of the suite.
        begun: Unix time at which the suite began.
    """
    calls = [(x.received_at, x.received_at + x.elapsed) for x in exchanges]
    found = _by_duration(tests, calls) or _by_end(tests, calls, begun)
    return found or [(math.inf, test.run) for test in tests]


def _by_duration(
    tests: Sequence[ReportedTest], calls: Sequence[tuple[float, float]]
) -> list[Border]:
    """From the durations: a test ends before the next one begins.

    A delay of the report fits if each call lies within one test. Of the delays that fit, those that
    give calls to the most tests decide. If two of these assign a call to different tests, nothing
    is known.
    """
    spans = _spans(tests)
    found: dict[tuple[int, ...], float] = {}
    for late in _LATE if spans else ():
        owners = tuple(_owner(call, late, spans) for call in calls)
        if None not in owners:
            found.setdefault(cast("tuple[int, ...]", owners), late)
    most = max((len(set(owners)) for owners in found), default=0)
    best = [late for owners, late in found.items() if len(set(owners)) == most]
    if len(best) != 1:
        return []
    return list(_shifted(tests, spans, best[0]))


def _shifted(
    tests: Sequence[ReportedTest], spans: Sequence[tuple[float, float]], late: float
) -> Iterator[Border]:
    """The borders, earlier by a delay."""
    starts = [start - late - _EXACT for start, _ in spans]
    ends = [end - late + _EXACT for _, end in spans]
    for test, start, end, following in zip(
        tests, starts, ends, [*starts[1:], math.inf], strict=True
    ):
        yield start, test.run
        if end < following:
            yield end, None


def _spans(tests: Sequence[ReportedTest]) -> list[tuple[float, float]]:
    """Start and end of each test, from the last to the first; none if a duration is not known."""
    spans: list[tuple[float, float]] = []
    start = math.inf
    for test in reversed(tests):
        if test.seconds is None:
            return []
        end = min(test.ended, start)
        start = end - test.seconds
        spans.append((start, end))
    return spans[::-1]


def _owner(
    call: tuple[float, float], late: float, spans: Sequence[tuple[float, float]]
) -> int | None:
    """The index of the only test that a call lies within."""
    begun, ended = (at + late for at in call)
    index = bisect_right(spans, (begun + _EXACT, math.inf)) - 1
    return index if index >= 0 and ended <= spans[index][1] + _EXACT else None


def _by_end(
    tests: Sequence[ReportedTest], calls: Sequence[tuple[float, float]], begun: float
) -> list[Border]:
    """From the ends alone: a test begins when the one before has ended."""
    ends = [test.ended for test in tests]
    apart = len(ends) < 2 or ends[-1] - ends[0] >= _TOGETHER * len(ends)  # noqa: PLR2004 - a pair
    durations = any(test.seconds is not None for test in tests)
    if durations or not ends or not apart or any(at > ends[-1] for at, _ in calls):
        return []
    starts = [begun, *ends[:-1]]
    return [*((at, test.run) for at, test in zip(starts, tests, strict=True)), (ends[-1], None)]
