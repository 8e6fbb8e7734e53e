"""Calls on one event loop in a thread of its own, as an async client runs in earnest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

from aleph_contract.core.exchange import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.in_flight import Report
from aleph_contract.drivers.threads import ask_to_end

#: Seconds that the loop may be late in reporting a late call before it counts as blocked.
BLOCKED = 2.0

#: Seconds that tasks have to end when they are cancelled.
GRACE = 1.0


class LoopThread:
    """An event loop that runs until it is ended."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._ending = False
        self._thread = Thread(target=self._run, name="event loop of the client", daemon=True)
        self._thread.start()

    def end(self, *, blocked: bool = False) -> None:
        """Cancel what runs and stop; a blocked loop is left to end when it can."""
        self._ending = True
        if blocked:
            ask_to_end(self._thread)
        with suppress(RuntimeError):  # it is closed already
            self.loop.call_soon_threadsafe(self.loop.stop)
        if not blocked:
            self._thread.join(2 * GRACE)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._ending:
            with suppress(BaseException):  # a task's SystemExit stops a loop; the others go on
                self.loop.run_forever()
        with suppress(BaseException):
            self._wind_up()

    def _wind_up(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks, timeout=GRACE))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class Loop:
    """A crew on an event loop.

    Args:
        work: What a call is.
        overdue: The outcome of a call that outlives its timeout; its task is cancelled.
        blocking: The outcome of a call that keeps the loop from running anything else. That loop
            is left behind and the calls beside it are made again on a new one.
    """

    def __init__(
        self,
        work: Callable[[Call], Awaitable[Outcome]],
        overdue: Callable[[Call], Outcome],
        blocking: Callable[[Call], Outcome],
    ) -> None:
        self._work = work
        self._overdue = overdue
        self._blocking = blocking
        self._thread = LoopThread()
        self._tasks: dict[asyncio.Future[Any], Call] = {}

    def launch(self, call: Call, report: Report) -> float:
        """See `Crew.launch`."""
        asyncio.run_coroutine_threadsafe(self._bounded(call, report), self._thread.loop)
        return time.monotonic() + call.timeout + BLOCKED

    def give_up(
        self, late: Sequence[Call], flying: Sequence[Call]
    ) -> tuple[dict[Call, Outcome], list[Call]]:
        """See `Crew.give_up`: the loop did not report a late call, so something blocks it."""
        current = asyncio.current_task(self._thread.loop)
        culprit = self._tasks.get(current, late[0]) if current else late[0]
        if culprit not in late:
            return {}, []  # it blocks the loop, but has time left
        self._thread.end(blocked=True)
        self._thread = LoopThread()
        self._tasks = {}
        return {culprit: self._blocking(culprit)}, [call for call in flying if call != culprit]

    def end(self) -> None:
        """End the loop and everything on it."""
        self._thread.end()

    async def _bounded(self, call: Call, report: Report) -> None:
        tasks = self._tasks
        task = asyncio.ensure_future(self._work(call))
        tasks[task] = call
        done, _ = await asyncio.wait({task}, timeout=call.timeout)
        del tasks[task]
        if done:
            report((call, task.result()))
        else:
            task.cancel()  # and no wait: a client may refuse
            report((call, self._overdue(call)))
