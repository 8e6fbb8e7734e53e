"""The timeline: which calls were in flight at the same time, and the waits between retries.

Time without an open run is left out, so that a pause of an hour does not squeeze the calls.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.retry_grouping import LinkedRun
from aleph_contract.rules.suite import NO_SUITE, Suite
from fake_server.inspector.linked_calls import CallLink, RunCost, cost_of, links_of, runs_of

#: Maximum calls of one timeline.
MAX_CALLS = 200

#: Width of the drawing, and the smallest width of a bar, in units of the drawing.
WIDTH, MIN_BAR = 1000.0, 4.0

#: Width of the mark of time that was left out, as a share of the whole.
_BREAK = 0.015


@dataclass(frozen=True, slots=True)
class Bar:
    """One call in the drawing.

    Args:
        exchange: The call.
        link: Its link to the call before it in its run.
        x: The left end.
        width: The width.
        wait_x: The left end of the wait before it; equal to `x` without one.
    """

    exchange: Exchange
    link: CallLink | None
    x: float
    width: float
    wait_x: float


@dataclass(frozen=True, slots=True)
class TimelineRun:
    """One line of the timeline: the calls of a run.

    Args:
        bars: Its calls, in order.
        cost: What they cost together.
        seconds: Seconds from the start of the first call to the end of the last.
        doubt: Why it is a guess that they belong together; empty if it is certain.
    """

    bars: tuple[Bar, ...]
    cost: RunCost
    seconds: float
    doubt: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The drawing.

    Args:
        runs: Its lines, in the order of the first calls.
        breaks: The positions at which time was left out.
        seconds: Seconds that are drawn.
        most_in_flight: The highest number of calls in flight at once.
    """

    runs: tuple[TimelineRun, ...]
    breaks: tuple[float, ...]
    seconds: float
    most_in_flight: int


class _Scale:
    """Converts Unix time to a position: the segments of time, one after the other."""

    def __init__(self, segments: Sequence[tuple[float, float]]) -> None:
        self.seconds = sum(end - start for start, end in segments) or 0.001
        gap = WIDTH * min(_BREAK, 0.5 / len(segments)) if segments else 0.0
        self._unit = (WIDTH - gap * (len(segments) - 1)) / self.seconds
        self._starts = [start for start, _ in segments]
        self._places: list[float] = []
        place = 0.0
        for start, end in segments:
            self._places.append(place)
            place += (end - start) * self._unit + gap
        self.breaks = tuple(place - gap / 2 for place in self._places[1:])

    def __call__(self, at: float) -> float:
        index = max(0, bisect_right(self._starts, at) - 1)
        return self._places[index] + (at - self._starts[index]) * self._unit


def timeline(exchanges: Iterable[Exchange], suite: Suite = NO_SUITE) -> Timeline:
    """The timeline of exchanges of any accounts."""
    runs = runs_of(exchanges, suite)
    scale = _Scale(_merged(_span(run) for run in runs))
    return Timeline(
        runs=tuple(_line(run, scale) for run in runs),
        breaks=scale.breaks,
        seconds=scale.seconds if runs else 0.0,
        most_in_flight=_most_in_flight([call for run in runs for call in run.calls]),
    )


def _line(run: LinkedRun, scale: _Scale) -> TimelineRun:
    start, end = _span(run)
    bars = tuple(_bar(call, link, scale) for call, link in links_of(run))
    return TimelineRun(bars, cost_of(run), end - start, run.doubt)


def _bar(call: Exchange, link: CallLink | None, scale: _Scale) -> Bar:
    x = min(scale(call.received_at), WIDTH - MIN_BAR)
    width = max(MIN_BAR, scale(_end(call)) - x)
    wait_x = min(x, scale(_end(link.previous))) if link else x
    return Bar(call, link, x, width, wait_x)


def _span(run: LinkedRun) -> tuple[float, float]:
    return run.calls[0].received_at, max(_end(call) for call in run.calls)


def _end(call: Exchange) -> float:
    return call.received_at + call.elapsed


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The spans in order; those that overlap are one."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _most_in_flight(calls: Iterable[Exchange]) -> int:
    """The highest number of calls in flight at once; a call that ends as another begins is over."""
    changes = sorted(
        change for call in calls for change in ((call.received_at, 1), (_end(call), -1))
    )
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
