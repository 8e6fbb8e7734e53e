"""Calls as tasks of one event loop in its own thread, as an async client runs in production."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.in_flight import OnEnd
from aleph_contract.drivers.threads import raise_system_exit

#: Seconds after a call's deadline until the loop is asked whether it is blocked.
BLOCKED_AFTER = 1.0

#: Seconds of a last chance to answer. After a pause of the whole process, such as a virtual machine
#: that stalls, the thread that asks can run before the loop does.
LAST_CHANCE = 0.5

#: Seconds for cancelled tasks to end.
CANCEL_GRACE = 1.0


@dataclass(frozen=True)
class Probe:
    """A callback that the loop was asked to run, and the task that it was running then."""

    task: asyncio.Task[Any] | None
    answered: Event


class LoopThread:
    """An event loop that runs in a daemon thread until `end` is called."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._ending = False
        self._thread = Thread(target=self._run, name="event loop of the client", daemon=True)
        self._thread.start()

    def end(self, *, blocked: bool = False) -> None:
        """Cancel all tasks and stop the loop; do not wait for a blocked one."""
        self._ending = True
        if blocked:
            raise_system_exit(self._thread)
        with suppress(RuntimeError):  # the loop is closed already
            self.loop.call_soon_threadsafe(self.loop.stop)
        if not blocked:
            self._thread.join(2 * CANCEL_GRACE)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._ending:
            with suppress(BaseException):  # SystemExit in one task stops the loop: restart it
                self.loop.run_forever()
        with suppress(BaseException):
            self._cancel_tasks()

    def ask(self) -> Probe:
        """Ask the loop to run a callback, which a blocked loop does not do."""
        probe = Probe(asyncio.current_task(self.loop), Event())
        self.loop.call_soon_threadsafe(probe.answered.set)
        return probe

    def _cancel_tasks(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks, timeout=CANCEL_GRACE))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class EventLoopExecutor:
    """Runs each call as a task of one event loop.

    Args:
        work: Makes one call.
        on_timeout: The outcome of a call that exceeds its timeout; its task is cancelled.
        on_blocked: The outcome of a call that blocks the loop. That loop is abandoned, and the
            other calls on it are made again on a new loop.
    """

    def __init__(
        self,
        work: Callable[[Call], Awaitable[Outcome]],
        on_timeout: Callable[[Call], Outcome],
        on_blocked: Callable[[Call], Outcome],
    ) -> None:
        self._work = work
        self._on_timeout = on_timeout
        self._on_blocked = on_blocked
        self._thread = LoopThread()
        self._tasks: dict[asyncio.Future[Any], Call] = {}
        self._probe: Probe | None = None

    def launch(self, call: Call, on_end: OnEnd) -> float:
        """See `Executor.launch`."""
        asyncio.run_coroutine_threadsafe(self._run(call, on_end), self._thread.loop)
        return time.monotonic() + call.timeout + BLOCKED_AFTER

    def give_up(
        self, late: Sequence[Call], in_flight: Sequence[Call]
    ) -> tuple[dict[Call, Outcome], list[Call]]:
        """See `Executor.give_up`: a late call can mean that the loop is blocked.

        It is blocked if it ran one task, and no callback, since it was last asked. A loop that
        catches up after a task that blocked it within its time is only slow.
        """
        current = asyncio.current_task(self._thread.loop)
        probe = self._probe
        if probe is None or probe.answered.is_set() or probe.task is not current:
            self._probe = self._thread.ask()
            return {}, []
        culprit = self._tasks.get(current, late[0]) if current else late[0]
        if culprit not in late:
            return {}, []  # it blocks the loop, but has time left
        if probe.answered.wait(LAST_CHANCE):
            return {}, []
        self._thread.end(blocked=True)
        self._thread = LoopThread()
        self._tasks = {}
        self._probe = None
        return {culprit: self._on_blocked(culprit)}, [c for c in in_flight if c != culprit]

    def end(self) -> None:
        """End the loop and its tasks."""
        self._thread.end()

    async def _run(self, call: Call, on_end: OnEnd) -> None:
        tasks = self._tasks
        task = asyncio.ensure_future(self._work(call))
        tasks[task] = call
        done, _ = await asyncio.wait({task}, timeout=call.timeout)
        del tasks[task]
        if done:
            on_end((call, task.result()))
        else:
            task.cancel()  # not awaited: a client may suppress the cancellation
            on_end((call, self._on_timeout(call)))
