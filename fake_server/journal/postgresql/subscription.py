"""A connection that hears one channel of PostgreSQL, and is made again after it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from fake_server.journal.base import JournalUnavailable
from fake_server.journal.postgresql.database import Database
from fake_server.journal.postgresql.errors import FAILURES, sentence

#: Seconds between two attempts to connect again.
RETRY = 0.5


class Subscription:
    """One connection in the event loop of the database; its methods are called there.

    Args:
        database: The database.
        channel: The channel of LISTEN.
        heard: Called with the text of each notification.
        opened: Awaited with each new connection, once it listens.
    """

    def __init__(
        self,
        database: Database,
        channel: str,
        heard: Callable[[str], None],
        opened: Callable[[Any], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._channel = channel
        self._heard = heard
        self._opened = opened
        self._closed = False
        self._connection: Any = None
        self._reason = "the connection is not made yet"

    async def open(self) -> None:
        """Listen from now on; every notification after this call is heard.

        Raises:
            JournalUnavailable: There is no connection; the message gives the reason.
        """
        try:
            connection = await self._database.connect()
        except JournalUnavailable as error:
            self._reason = str(error)
            raise
        try:
            connection.add_termination_listener(self._on_lost)
            await connection.add_listener(self._channel, self._on_notification)
            if self._opened is not None:
                await self._opened(connection)
            if connection.is_closed():  # `_on_lost` was called before this connection was in use
                raise asyncpg.InterfaceError
        except FAILURES as error:
            connection.terminate()
            self._reason = sentence(error)
            raise JournalUnavailable(self._reason) from None
        self._connection = connection
        if self._closed:  # `close` was called meanwhile
            connection.terminate()

    async def keep_open(self) -> None:
        """Try `open` until it succeeds."""
        while not self._closed:
            with suppress(JournalUnavailable):
                await self.open()
                return
            await asyncio.sleep(RETRY)

    @property
    def connection(self) -> Any:
        """The connection.

        Raises:
            JournalUnavailable: It is lost and not made again yet; the message gives the reason.
        """
        if self._connection is None:
            raise JournalUnavailable(self._reason)
        return self._connection

    def close(self) -> None:
        """Close the connection, and make no other."""
        self._closed = True
        if self._connection is not None:
            self._connection.terminate()

    def _on_notification(self, *arguments: Any) -> None:
        self._heard(arguments[-1])

    def _on_lost(self, connection: Any) -> None:
        if connection is not self._connection or self._closed:
            return  # `open` reports the loss of a connection that it has not finished
        self._connection = None
        self._reason = "the connection was lost"
        if not self._database.loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._open_again(), self._database.loop)

    async def _open_again(self) -> None:
        await asyncio.sleep(RETRY)
        await self.keep_open()
