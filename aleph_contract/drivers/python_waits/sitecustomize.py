"""Make timed waits of `threading` follow the clock of libfaketime.

CPython waits for locks with `sem_clockwait`, which libfaketime (0.9.10) does not intercept: the
deadline is on the faster clock and the wait is on the slower one, so that `Event.wait(60)` lasts
minutes instead of 0.6 s. In the standard library only condition variables (`Event`, `Timer`,
`Queue`, `Future.result`) and `Thread.join` wait so. Here both poll with `time.sleep`, which
libfaketime does intercept.

Python imports this module at its start, because its folder is on PYTHONPATH. It imports nothing of
the project: it runs in the client's interpreter.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Callable

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib loads slowly
_FIRST_POLL = 0.0005  # seconds of the machine
_LONGEST_POLL = 0.005
_SPEED = float(os.environ.get("ALEPH_CONTRACT_SPEED", "1"))
_allocate_lock = threading.Lock
_join = threading.Thread.join


def _poll(holds: Callable[[], bool], timeout: float) -> bool:
    """Wait until `holds()` is true; return whether that was within `timeout` seconds."""
    until = time.monotonic() + timeout
    pause = _FIRST_POLL
    while not holds():
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, pause * _SPEED))
        pause = min(pause * 2, _LONGEST_POLL)
    return True


class PollingLock:
    """A lock whose `acquire` with a time limit polls instead of waiting."""

    def __init__(self) -> None:
        self._lock = _allocate_lock()
        self.release = self._lock.release
        self.locked = self._lock.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Acquire the lock; return whether that succeeded within `timeout` seconds."""
        if not blocking or timeout <= 0:
            return self._lock.acquire(blocking, timeout)
        return _poll(lambda: self._lock.acquire(blocking=False), timeout)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def _polling_join(thread: threading.Thread, timeout: float | None = None) -> None:
    """Replace `Thread.join`: the original never waits with a time limit."""
    if timeout is not None and thread.is_alive() and thread is not threading.current_thread():
        _poll(lambda: not thread.is_alive(), timeout)
        if thread.is_alive():
            return
    _join(thread)


def _run_shadowed() -> None:
    """Run the `sitecustomize` of the user, which this one hides."""
    others = [path for path in sys.path if os.path.abspath(path or ".") != _HERE]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def install() -> None:
    """Replace the lock of `Condition.wait`, and `Thread.join`."""
    if hasattr(threading, "_allocate_lock"):
        threading._allocate_lock = PollingLock  # noqa: SLF001 - used by Condition.wait alone
        threading.Thread.join = _polling_join  # type: ignore[method-assign, assignment]


if __name__ == "sitecustomize":  # at the start of an interpreter, not in the tests
    install()
    _run_shadowed()
