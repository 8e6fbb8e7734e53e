"""Handle items in groups: those that arrive while a group is handled form the next one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fake_server.journal.base import JournalUnavailable
from fake_server.journal.postgresql.database import LOGGER, Database
from fake_server.journal.postgresql.errors import FAILURES, sentence

#: Seconds after a failed connection during which no other is tried.
RETRY = 0.25


class Groups:
    """A queue whose items one task handles, group by group.

    Args:
        handle: Handles a group; returns for each item its result, or the exception to raise.
        size: The size of an item in bytes.
        max_items: Bound on the items of a group.
        max_bytes: Bound on the bytes of a group; one item may be larger.
    """

    def __init__(
        self,
        handle: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]],
        size: Callable[[Any], int],
        *,
        max_items: int = 100,
        max_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        self._handle = handle
        self._size = size
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._queue: deque[tuple[Any, asyncio.Future[Any]]] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, item: Any) -> asyncio.Future[Any]:
        """Queue an item; the future has its result, or raises its exception."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._queue.append((item, future))
        if self._task is None:
            self._task = loop.create_task(self._work())
        return future

    async def end(self) -> None:
        """Wait until the queue is empty."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        try:
            while self._queue:
                group = self._next()
                try:
                    results = await self._handle([item for item, _ in group])
                except JournalUnavailable as error:
                    results = [error] * len(group)
                except Exception:  # noqa: BLE001 - an error of ours; it is logged, and no run is lost
                    LOGGER.exception("internal error while runs were stored")
                    results = [JournalUnavailable("internal error")] * len(group)
                for (_, future), result in zip(group, results, strict=True):
                    _set(future, result)
        finally:
            self._task = None

    def _next(self) -> list[tuple[Any, asyncio.Future[Any]]]:
        group = [self._queue.popleft()]
        size = self._size(group[0][0])
        while self._queue and len(group) < self._max_items:
            size += self._size(self._queue[0][0])
            if size > self._max_bytes:
                break
            group.append(self._queue.popleft())
        return group


def _set(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():  # the waiting task was cancelled
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)


class Link:
    """A connection that is made when it is needed, and again after it was lost.

    Args:
        database: The database.
        prepare: Called with each new connection.
    """

    def __init__(
        self, database: Database, prepare: Callable[[Any], Awaitable[None]] | None = None
    ) -> None:
        self._database = database
        self._prepare = prepare
        self._connection: Any = None
        self._retry_at = 0.0
        self._reason = ""

    async def connection(self) -> Any:
        """The connection.

        Raises:
            JournalUnavailable: There is none, and a new one was tried now or `RETRY` seconds ago.
        """
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        if time.monotonic() < self._retry_at:
            raise JournalUnavailable(self._reason)
        try:
            self._connection = await self._database.connect()
            if self._prepare is not None:
                await self._prepare(self._connection)
        except (JournalUnavailable, *FAILURES) as error:
            self.drop()
            self._retry_at = time.monotonic() + RETRY
            self._reason = str(error) if isinstance(error, JournalUnavailable) else sentence(error)
            raise JournalUnavailable(self._reason) from None
        if self._reason:
            LOGGER.warning("journal %s: connected again", self._database.name)
            self._reason = ""
        return self._connection

    def drop(self) -> None:
        """Close a connection whose state is unknown."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is None:
            return
        try:
            await self._connection.close(timeout=1)
        except FAILURES:  # the database is gone
            self._connection.terminate()
        self._connection = None
