"""Who brought a process down, when several calls were in flight there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aleph_contract.core.exchange import Outcome
from aleph_contract.drivers import Call

#: Outcomes that cost a process.
FATAL = ("stuck", "crashed")

Ended = tuple[Call, Outcome]


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """A call that was in flight when a process was lost, to be made again alone."""

    call: Call
    incident: CrashTriage
    first: bool


class CrashTriage:
    """The loss of one process, and what making each of its calls again, alone, has shown.

    The call that gets stuck or crashes alone as well did it, and the others did not suffer. If all
    go well alone, the client fails only under concurrency; that must not pass for a success, so
    the first of the calls is reported with what happened to all.

    Args:
        what: The outcome to report where no single call is to blame.
        calls: The calls in flight, in the order they were sent.
    """

    def __init__(self, what: Outcome, calls: Iterable[Call]) -> None:
        self.suspects = [Suspect(call, self, not i) for i, call in enumerate(calls)]
        self._what = what
        self._left = len(self.suspects)
        self._found = False
        self._held: Ended | None = None

    def settle(self, suspect: Suspect, call: Call, outcome: Outcome) -> list[Ended]:
        """Take note of how a suspect ended, alone; return what may be reported now."""
        self._left -= 1
        self._found = self._found or outcome.kind in FATAL
        ended = []
        if suspect.first:
            self._held = (call, outcome)
        else:
            ended.append((call, outcome))
        if self._left == 0 and self._held is not None:
            ended.append(self._held if self._found else self._blame(self._held[0]))
        return ended

    def _blame(self, call: Call) -> Ended:
        count = len(self.suspects)
        reason = f"{self._what.reason} with {count} cases in flight, though each alone went well"
        return call, replace(self._what, reason=reason)
