"""The fastest adapter: a Python callable in this process, sync or async."""

from __future__ import annotations

import asyncio
import inspect
import json
import platform
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any, Literal

from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import Client
from aleph_contract.drivers import (
    Call,
    Driver,
    Renew,
    capture,
    importing,
    outcomes,
    processes,
    unchanged,
)
from aleph_contract.drivers.capture import Output
from aleph_contract.drivers.event_loop import EventLoopExecutor, LoopThread
from aleph_contract.drivers.in_flight import Executor, OnEnd, run_windowed
from aleph_contract.drivers.main_thread import (
    CallTimeoutError,
    MainThreadExecutor,
    in_main_thread,
)
from aleph_contract.drivers.threads import ThreadExecutor
from aleph_contract.drivers.typed_results import UnreadableResultError, to_json
from aleph_contract.drivers.unrunnable import why_unrunnable

Kind = Literal["result", "error", "stuck", "crashed", "could-not-run"]

#: Calls in flight: threads for a sync callable, tasks of one event loop for an async one.
SYNC_WINDOW = 4
ASYNC_WINDOW = 16


class PythonDriver(Driver):
    """Calls `target(input, base_url=…, account_id=…, api_token=…)`.

    Every returned value is a result; every exception is an error, except one that says that the
    callable cannot run here (see `unrunnable`). A stuck callable cannot be killed: its thread or
    task is abandoned, and the run continues without it.

    Args:
        target: `MODULE:CALLABLE`, `FILE.py:CALLABLE`, or the callable itself.
        jobs: Maximum number of calls in flight; `None` for `SYNC_WINDOW` or `ASYNC_WINDOW`. With
            1, a sync callable runs in the main thread, as in its own program.
    """

    def __init__(self, target: str | Callable[..., Any], *, jobs: int | None = None) -> None:
        self._target = target
        self._jobs = jobs
        self._name = target if isinstance(target, str) else _name(target)
        self.window = jobs or SYNC_WINDOW
        self.client = Client(self._name, language=f"Python {platform.python_version()}")
        self._cleanup = ExitStack()
        self._attempts: dict[Call, _Attempt] = {}
        self._await_loop: LoopThread | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Import the callable and check its parameters."""
        self._cleanup.enter_context(capture.split_by_case())
        self._cleanup.enter_context(processes.variables_set(processes.without_proxy()))
        if isinstance(self._target, str):
            self._cleanup.enter_context(importing.search_path(self._target))
            self._function = importing.load(self._target)
        else:
            self._function = importing.check(self._target, self._name)
        if _is_async(self._function):
            self.window = self._jobs or ASYNC_WINDOW
            loop = EventLoopExecutor(self._call_async, self._timed_out, self._blocked_loop)
            self._cleanup.callback(loop.end)
            self._executor: Executor = loop
        elif self._jobs == 1 and in_main_thread():
            self._executor = MainThreadExecutor(self._call_sync, self._timed_out)
        else:
            threads = ThreadExecutor(self._call_sync, self._timed_out)
            self._cleanup.callback(threads.end)
            self._executor = threads

    def run(
        self, calls: Iterable[Call], renew: Renew = unchanged
    ) -> Iterator[tuple[Call, Outcome]]:
        """See `Driver.run`."""
        return run_windowed(self._executor, calls, self.window, renew)

    def launch(self, call: Call, on_end: OnEnd) -> None:
        """Start one call without a window and without a time limit of its own."""
        self._executor.launch(call, on_end)

    def close(self) -> None:
        """Restore `sys.stdout`, `sys.stderr`, `sys.path` and the proxy variables."""
        self._cleanup.close()

    def _call_sync(self, call: Call) -> Outcome:
        with self._attempt(call) as attempt:
            value = self._send(call)
            if inspect.isawaitable(value):  # a sync function that returns a coroutine
                value = asyncio.run_coroutine_threadsafe(_awaited(value), self._loop()).result()
            attempt.value = to_json(value)
        return attempt.outcome

    async def _call_async(self, call: Call) -> Outcome:
        with self._attempt(call) as attempt:
            attempt.value = to_json(await self._send(call))
        return attempt.outcome

    def _send(self, call: Call) -> Any:
        return self._function(
            json.loads(call.json),  # a copy that the client may change, of plain Python types
            base_url=call.base_url,
            account_id=call.account_id,
            api_token=call.api_token,
        )

    @contextmanager
    def _attempt(self, call: Call) -> Iterator[_Attempt]:
        attempt = self._attempts[call] = _Attempt()
        try:
            with capture.capture(attempt.output):
                yield attempt
        except CallTimeoutError:
            raise
        except KeyboardInterrupt:
            if in_main_thread():
                raise  # Ctrl-C ends the run, not one case
            attempt.error = KeyboardInterrupt()
        except BaseException as error:  # noqa: BLE001 - every exception is the client's report
            attempt.error = error
        self._attempts.pop(call, None)

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._await_loop is None:
                self._await_loop = LoopThread()
                self._cleanup.callback(self._await_loop.end)
            return self._await_loop.loop

    def _timed_out(self, call: Call) -> Outcome:
        return self._stuck(call, f"did not return within {call.timeout:g} s; abandoned")

    def _blocked_loop(self, call: Call) -> Outcome:
        return self._stuck(call, f"blocked the event loop for more than {call.timeout:g} s")

    def _stuck(self, call: Call, reason: str) -> Outcome:
        attempt = self._attempts.pop(call, None) or _Attempt()
        return replace(attempt.ended("stuck"), reason=reason)


class _Attempt:
    """One call in progress: its output, and its value or exception once it ended."""

    def __init__(self) -> None:
        self.output = Output()
        self.value: Any = None
        self.error: BaseException | None = None
        self._started = time.monotonic()

    @property
    def outcome(self) -> Outcome:
        """The outcome: an `Exception` is an error, `SystemExit` a crash, a value a result."""
        error = self.error
        if error is None:
            return replace(self.ended("result"), result=self.value)
        if isinstance(error, UnreadableResultError):
            return replace(self.ended("could-not-run"), reason=str(error))
        self.output.stderr.add("".join(_traceback(error)).encode("utf-8", "replace"))
        if reason := why_unrunnable(error):
            return replace(self.ended("could-not-run"), reason=reason)
        if isinstance(error, Exception):
            return replace(self.ended("error"), error=outcomes.error_from_exception(error))
        return replace(self.ended("crashed"), reason=f"raised {outcomes.describe_exception(error)}")

    def ended(self, kind: Kind) -> Outcome:
        """An outcome of this kind with the output so far."""
        return Outcome(
            kind,
            stdout=self.output.stdout.text(),
            stderr=self.output.stderr.text(),
            elapsed=time.monotonic() - self._started,
        )


def _traceback(error: BaseException) -> Iterable[str]:
    """The traceback without the frames of this module."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    formatted = traceback.TracebackException(type(error), error, frames)
    _remove_columns(formatted)
    return formatted.format()


def _remove_columns(formatted: traceback.TracebackException) -> None:
    """Remove the column numbers from a traceback.

    With them Python parses each source line in order to underline a part of it, and CPython 3.11
    fails to parse in several threads at the same time (SystemError: AST constructor recursion depth
    mismatch).
    """
    formatted.stack = traceback.StackSummary.from_list(
        [(frame.filename, frame.lineno or 0, frame.name, frame.line) for frame in formatted.stack]
    )
    for other in filter(None, (formatted.__cause__, formatted.__context__)):
        _remove_columns(other)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def _is_async(function: Callable[..., Any]) -> bool:
    by_call = getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(by_call)


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{function.__module__}:{name}"
