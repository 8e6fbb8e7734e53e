"""The fastest adapter: a Python callable in this process, sync or async."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import platform
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any, Literal

from aleph_contract.core.exchange import Outcome
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
from aleph_contract.drivers.event_loop import Loop, LoopThread
from aleph_contract.drivers.in_flight import Executor, run_windowed
from aleph_contract.drivers.threads import Threads

Kind = Literal["result", "error", "stuck", "crashed"]

#: Calls in flight: threads for a sync callable, tasks on one event loop for an async one.
SYNC_WINDOW = 4
ASYNC_WINDOW = 16


class PythonDriver(Driver):
    """Calls `target(input, base_url=…, account_id=…, api_token=…)`.

    What it returns is a result, whatever it is; what it raises is an error. A callable that gets
    stuck cannot be killed: its thread or task is left behind, and the run goes on without it.

    Args:
        target: `MODULE:CALLABLE`, `FILE.py:CALLABLE`, or the callable itself.
        jobs: Calls in flight; `None` for `SYNC_WINDOW` or `ASYNC_WINDOW`.
    """

    def __init__(self, target: str | Callable[..., Any], *, jobs: int | None = None) -> None:
        self._target = target
        self._jobs = jobs
        self._name = target if isinstance(target, str) else _name(target)
        self.window = jobs or SYNC_WINDOW
        self.client = Client(self._name, language=f"Python {platform.python_version()}")
        self._open = ExitStack()
        self._attempts: dict[Call, _Attempt] = {}
        self._helper: LoopThread | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Import the callable and see that it can be called."""
        self._open.enter_context(capture.split_by_case())
        self._open.enter_context(_without_proxy())
        if isinstance(self._target, str):
            self._open.enter_context(importing.search_path(self._target))
            self._function = importing.load(self._target)
        else:
            self._function = importing.check(self._target, self._name)
        if _is_async(self._function):
            self.window = self._jobs or ASYNC_WINDOW
            loop = Loop(self._call_async, self._overdue, self._blocking)
            self._open.callback(loop.end)
            self._crew: Executor = loop
        else:
            self._crew = Threads(self._call_sync, self._overdue)

    def run(
        self, calls: Iterable[Call], renew: Renew = unchanged
    ) -> Iterator[tuple[Call, Outcome]]:
        """See `Driver.run`."""
        return run_windowed(self._crew, calls, self.window, renew)

    def close(self) -> None:
        """Leave the process as it was found."""
        self._open.close()

    def _call_sync(self, call: Call) -> Outcome:
        with self._attempt(call) as attempt:
            value = self._send(call)
            if inspect.isawaitable(value):  # a plain function around an async one
                value = asyncio.run_coroutine_threadsafe(_awaited(value), self._loop()).result()
            attempt.value = value
        return attempt.outcome

    async def _call_async(self, call: Call) -> Outcome:
        with self._attempt(call) as attempt:
            attempt.value = await self._send(call)
        return attempt.outcome

    def _send(self, call: Call) -> Any:
        return self._function(
            json.loads(call.json),  # a copy of its own, of plain Python types
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
        except BaseException as error:  # noqa: BLE001 - whatever a client raises is its report
            attempt.error = error
        self._attempts.pop(call, None)

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._helper is None:
                self._helper = LoopThread()
                self._open.callback(self._helper.end)
            return self._helper.loop

    def _overdue(self, call: Call) -> Outcome:
        return self._stuck(call, f"did not return within {call.timeout:g} s; left behind")

    def _blocking(self, call: Call) -> Outcome:
        return self._stuck(call, f"blocked its event loop beyond its {call.timeout:g} s")

    def _stuck(self, call: Call, reason: str) -> Outcome:
        attempt = self._attempts.pop(call, None) or _Attempt()
        return replace(attempt.ended("stuck"), reason=reason)


class _Attempt:
    """One call as it goes on."""

    def __init__(self) -> None:
        self.output = Output()
        self.value: Any = None
        self.error: BaseException | None = None
        self._began = time.monotonic()

    @property
    def outcome(self) -> Outcome:
        """What it came to: an exception is an error, an exit a crash, all else a result."""
        error = self.error
        if error is None:
            return replace(self.ended("result"), video=outcomes.video(outcomes.plain(self.value)))
        self.output.stderr.add("".join(_traceback(error)).encode("utf-8", "replace"))
        if isinstance(error, Exception):
            return replace(self.ended("error"), error=outcomes.raised_error(error))
        return replace(self.ended("crashed"), reason=f"raised {outcomes.described(error)}")

    def ended(self, kind: Kind) -> Outcome:
        """An outcome with what is known of it by now."""
        return Outcome(
            kind,
            stdout=self.output.stdout.text(),
            stderr=self.output.stderr.text(),
            elapsed=time.monotonic() - self._began,
        )


@contextmanager
def _without_proxy() -> Iterator[None]:
    """Keep calls to the fake off a proxy while the context lasts."""
    ours = processes.without_proxy()
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _traceback(error: BaseException) -> Iterable[str]:
    """The traceback from the client's own frames on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    told = traceback.TracebackException(type(error), error, frames)
    _without_columns(told)
    return told.format()


def _without_columns(told: traceback.TracebackException) -> None:
    """Take the columns out of a traceback.

    To underline them Python parses the line, which CPython 3.11 fails to do in several threads at
    once (SystemError: AST constructor recursion depth mismatch).
    """
    told.stack = traceback.StackSummary.from_list(
        [(frame.filename, frame.lineno or 0, frame.name, frame.line) for frame in told.stack]
    )
    for other in filter(None, (told.__cause__, told.__context__)):
        _without_columns(other)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def _is_async(function: Callable[..., Any]) -> bool:
    by_call = getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(by_call)


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{function.__module__}:{name}"
