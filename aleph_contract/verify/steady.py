"""Drive cases on a faster clock until their results do not depend on the load of the machine.

A stall of the machine is long for the client: at 100, its time-out of 20 s fires if the machine is
busy for 200 ms. A case that was disturbed is driven again. If no result can be relied on, the case
could not be run: that is not a failure of the client.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from aleph_contract.core.results import CaseResult
from aleph_contract.drivers.faster_clock import TOLERANCE
from aleph_contract.drivers.stalls import Stalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aleph_contract.core.clock import Clock

#: How often a case is driven at most.
MAX_DRIVES = 5

#: Seconds of the client by which a wait may end late in a case whose result still counts, if a
#: second result is the same. Up to `TOLERANCE`, one result is enough.
MAX_LATE = 10.0


class Steady:
    """Decides which results count.

    Args:
        clock: The clock of the client.
        stalls: Measures the delays of the machine.
    """

    def __init__(self, clock: Clock, stalls: Stalls) -> None:
        self._clock = clock
        self._stalls = stalls

    def drive(
        self, once: Callable[[], CaseResult], earlier: tuple[CaseResult, float] | None = None
    ) -> CaseResult:
        """Drive a case until its result counts.

        Args:
            once: Drives the case and returns its result.
            earlier: A result of the case, and by how many seconds of the client waits ended late.

        Returns:
            The result; its status is `could-not-run` if none counts.
        """
        seen: set[Hashable] = set()
        worst = 0.0
        for _ in range(MAX_DRIVES):
            result, late = earlier or self.timed(once)
            earlier = None
            worst = max(worst, late)
            if late <= TOLERANCE or (late <= MAX_LATE and _verdict(result) in seen):
                return result
            if late <= MAX_LATE:
                seen.add(_verdict(result))
        return self._unsteady(result, worst)

    def timed(self, once: Callable[[], CaseResult]) -> tuple[CaseResult, float]:
        """A result, and by how many seconds of the client waits ended late at most meanwhile."""
        self._stalls.restart()
        result = once()
        return result, self.late

    def restart(self) -> None:
        """Begin to measure anew."""
        self._stalls.restart()

    @property
    def late(self) -> float:
        """Seconds of the client by which waits ended late at most, since the last restart."""
        return self._clock.elapsed(self._stalls.worst)

    @property
    def trouble(self) -> str:
        """Why findings since the last restart do not count; empty if they do."""
        return self._too_busy(self.late) if self.late > MAX_LATE else ""

    def _unsteady(self, result: CaseResult, worst: float) -> CaseResult:
        reason = self._too_busy(worst)
        return replace(result, status="could-not-run", findings=(), checked=(), reason=reason)

    def _too_busy(self, late: float) -> str:
        return (
            f"the machine is too busy for --speed {self._clock.speed:g}: waits ended up to "
            f"{late:.2g} s late by the client's clock; use a lower speed, or try again when less "
            "runs"
        )


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
