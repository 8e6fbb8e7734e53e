"""Calls in the main thread, one at a time, as the client's own program makes them.

Some clients work only there: Python delivers signals and runs their handlers only in the main
thread, an SQLite connection belongs to the thread that opened it, and `asyncio.get_event_loop`
finds a loop only in the main thread.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.in_flight import OnEnd

#: The signal that interrupts a blocked call. Clients use it less than SIGALRM, which
#: `signal.alarm` needs.
_INTERRUPT = signal.SIGUSR2

#: Seconds between interrupts of a call that catches them.
_REPEAT_INTERVAL = 1.0


class CallTimeoutError(BaseException):
    """The time of a call is over; a `BaseException`, so that `except Exception` lets it pass."""


def in_main_thread() -> bool:
    """Whether this is the main thread, in which signal handlers run."""
    return threading.current_thread() is threading.main_thread()


class MainThreadExecutor:
    """Runs each call at once, in the thread that asks for it.

    Args:
        work: Makes one call; raises `CallTimeoutError` when it is interrupted.
        on_timeout: The outcome of a call that was interrupted at its deadline.
    """

    def __init__(
        self, work: Callable[[Call], Outcome], on_timeout: Callable[[Call], Outcome]
    ) -> None:
        self._work = work
        self._on_timeout = on_timeout

    def launch(self, call: Call, on_end: OnEnd) -> float:
        """Make the call; see `Executor.launch`."""
        try:
            with _interrupted_after(call.timeout):
                outcome = self._work(call)
        except CallTimeoutError:
            outcome = self._on_timeout(call)
        on_end((call, outcome))
        return time.monotonic() + call.timeout

    def give_up(
        self,
        late: Sequence[Call],  # noqa: ARG002 - a call has ended when `launch` returns
        in_flight: Sequence[Call],  # noqa: ARG002
    ) -> tuple[dict[Call, Outcome], list[Call]]:
        """See `Executor.give_up`."""
        return {}, []


@contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Raise `CallTimeoutError` in this thread after `seconds`, and again until the call ends."""
    over = threading.Event()

    def interrupt(_: int, __: FrameType | None) -> None:
        if not over.is_set():
            raise CallTimeoutError

    def watch(ident: int) -> None:
        wait = seconds
        while not over.wait(wait):
            signal.pthread_kill(ident, _INTERRUPT)
            wait = _REPEAT_INTERVAL

    before = signal.signal(_INTERRUPT, interrupt)
    watcher = threading.Thread(target=watch, args=(threading.get_ident(),), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        signal.signal(_INTERRUPT, before)
