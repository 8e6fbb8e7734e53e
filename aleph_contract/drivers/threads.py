"""Calls on threads, one thread a call, so that none can hold up another."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable, Sequence
from threading import Thread

from aleph_contract.core.exchange import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.in_flight import Report


class Threads:
    """A crew of daemon threads.

    Args:
        work: What a call is; what it raises ends the run.
        overdue: The outcome of a call that outlives its timeout. Python cannot kill the thread,
            so it is left to itself. Without it, `work` sees to the timeout.
    """

    def __init__(
        self, work: Callable[[Call], Outcome], overdue: Callable[[Call], Outcome] | None = None
    ) -> None:
        self._work = work
        self._overdue = overdue
        self._threads: dict[Call, Thread] = {}

    def launch(self, call: Call, report: Report) -> float:
        """See `Crew.launch`."""

        def body() -> None:
            try:
                report((call, self._work(call)))
            except BaseException as error:  # noqa: BLE001 - raised again where it can be handled
                report((call, error))
            self._threads.pop(call, None)

        thread = Thread(target=body, name=f"case {call.case}", daemon=True)
        self._threads[call] = thread
        thread.start()
        return time.monotonic() + call.timeout if self._overdue else math.inf

    def give_up(
        self,
        late: Sequence[Call],
        flying: Sequence[Call],  # noqa: ARG002 - nobody suffers for another
    ) -> tuple[dict[Call, Outcome], list[Call]]:
        """See `Crew.give_up`."""
        for call in late:
            if thread := self._threads.pop(call, None):
                ask_to_end(thread)
        return {call: self._overdue(call) for call in late if self._overdue}, []


def ask_to_end(thread: Thread) -> None:
    """Raise `SystemExit` in `thread` at its next instruction: that ends a busy loop at least."""
    ident = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
