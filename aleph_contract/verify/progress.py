"""The events of a running verification, and the time that each phase takes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from aleph_contract.core.results import CaseResult


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase starts; `cases` is the number of its cases, `total` that of the whole run."""

    phase: str
    cases: int
    total: int


@dataclass(frozen=True, slots=True)
class CaseFinished:
    """A case was judged."""

    result: CaseResult


Event = PhaseStarted | CaseFinished


class PhaseTimes:
    """The seconds of each phase; they add up to the total."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, float]] = []
        self._begun = self._lapped = time.perf_counter()

    def lap(self, name: str) -> None:
        """Book the time since the previous lap under a name."""
        now = time.perf_counter()
        self.phases.append((name, now - self._lapped))
        self._lapped = now

    @property
    def total(self) -> float:
        """Seconds from the beginning until the last lap."""
        return self._lapped - self._begun
