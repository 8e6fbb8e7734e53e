"""Calls on threads, each on a thread of its own, so that a stuck call cannot delay another.

A thread that is free again takes the next call: starting one takes longer than most of a call.
"""

from __future__ import annotations

import ctypes
import math
import sys
import time
from collections.abc import Callable, Sequence
from contextvars import Context
from queue import SimpleQueue
from threading import Thread

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.in_flight import OnEnd


class ThreadExecutor:
    """Runs calls in daemon threads, one call at a time in each.

    Args:
        work: Makes one call; an exception ends the run.
        on_timeout: The outcome of a call that exceeds its timeout. Python cannot kill a thread,
            so the thread is abandoned. `None` if `work` enforces the timeout itself.
    """

    def __init__(
        self, work: Callable[[Call], Outcome], on_timeout: Callable[[Call], Outcome] | None = None
    ) -> None:
        self._work = work
        self._on_timeout = on_timeout
        self._busy: dict[Call, _Worker] = {}
        self._free: list[_Worker] = []

    def launch(self, call: Call, on_end: OnEnd) -> float:
        """See `Executor.launch`."""
        worker = self._free.pop() if self._free else _Worker()
        worker.name = f"case {call.case}"
        self._busy[call] = worker
        worker.tasks.put(lambda: self._run(call, on_end))
        return time.monotonic() + call.timeout if self._on_timeout else math.inf

    def give_up(
        self,
        late: Sequence[Call],
        in_flight: Sequence[Call],  # noqa: ARG002 - a stuck thread does not affect the others
    ) -> tuple[dict[Call, Outcome], list[Call]]:
        """See `Executor.give_up`."""
        for call in late:
            if worker := self._busy.pop(call, None):  # it takes no further call
                worker.tasks.put(None)
                raise_system_exit(worker)
        return {call: self._on_timeout(call) for call in late if self._on_timeout}, []

    def end(self) -> None:
        """End each thread, or let it end after its call; no call may be launched after this."""
        for worker in (*self._busy.values(), *self._free):
            worker.tasks.put(None)

    def _run(self, call: Call, on_end: OnEnd) -> None:
        try:
            outcome: Outcome | BaseException = Context().run(self._work, call)
        except BaseException as error:  # noqa: BLE001 - raised again in the iterating thread
            outcome = error
        if worker := self._busy.pop(call, None):
            self._free.append(worker)
        on_end((call, outcome))


class _Worker(Thread):
    """A thread that runs its tasks one after the other, until `None`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.start()

    def run(self) -> None:
        """See `Thread.run`."""
        while task := self.tasks.get():
            task()


def raise_system_exit(thread: Thread) -> None:
    """Raise `SystemExit` in `thread` at its next bytecode instruction; this ends a busy loop.

    Not below a tracer, such as a debugger or a coverage tool: while the exception waits for a
    blocked thread, CPython 3.11 executes no further instruction of a traced one.
    """
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return
    ident = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
