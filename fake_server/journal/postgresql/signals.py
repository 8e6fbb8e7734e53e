"""Requests that one replica sends to the others, and the check whether the database can be used.

Both use one connection per replica, which listens all the time.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

from fake_server.journal.base import JournalUnavailable
from fake_server.journal.postgresql.database import CONNECT_TIMEOUT, LOGGER, Database
from fake_server.journal.postgresql.errors import FAILURES, READ_ONLY, sentence
from fake_server.journal.postgresql.subscription import Subscription

#: The channel of the accounts whose waiting connections every replica closes.
CHANNEL = "aleph_contract_hang_up"

#: Seconds that the check waits for the database: the default time limit of a Kubernetes probe is 1.
CHECK_TIMEOUT = 0.8


class Signals:
    """See the module.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._id = secrets.token_hex(8)
        self._subscription = Subscription(database, CHANNEL, self._on_hang_up)
        #: Called with the id of an account whose waiting connections another replica asks to close,
        #: in the thread of the database.
        self.on_hang_up: Callable[[str], None] | None = None

    def start(self) -> None:
        """Listen until `close`; return once the connection is made, or cannot be made now."""
        opening = self._subscription.keep_open()
        opened = asyncio.run_coroutine_threadsafe(opening, self._database.loop)
        wait([opened], CONNECT_TIMEOUT)

    def close(self) -> None:
        """Stop listening."""
        self._database.loop.call_soon_threadsafe(self._subscription.close)

    def send_hang_up(self, account: str) -> None:
        """Ask the other replicas to close the waiting connections of an account; returns at once.

        This replica does not hear its own request, which would come later: it would close
        connections that are made meanwhile.
        """
        asyncio.run_coroutine_threadsafe(self._send(account), self._database.loop)

    async def check(self) -> None:
        """Return if runs can be stored now; call it in any event loop.

        Raises:
            JournalUnavailable: They cannot; the message gives the reason.
        """
        checked = asyncio.run_coroutine_threadsafe(self._check(), self._database.loop)
        try:
            await asyncio.wrap_future(checked)
        except JournalUnavailable as error:
            raise JournalUnavailable(f"journal {self._database.name}: {error}") from None

    async def _check(self) -> None:
        async with self._lock:  # a connection runs one query at a time
            connection = self._subscription.connection
            try:
                answer = await connection.fetchval(
                    "SELECT current_setting('transaction_read_only')", timeout=CHECK_TIMEOUT
                )
            except FAILURES as error:
                connection.terminate()
                raise JournalUnavailable(sentence(error)) from None
        if answer == "on":
            raise JournalUnavailable(READ_ONLY)

    def _on_hang_up(self, text: str) -> None:
        sender, _, account = text.partition(" ")
        if sender != self._id and self.on_hang_up is not None:
            self.on_hang_up(account)

    async def _send(self, account: str) -> None:
        async def notify(connection: Any) -> None:
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, f"{self._id} {account}")

        try:
            await self._database.pooled(notify)
        except JournalUnavailable as error:
            LOGGER.warning("%s; other fakes keep the connections that wait", error)
