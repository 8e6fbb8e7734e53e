"""Calls on threads, one thread per call, so that a stuck call cannot delay another."""

from __future__ import annotations

import ctypes
import math
import sys
import time
from collections.abc import Callable, Sequence
from threading import Thread

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.in_flight import OnEnd


class ThreadExecutor:
    """Runs each call in its own daemon thread.

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
        self._threads: dict[Call, Thread] = {}

    def launch(self, call: Call, on_end: OnEnd) -> float:
        """See `Executor.launch`."""

        def body() -> None:
            try:
                on_end((call, self._work(call)))
            except BaseException as error:  # noqa: BLE001 - raised again in the iterating thread
                on_end((call, error))
            self._threads.pop(call, None)

        thread = Thread(target=body, name=f"case {call.case}", daemon=True)
        self._threads[call] = thread
        thread.start()
        return time.monotonic() + call.timeout if self._on_timeout else math.inf

    def give_up(
        self,
        late: Sequence[Call],
        in_flight: Sequence[Call],  # noqa: ARG002 - a stuck thread does not affect the others
    ) -> tuple[dict[Call, Outcome], list[Call]]:
        """See `Executor.give_up`."""
        for call in late:
            if thread := self._threads.pop(call, None):
                raise_system_exit(thread)
        return {call: self._on_timeout(call) for call in late if self._on_timeout}, []


def raise_system_exit(thread: Thread) -> None:
    """Raise `SystemExit` in `thread` at its next bytecode instruction; this ends a busy loop.

    Not below a tracer, such as a debugger or a coverage tool: while the exception waits for a
    blocked thread, CPython 3.11 executes no further instruction of a traced one.
    """
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return
    ident = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
