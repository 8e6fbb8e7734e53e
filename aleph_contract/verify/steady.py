"""Drive cases on a faster clock until their results do not depend on the load of the machine.

A stall of the machine is long for the client: at 100, its time-out of 20 s fires if the machine is
busy for 200 ms. A case that was disturbed is driven again. If no result can be relied on, the case
could not be run: that is not a failure of the client.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from aleph_contract.core.clock import Clock
from aleph_contract.core.results import CaseResult
from aleph_contract.drivers.faster_clock import TOLERANCE
from aleph_contract.drivers.stalls import Stalls
from aleph_contract.verify.plans import PlannedCase

#: Drives cases, and returns each with its result, in the order in which they end.
Drive = Callable[[Iterable[PlannedCase]], Iterable[tuple[PlannedCase, CaseResult]]]

#: How often a case is driven at most.
MAX_DRIVES = 5

#: How many of these drives are as the first one. Then a case is driven in the way that is disturbed
#: least.
MAX_FIRST_DRIVES = 3

#: Seconds of the client by which a wait may end late in a case whose result still counts, if a
#: second result is the same. Up to `TOLERANCE`, one result is enough.
MAX_LATE = 5.0


class Steady:
    """Decides which results count.

    Args:
        clock: The clock of the client.
        stalls: Measures the delays of the machine.
    """

    def __init__(self, clock: Clock, stalls: Stalls) -> None:
        self._clock = clock
        self._stalls = stalls
        self._started: dict[str, float] = {}

    def results(
        self, cases: Iterable[PlannedCase], drive: Drive, again: Drive | None = None
    ) -> Iterator[CaseResult]:
        """Drive cases until the result of each counts, and yield the results as they do.

        Args:
            cases: The cases.
            drive: Drives them.
            again: Drives those that were disturbed in the first `MAX_FIRST_DRIVES` rounds; `drive`
                by default.

        Yields:
            The results; the status of a case is `could-not-run` if none of its results counts.
        """
        planned = tuple(cases)
        open_cases = {case.name: _Seen() for case in planned}
        for round_number in range(MAX_DRIVES):
            chosen = drive if round_number < MAX_FIRST_DRIVES else again or drive
            pending = [case for case in planned if case.name in open_cases]
            for case, result in chosen(self._noting_starts(pending)) if pending else ():
                late = self._late_since(self._started[case.name])
                if open_cases[case.name].settles(result, late):
                    del open_cases[case.name]
                    yield result
        for seen in open_cases.values():
            yield self._unsteady(seen)

    def _noting_starts(self, cases: Iterable[PlannedCase]) -> Iterator[PlannedCase]:
        for case in cases:
            self._started[case.name] = time.monotonic()
            yield case

    def _late_since(self, moment: float) -> float:
        """Seconds of the client by which waits ended late at most."""
        return self._clock.elapsed(self._stalls.worst_since(moment))

    @property
    def trouble(self) -> str:
        """Why findings do not count; empty if they do."""
        late = self._late_since(-math.inf)
        return self._too_busy(late) if late > MAX_LATE else ""

    def _unsteady(self, seen: _Seen) -> CaseResult:
        reason = self._too_busy(seen.latest)
        return replace(seen.last, status="could-not-run", findings=(), checked=(), reason=reason)

    def _too_busy(self, late: float) -> str:
        return (
            f"the machine is too busy for --speed {self._clock.speed:g}: waits ended up to "
            f"{late:.2g} s late by the client's clock; use a lower speed, or try again when less "
            "runs"
        )


class _Seen:
    """The results of one case so far."""

    last: CaseResult

    def __init__(self) -> None:
        self.latest = 0.0
        self._verdicts: set[Hashable] = set()

    def settles(self, result: CaseResult, late: float) -> bool:
        """Whether a result counts; if not, it is kept to be compared with the next one.

        Args:
            result: The result.
            late: Seconds of the client by which waits ended late at most meanwhile.
        """
        self.last = result
        self.latest = max(self.latest, late)
        verdict = _verdict(result)
        if late <= TOLERANCE or (late <= MAX_LATE and verdict in self._verdicts):
            return True
        if late <= MAX_LATE:
            self._verdicts.add(verdict)
        return False


@contextmanager
def steady(clock: Clock) -> Iterator[Steady]:
    """A `Steady` that measures within a `with` block."""
    with Stalls() as stalls:
        yield Steady(clock, stalls)


@contextmanager
def checked_load(clock: Clock) -> Iterator[Callable[[], str]]:
    """A function that says why findings of a `with` block do not count; see `Steady.trouble`."""
    if not clock.faster:
        yield str
        return
    with steady(clock) as measured:
        yield lambda: measured.trouble


def _verdict(result: CaseResult) -> Hashable:
    """Status, broken rules, and each call with its cost: they must not depend on the load."""
    rules = frozenset(finding.rule for finding in result.findings)
    calls = tuple((x.outcome, x.status, x.cost) for x in result.exchanges)
    return result.status, rules, calls
