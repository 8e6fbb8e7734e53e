"""The journal in PostgreSQL, which several fakes share.

This module reads it; `fake_server.state.shared` writes it, together with the accounts. Importing it
imports asyncpg.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from aleph_contract.core.body_start import BodyStart
from aleph_contract.core.exchange import Exchange
from fake_server.journal.base import EVERYTHING, Filter, SharedJournal, Tally
from fake_server.journal.listeners import Listener, Listeners, PendingExchange, Watcher
from fake_server.journal.postgresql.database import Database
from fake_server.journal.postgresql.maintenance import Maintenance
from fake_server.journal.postgresql.notifications import Notifications
from fake_server.journal.postgresql.rows import BODIES, listed_exchange_of, query
from fake_server.journal.postgresql.signals import Signals
from fake_server.journal.retention import KEEP_ALL, Keep

__all__ = ["Database", "PostgreSQLJournal"]

#: Exchanges that are read at a time.
_PAGE = 200


class PostgreSQLJournal(SharedJournal):
    """See `fake_server.journal.base.Journal`; all replicas of a database see the same exchanges.

    Args:
        url: See `Database`.
        durability: See `Database`.
        keep: Which exchanges are kept; the others are deleted.

    Raises:
        ArgumentError: The database cannot be used; the message gives the reason.
    """

    def __init__(self, url: str, *, durability: str = "sync", keep: Keep = KEEP_ALL) -> None:
        self.database = Database(url, durability)
        self._listeners = Listeners()
        self._notifications = Notifications(self.database, self._listeners, self._whole)
        self.signals = Signals(self.database)
        self.signals.start()
        self._maintenance = Maintenance(self.database, keep)
        self._maintenance.start()

    def arrive(self, account: str) -> int:
        """Refused: the number is assigned in the transaction that stores the exchange."""
        raise NotImplementedError

    def append(self, account: str, number: int, record: PendingExchange, size: int) -> None:
        """Refused: `fake_server.state.shared` stores an exchange together with its charge."""
        raise NotImplementedError

    def read(
        self, account: str | None, where: Filter = EVERYTHING, *, whole: bool = True
    ) -> Iterator[Exchange]:
        """See `Journal`."""
        if where.limit is None:
            return self._pages(account, where, newest=False, whole=whole)
        return reversed(list(self._pages(account, where, newest=True, whole=whole)))

    def exchanges(self, account: str | None, where: Filter = EVERYTHING) -> tuple[Exchange, ...]:
        """See `Journal`."""
        return tuple(self.read(account, where))

    def newest(self, account: str | None, *, whole: bool = True) -> Iterator[Exchange]:
        """See `Journal`."""
        return self._pages(account, EVERYTHING, newest=True, whole=whole)

    def tally(self, account: str) -> Tally:
        """See `Journal`."""
        sql = "SELECT total, dropped FROM account WHERE id = $1"
        found = self.database.run(lambda connection: connection.fetchrow(sql, account))
        return Tally(*found) if found else Tally()

    def accounts(self) -> tuple[str, ...]:
        """See `Journal`."""
        sql = "SELECT id FROM account WHERE total > dropped ORDER BY last_seen"
        return tuple(row[0] for row in self.database.run(lambda connection: connection.fetch(sql)))

    def clear(self, account: str) -> None:
        """See `Journal`."""

        async def delete(connection: Any) -> None:
            async with connection.transaction():
                await connection.execute(
                    "UPDATE account SET total = 0, dropped = 0 WHERE id = $1", account
                )
                await connection.execute("DELETE FROM exchange WHERE account = $1", account)

        self.database.run(delete)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """See `Journal`; it is called with the exchanges of all replicas."""
        self._notifications.start()
        return self._listeners.add(listener)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """See `Journal`; it is called with the exchanges of all replicas."""
        self._notifications.start()
        return self._listeners.watch(watcher)

    def listen_here(self, listener: Listener) -> Callable[[], None]:
        """See `SharedJournal`."""
        own: Listeners = self.database.own
        return own.add(listener)

    async def check(self) -> None:
        """See `check_ready`."""
        await self.signals.check()

    def close(self) -> None:
        """See `Journal`."""
        self._notifications.close()
        self.signals.close()
        self.database.close()

    def _pages(
        self, account: str | None, where: Filter, *, newest: bool, whole: bool
    ) -> Iterator[Exchange]:
        """The matching exchanges in order, at most `where.limit`; large bodies one at a time."""
        chosen = query(account, where)
        left, after = where.limit, None
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            sql, values = chosen.page(size, after, newest=newest)
            rows = self.database.run(lambda c, q=(sql, values): c.fetch(q[0], *q[1]))
            found = map(listed_exchange_of, rows)
            yield from map(self._whole, found) if whole else found
            if len(rows) < size:
                return
            after = [rows[-1][column] for column in chosen.key]
            left = None if left is None else left - size

    def _whole(self, exchange: Exchange) -> Exchange:
        """A listed exchange with its whole bodies; if it was deleted meanwhile, incomplete."""
        large = [name for name in BODIES if isinstance(getattr(exchange, name), BodyStart)]
        if not large:
            return exchange
        sql = f"SELECT {', '.join(large)} FROM exchange WHERE account = $1 AND number = $2"  # noqa: S608 - constants only; values are bound
        key = exchange.account, exchange.number
        row = self.database.run(lambda connection: connection.fetchrow(sql, *key))
        if row is None:
            return replace(exchange, request_complete=False)
        bodies: dict[str, Any] = dict(row)
        return replace(exchange, **bodies)
