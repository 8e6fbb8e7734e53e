"""Connections to one PostgreSQL database, and a thread for callers without an event loop.

Runs use connections in the event loop that serves them. The control API, tests and the judge are
synchronous; their queries run in the event loop of a thread of this module.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError as FutureCancelledError
from typing import Any, TypeVar

import asyncpg

from aleph_contract.errors import AlephContractError, ArgumentError
from fake_server.journal.base import JournalUnavailable
from fake_server.journal.listeners import Listeners
from fake_server.journal.postgresql.errors import FAILURES, sentence
from fake_server.journal.postgresql.schema import SCHEMA, prepare
from fake_server.journal.postgresql.url import check_url, without_password

T = TypeVar("T")

#: `synchronous_commit` for each durability.
DURABILITIES: dict[str, str] = {"sync": "on", "async": "off"}

#: Seconds for a new connection, and for one statement.
CONNECT_TIMEOUT, STATEMENT_TIMEOUT = 5.0, 10.0

#: Milliseconds after which the server ends a transaction of a replica that stopped within it, so
#: that it does not hold the rows of its accounts.
_IDLE_IN_TRANSACTION = "10000"

#: Connections of the thread.
_POOL_SIZE = 4

#: Seconds by which a clock may differ from that of the database without a correction.
CLOCK_TOLERANCE = 0.25

LOGGER = logging.getLogger("fake_server.database")
LOGGER.setLevel(logging.WARNING)


class Database:
    """One database; it is checked and its tables are prepared when this is made.

    Args:
        url: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, as libpq reads it.
        durability: `sync`: a commit is on disk before the response is sent. `async`: a commit
            survives the replica, but a crash of PostgreSQL may lose those of its last 0.6 s.

    Raises:
        ArgumentError: The database cannot be used; the message gives the reason.
    """

    def __init__(self, url: str, durability: str = "sync") -> None:
        if durability not in DURABILITIES:
            raise ArgumentError(f"durability is {' or '.join(DURABILITIES)}, not {durability!r}")
        self.name = without_password(url)
        self._url = url
        self._settings = {
            "application_name": "aleph-contract",
            "search_path": SCHEMA,
            "synchronous_commit": DURABILITIES[durability],
            "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION,
        }
        #: Called with the exchanges that this fake stores, once they are committed.
        self.own = Listeners()
        #: Seconds to add to the clock of this machine to get that of the database.
        self.clock_offset = 0.0
        self.loop = asyncio.new_event_loop()
        self._pool: Any = None
        self._thread = threading.Thread(target=self.loop.run_forever, name="database", daemon=True)
        self._thread.start()
        try:
            self.fingerprint_key: bytes = self.call(self._prepare())
        except (ArgumentError, JournalUnavailable, ValueError) as error:
            self.close()
            raise ArgumentError(f"journal {self.name}: {_reason(error)}") from None

    async def connect(self) -> Any:
        """A new connection, in the running event loop.

        Raises:
            JournalUnavailable: There is none; the message gives the reason.
        """
        try:
            return await asyncpg.connect(
                self._url,
                timeout=CONNECT_TIMEOUT,
                command_timeout=STATEMENT_TIMEOUT,
                server_settings=self._settings,
            )
        except FAILURES as error:
            raise JournalUnavailable(sentence(error)) from None

    def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Call `work` with a connection in the thread of this database, and wait for its result.

        Raises:
            JournalUnavailable: The database cannot be reached, or refuses.
        """
        return self.call(self.pooled(work))

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the thread of this database, and wait for its result."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self.loop).result()
        except FutureCancelledError:
            raise JournalUnavailable("the fake is stopping") from None

    async def read_clock(self, connection: Any) -> None:
        """Compare the clock of this machine with that of the database; log a difference."""
        before = time.time()
        there = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
        offset = there - (before + time.time()) / 2
        offset = offset if abs(offset) > CLOCK_TOLERANCE else 0.0
        if abs(offset - self.clock_offset) > CLOCK_TOLERANCE:
            LOGGER.warning(
                "journal %s: the clock of this machine is %.2f s %s that of the database; times in "
                "the journal are those of the database",
                self.name,
                abs(offset),
                "behind" if offset > 0 else "ahead of",
            )
        self.clock_offset = offset

    def close(self) -> None:
        """Close the connections of the thread, and end it."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(STATEMENT_TIMEOUT)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
            self.loop.close()

    async def _prepare(self) -> bytes:
        check_url(self._url)
        connection = await self.connect()
        try:
            key = await prepare(connection)
            await self.read_clock(connection)
        except FAILURES as error:
            raise JournalUnavailable(sentence(error)) from None
        finally:
            await connection.close(timeout=1)
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=_POOL_SIZE,
            timeout=CONNECT_TIMEOUT,
            command_timeout=STATEMENT_TIMEOUT,
            server_settings=self._settings,
        )
        return key

    async def pooled(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """See `run`; for coroutines in the thread of this database."""
        try:
            async with self._pool.acquire(timeout=CONNECT_TIMEOUT) as connection:
                return await work(connection)
        except FAILURES as error:
            raise JournalUnavailable(f"journal {self.name}: {sentence(error)}") from None

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._pool is not None:
            self._pool.terminate()
            await asyncio.sleep(0)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, AlephContractError) else sentence(error)
