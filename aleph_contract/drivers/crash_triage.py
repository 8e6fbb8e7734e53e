"""After a crash with several calls in flight: find the call that caused it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call

#: Outcomes after which the process is gone.
FATAL = ("stuck", "crashed")

Ended = tuple[Call, Outcome]


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """A call that was in flight when a process crashed; it is retried alone."""

    call: Call
    triage: CrashTriage
    first: bool


class CrashTriage:
    """One crash, and the results of retrying each of its calls alone.

    A call that gets stuck or crashes again caused the crash; the others count as they ended in the
    retry. If every retry ends with a report, the client fails only under concurrency. That must not
    count as a success, so the first of the calls gets the outcome of the crash.

    Args:
        outcome: The outcome of the crash, reported if no single call caused it.
        calls: The calls in flight, in the order they were sent.
    """

    def __init__(self, outcome: Outcome, calls: Iterable[Call]) -> None:
        self.suspects = [Suspect(call, self, not i) for i, call in enumerate(calls)]
        self._outcome = outcome
        self._remaining = len(self.suspects)
        self._culprit_found = False
        self._first: Ended | None = None

    def record(self, suspect: Suspect, call: Call, outcome: Outcome) -> list[Ended]:
        """Record how a retry ended; return the calls whose outcome is now final."""
        self._remaining -= 1
        self._culprit_found = self._culprit_found or outcome.kind in FATAL
        ended = []
        if suspect.first:
            self._first = (call, outcome)
        else:
            ended.append((call, outcome))
        if self._remaining == 0 and self._first is not None:
            call = self._first[0]
            ended.append(self._first if self._culprit_found else (call, self._only_together()))
        return ended

    def _only_together(self) -> Outcome:
        count = len(self.suspects)
        reason = f"{self._outcome.reason} with {count} cases in flight, but each one ran well alone"
        return replace(self._outcome, reason=reason)
