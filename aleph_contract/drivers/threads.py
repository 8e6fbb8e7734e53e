"""Calls in flight on threads, one thread a call, so that none can hold up another."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread

from aleph_contract.drivers import Call
from aleph_contract.exchange import Outcome

Done = tuple[Call, Outcome | BaseException]


def in_threads(
    work: Callable[[Call], Outcome],
    calls: Iterable[Call],
    window: int,
    overdue: Callable[[Call], Outcome] | None = None,
) -> Iterator[tuple[Call, Outcome]]:
    """Run `work` on each of `calls`, at most `window` at once, and yield each as it ends.

    With `overdue`, a call that outlives its timeout ends as what that returns, and its thread is
    left to itself: Python cannot kill a thread, but it can ask it to end at its next instruction.
    An exception that `work` raises is raised here.
    """
    done: SimpleQueue[Done] = SimpleQueue()
    flying: dict[Call, tuple[Thread, float]] = {}
    waiting = iter(calls)
    while True:
        while len(flying) < window and (call := next(waiting, None)) is not None:
            flying[call] = (_start(work, call, done), time.monotonic() + call.timeout)
        if not flying:
            return
        try:
            call, outcome = done.get(timeout=_left(flying) if overdue else None)
        except Empty:
            for call in [c for c, (_, end) in flying.items() if end <= time.monotonic()]:
                _ask_to_end(flying.pop(call)[0])
                yield call, overdue(call)  # type: ignore[misc]  # Empty comes with overdue only
            continue
        if flying.pop(call, None) is None:
            continue  # it was given up, and ended after all
        if isinstance(outcome, BaseException):
            raise outcome
        yield call, outcome


def _start(work: Callable[[Call], Outcome], call: Call, done: SimpleQueue[Done]) -> Thread:
    def body() -> None:
        try:
            done.put((call, work(call)))
        except BaseException as error:  # noqa: BLE001 - raised again where it can be handled
            done.put((call, error))

    thread = Thread(target=body, name=f"case {call.case}", daemon=True)
    thread.start()
    return thread


def _left(flying: dict[Call, tuple[Thread, float]]) -> float:
    return max(0.0, min(end for _, end in flying.values()) - time.monotonic())


def _ask_to_end(thread: Thread) -> None:
    """Raise `SystemExit` in `thread` once it runs Python code again: ends a busy loop."""
    ident = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
