"""Calls the listeners of this replica with the exchanges that any replica stores.

A transaction that stores exchanges notifies `CHANNEL` with the account and the numbers of each. A
replica with listeners reads these exchanges and calls them, in a thread of its own: a listener may
read the journal. After a lost connection it reads the exchanges that it has missed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Any

import orjson

from aleph_contract.core.body_start import is_partial
from aleph_contract.core.exchange import Exchange
from fake_server.journal.base import JournalUnavailable
from fake_server.journal.listeners import Listeners, PendingExchange
from fake_server.journal.postgresql.database import LOGGER, Database
from fake_server.journal.postgresql.rows import LISTED_NAMES, listed_exchange_of
from fake_server.journal.postgresql.subscription import Subscription
from fake_server.journal.spool import LazyExchange

CHANNEL = "aleph_contract_exchange"

#: Exchanges that are read at most after a lost connection.
_MAX_MISSED = 1000

_NOTIFIED = f"""
SELECT {LISTED_NAMES}, position
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS u (id, first, last)
JOIN exchange e ON e.account = u.id AND e.number BETWEEN u.first AND u.last
WHERE replica IS NULL ORDER BY position"""  # noqa: S608 - constants only

_MISSED = f"""
SELECT {LISTED_NAMES}, position FROM exchange
WHERE position > $1 AND replica IS NULL ORDER BY position LIMIT $2"""  # noqa: S608

#: Account, first and last number of the exchanges that a transaction stored.
Range = tuple[str, int, int]


#: Ranges of one notification: its payload has at most 8000 bytes (NOTIFY in the manual).
_MAX_RANGES = 100


def payloads(ranges: Iterable[Range]) -> Iterator[str]:
    """The payloads of the notifications of these ranges."""
    left = iter(ranges)
    while chunk := list(islice(left, _MAX_RANGES)):
        yield orjson.dumps(chunk).decode()


class Notifications:
    """The notifications of one replica.

    Args:
        database: The database.
        listeners: Called with the exchanges.
        whole: Reads the large bodies of a listed exchange.
    """

    def __init__(
        self,
        database: Database,
        listeners: Listeners,
        whole: Callable[[Exchange], Exchange],
    ) -> None:
        self._database = database
        self._listeners = listeners
        self._whole = whole
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._arrived: SimpleQueue[str | None] = SimpleQueue()
        #: The newest exchange that the listeners have got; `None` if they have got none lately.
        self._position: int | None = None
        self._closed = False
        self._subscription = Subscription(database, CHANNEL, self._on_notification, self._on_open)

    def start(self) -> None:
        """Listen from now on; every exchange that is stored after this call is heard."""
        with self._lock:
            if self._thread is not None or self._closed:
                return
            self._database.call(self._subscription.open())
            self._thread = threading.Thread(target=self._dispatch, name="listeners", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread; the connection ends with the database."""
        with self._lock:
            self._closed = True
            self._database.loop.call_soon_threadsafe(self._subscription.close)
            if self._thread is not None:
                self._arrived.put(None)
                self._thread.join()

    async def _on_open(self, connection: Any) -> None:
        if self._position is None:
            self._position = await _newest(connection)
        if self._thread is not None:
            self._arrived.put("")

    def _on_notification(self, text: str) -> None:
        if self._listeners.called:
            self._arrived.put(text)
        else:
            self._position = None

    def _dispatch(self) -> None:
        while (given := self._arrived.get()) is not None:
            self._tell(given)

    def _tell(self, given: str) -> None:
        try:
            for row in self._database.run(partial(self._rows, given)):
                self._position = max(self._position or 0, row["position"])
                self._listeners.tell(self._record(row))
        except JournalUnavailable as error:
            LOGGER.warning("%s; listeners get the exchanges later", error)

    def _record(self, row: Any) -> PendingExchange:
        """The exchange of a row; if it has a large body, one that is read when it is needed."""
        start = listed_exchange_of(row)
        return LazyExchange(start, partial(self._whole, start)) if is_partial(start) else start

    async def _rows(self, text: str, connection: Any) -> Any:
        """The rows that a notification names; without text, those that were missed."""
        if not text:
            if self._position is None:
                self._position = await _newest(connection)
            return await connection.fetch(_MISSED, self._position, _MAX_MISSED)
        ranges = orjson.loads(text)
        return await connection.fetch(_NOTIFIED, *map(list, zip(*ranges, strict=True)))


async def _newest(connection: Any) -> int:
    """The position of the exchange that was stored last."""
    last: int = await connection.fetchval("SELECT coalesce(max(position), 0) FROM exchange")
    return last
