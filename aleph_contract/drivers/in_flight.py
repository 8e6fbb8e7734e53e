"""A window of calls in flight, run by threads or by an event loop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Protocol

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call, Renew

#: Called with a call and its outcome; an exception is raised again in the iterating thread.
OnEnd = Callable[[tuple[Call, Outcome | BaseException]], None]

#: Seconds until `Executor.give_up` is asked again about a late call that it did not give up.
RECHECK_INTERVAL = 1.0

#: Longest wait for a report. CPython does not see a Ctrl-C that arrives just before a wait begins
#: until that wait ends.
MAX_WAIT = 1.0


class Executor(Protocol):
    """Runs calls in the background."""

    def launch(self, call: Call, on_end: OnEnd) -> float:
        """Start a call; return its deadline on the monotonic clock."""

    def give_up(
        self, late: Sequence[Call], in_flight: Sequence[Call]
    ) -> tuple[dict[Call, Outcome], list[Call]]:
        """Decide about late calls: return those that end now, and those that must be retried."""


def run_windowed(
    executor: Executor, calls: Iterable[Call], window: int, renew: Renew
) -> Iterator[tuple[Call, Outcome]]:
    """Keep up to `window` of `calls` in flight and yield each when it ends."""
    done: SimpleQueue[tuple[Call, Outcome | BaseException]] = SimpleQueue()
    deadlines: dict[Call, float] = {}  # of the calls in flight
    retries: deque[Call] = deque()
    new_calls = iter(calls)
    while True:
        while len(deadlines) < window:
            call = renew(retries.popleft()) if retries else next(new_calls, None)
            if call is None:
                break
            deadlines[call] = executor.launch(call, done.put)
        if not deadlines:
            return
        try:
            call, outcome = done.get(timeout=_seconds_left(deadlines))
        except Empty:
            ended, unfinished = _give_up_late(executor, deadlines)
            retries += unfinished
            yield from ended.items()
            continue
        if deadlines.pop(call, None) is None:
            continue  # it was given up, and ended later
        if isinstance(outcome, BaseException):
            raise outcome
        yield call, outcome


def _seconds_left(deadlines: dict[Call, float]) -> float:
    return min(MAX_WAIT, max(0.0, min(deadlines.values()) - time.monotonic()))


def _give_up_late(
    executor: Executor, deadlines: dict[Call, float]
) -> tuple[dict[Call, Outcome], list[Call]]:
    now = time.monotonic()
    late = [call for call, deadline in deadlines.items() if deadline <= now]
    if not late:
        return {}, []
    ended, unfinished = executor.give_up(late, tuple(deadlines))
    deadlines |= dict.fromkeys(late, now + RECHECK_INTERVAL)
    for call in (*ended, *unfinished):
        del deadlines[call]
    return ended, unfinished
