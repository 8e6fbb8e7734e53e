"""A window of calls in flight, whatever carries them out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Protocol

from aleph_contract.core.exchange import Outcome
from aleph_contract.drivers import Call, Renew

#: Takes a call and how it ended; an exception is raised again where the window is iterated.
Report = Callable[[tuple[Call, Outcome | BaseException]], None]

#: Seconds after which a call that is late, but not given up, is looked at again.
RECHECK = 1.0


class Executor(Protocol):
    """Carries out calls in the background."""

    def launch(self, call: Call, report: Report) -> float:
        """Begin a call; return when it is late, on the monotonic clock."""

    def give_up(
        self, late: Sequence[Call], flying: Sequence[Call]
    ) -> tuple[dict[Call, Outcome], list[Call]]:
        """Decide about late calls: which end now, and which must be made again for their sake."""


def run_windowed(
    crew: Executor, calls: Iterable[Call], window: int, renew: Renew
) -> Iterator[tuple[Call, Outcome]]:
    """Keep up to `window` of `calls` in flight and yield each as it ends."""
    done: SimpleQueue[tuple[Call, Outcome | BaseException]] = SimpleQueue()
    flying: dict[Call, float] = {}
    again: deque[Call] = deque()
    waiting = iter(calls)
    while True:
        while len(flying) < window:
            call = renew(again.popleft()) if again else next(waiting, None)
            if call is None:
                break
            flying[call] = crew.launch(call, done.put)
        if not flying:
            return
        try:
            call, outcome = done.get(timeout=_left(flying))
        except Empty:
            ended, innocent = _late(crew, flying)
            again += innocent
            yield from ended.items()
            continue
        if flying.pop(call, None) is None:
            continue  # it was given up, and ended after all
        if isinstance(outcome, BaseException):
            raise outcome
        yield call, outcome


def _left(flying: dict[Call, float]) -> float | None:
    soonest = min(flying.values())
    return None if soonest == float("inf") else max(0.0, soonest - time.monotonic())


def _late(crew: Executor, flying: dict[Call, float]) -> tuple[dict[Call, Outcome], list[Call]]:
    now = time.monotonic()
    late = [call for call, deadline in flying.items() if deadline <= now]
    ended, innocent = crew.give_up(late, tuple(flying))
    flying |= dict.fromkeys(late, now + RECHECK)
    for call in (*ended, *innocent):
        del flying[call]
    return ended, innocent
