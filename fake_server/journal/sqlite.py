"""The journal that keeps every exchange in an SQLite file.

An exchange is committed before the last byte of its response is sent. So a fake that is killed at
any moment has lost no exchange whose response a client has read: in WAL mode a commit has been
written to the file, and the kernel keeps it when the process dies. One thread writes; all exchanges
that arrive during a commit share the next transaction, which bounds the number of commits under
load. Other processes, such as the `sqlite3` tool, may read the file at the same time.

The state of the accounts (tokens, bill, steps) is stored in the transactions of their exchanges.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from dataclasses import MISSING, fields, replace
from decimal import Decimal
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import EVERYTHING, AccountStore, Filter, Tally
from fake_server.journal.listeners import Listeners, PendingExchange, built
from fake_server.journal.sqlite_file import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    lock_file,
    open_file,
    stamps,
)
from fake_server.journal.sqlite_starts import BODIES, BodyStarts, listed_columns

_COLUMNS = tuple(field.name for field in fields(Exchange))
_NAMES = ", ".join(_COLUMNS)
_LISTED_NAMES = listed_columns(_COLUMNS)
_PLACEHOLDERS = ", ".join("?" * len(_COLUMNS))
_INSERT = f"INSERT INTO exchange ({_NAMES}) VALUES ({_PLACEHOLDERS})"  # noqa: S608 - constants only
_COUNT = "SELECT count(*) FROM exchange WHERE account = ?"
_ACCOUNTS = "SELECT account FROM exchange GROUP BY account ORDER BY max(received_at)"
_CLEAR = "DELETE FROM exchange WHERE account = ?"
_SET_NUMBER = "INSERT OR REPLACE INTO numbering VALUES (?, ?)"
_STATES = "SELECT id, state FROM account"
_SET_STATE = "INSERT OR REPLACE INTO account VALUES (?, ?)"
_REMOVE_STATE = "DELETE FROM account WHERE id = ?"
_FIELDS_OF_TABLE = "PRAGMA table_info(exchange)"
_NUMBERS = """
SELECT account, max(number) FROM (
    SELECT account, max(number) AS number FROM exchange GROUP BY account
    UNION ALL SELECT account, number FROM numbering
) GROUP BY account"""

#: Of the newest exchanges that fulfil a condition, oldest first.
_OLDEST = """
SELECT * FROM (
    SELECT {names} FROM exchange WHERE {condition} ORDER BY {order} DESC LIMIT :limit
) ORDER BY {order}"""
_NEWEST = "SELECT {names} FROM exchange WHERE {condition} ORDER BY rowid DESC"

#: The SQL condition for all accounts, and for one.
_WHOSE = {True: "TRUE", False: "account = :account"}
_AND = " AND "

#: The SQL condition of each field of a `Filter` that is set.
_CONDITIONS = {
    "outcome": "outcome = :outcome",
    "status": "status = :status",
    "fault": "fault = :fault",
    "text": "(instr(CAST(target AS BLOB), :text) OR instr(request_body, :text)"
    " OR instr(response_body, :text))",
    "since": "number > :since",
    "before": "number < :before",
}

#: Conversions of fields that SQLite has no type for.
_WRITE: dict[str, Callable[[Any], Any]] = {
    "request_headers": json.dumps,
    "response_headers": json.dumps,
    "billed_seconds": lambda seconds: None if seconds is None else str(seconds),
    "cost": str,
}
_READ: dict[str, Callable[[Any], Any]] = {
    "request_headers": lambda text: tuple(map(tuple, json.loads(text))),
    "request_complete": bool,
    "response_headers": lambda text: tuple(map(tuple, json.loads(text))),
    "billed": bool,
    "billed_seconds": lambda text: None if text is None else Decimal(text),
    "cost": Decimal,
    "token_leaked": bool,
}

#: A change that the writer thread applies; listeners are called with the exchange it returns.
Change = Callable[[sqlite3.Connection], Exchange | None]


class SQLiteJournal(AccountStore):
    """A journal in a file that never drops an exchange; see `fake_server.journal.base.Journal`.

    Args:
        path: The file; created if it does not exist, continued if it does.

    Raises:
        ArgumentError: The file is not writable, is not a journal, or another fake writes to it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        with contextlib.ExitStack() as held:
            try:
                self._connection = held.enter_context(contextlib.closing(open_file(self.path)))
                held.enter_context(lock_file(self.path))
            except (sqlite3.Error, OSError) as error:
                raise ArgumentError(f"journal {self.path}: {error}") from None
            self._arrived: dict[str, int] = dict(self._connection.execute(_NUMBERS).fetchall())
            self._held = held.pop_all()
        self._lock = threading.Lock()
        self._starts = BodyStarts()
        self._listeners = Listeners()
        self.listen = self._listeners.add
        self.watch = self._listeners.watch
        self._queue: SimpleQueue[tuple[Change, Future[None]] | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._writer.start()

    def arrive(self, account: str) -> int:
        """See `Journal`."""
        with self._lock:
            number = self._arrived[account] = self._arrived.get(account, 0) + 1
        return number

    def append(
        self,
        account: str,  # noqa: ARG002 - the record holds it too, and the number
        number: int,  # noqa: ARG002
        record: PendingExchange,
        size: int,  # noqa: ARG002 - a file is not bounded
    ) -> Awaitable[None] | None:
        """See `Journal`; outside an event loop it blocks until the exchange is committed."""

        def insert(connection: sqlite3.Connection) -> Exchange:
            exchange = built(record)
            connection.execute(_INSERT, _row(exchange))
            self._starts.add(exchange)
            return exchange

        committed = self._put(insert)
        try:
            return asyncio.wrap_future(committed, loop=asyncio.get_running_loop())
        except RuntimeError:
            return committed.result()

    def read(
        self, account: str | None, where: Filter = EVERYTHING, *, whole: bool = True
    ) -> Iterator[Exchange]:
        """See `Journal`."""
        query, values = _query(account, where, whole=whole)
        yield from self._found(query, values)

    def exchanges(self, account: str | None, where: Filter = EVERYTHING) -> tuple[Exchange, ...]:
        """See `Journal`."""
        return tuple(self.read(account, where))

    def newest(self, account: str | None, *, whole: bool = True) -> Iterator[Exchange]:
        """See `Journal`."""
        names = _NAMES if whole else _LISTED_NAMES
        query = _NEWEST.format(names=names, condition=_WHOSE[account is None])
        yield from self._found(query, {"account": account})

    def _found(self, query: str, values: dict[str, Any]) -> Iterator[Exchange]:
        """The exchanges of a query; a body that it leaves out is a `BodyStart`."""
        with self._reading() as connection:
            for row in connection.execute(query, values):
                exchange = _exchange(row)
                starts: dict[str, Any] = {
                    name: self._starts.of(exchange.account, exchange.number, name, connection)
                    for name in BODIES
                    if getattr(exchange, name) is None
                }
                yield replace(exchange, **starts) if starts else exchange

    def tally(self, account: str) -> Tally:
        """See `Journal`."""
        with self._reading() as connection:
            return Tally(*connection.execute(_COUNT, (account,)).fetchone())

    def accounts(self) -> tuple[str, ...]:
        """See `Journal`."""
        with self._reading() as connection:
            return tuple(account for (account,) in connection.execute(_ACCOUNTS))

    def clear(self, account: str) -> None:
        """See `Journal`."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute(_CLEAR, (account,))
            last = (account, self._arrived.get(account, 0))
            connection.execute(_SET_NUMBER, last)

        self._put(delete).result()

    def saved_states(self) -> dict[str, str]:
        """See `AccountStore`."""
        with self._reading() as connection:
            return dict(connection.execute(_STATES).fetchall())

    def save_state(self, account: str, state: str | None) -> None:
        """See `AccountStore`."""
        self._put(lambda connection: _save_state(connection, account, state)).result()

    def close(self) -> None:
        """Commit pending changes and close the file."""
        self._queue.put(None)
        self._writer.join()
        self._held.close()

    def _put(self, change: Change) -> Future[None]:
        future: Future[None] = Future()
        self._queue.put((change, future))
        return future

    def _write(self) -> None:
        running = True
        while running:
            batch = [self._queue.get()]
            with contextlib.suppress(Empty):
                while True:
                    batch.append(self._queue.get_nowait())
            running = None not in batch
            self._commit([work for work in batch if work is not None])

    def _commit(self, batch: list[tuple[Change, Future[None]]]) -> None:
        failure: Exception | None = None
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                changed = [change(self._connection) for change, _ in batch]
                self._save_states({exchange.account for exchange in changed if exchange})
            for exchange in filter(None, changed):
                self._listeners.tell(exchange)
        except Exception as error:  # noqa: BLE001 - raised again by the futures
            failure = error
        for _, future in batch:
            with contextlib.suppress(InvalidStateError):  # the waiting task was cancelled
                future.set_exception(failure) if failure else future.set_result(None)

    def _save_states(self, accounts: set[str]) -> None:
        """Store the state of the accounts whose exchanges are stored in the same transaction."""
        if self.state_of is None:
            return
        for account in accounts:
            if (state := self.state_of(account)) is not None:
                _save_state(self._connection, account, state)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Open a read-only connection for one reader; it blocks neither writer nor readers."""
        uri = f"{self.path.as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as reader:
            yield reader


def read_file(path: str | os.PathLike[str]) -> Iterator[Exchange]:
    """The exchanges of a journal file, one account after the other; the file is not changed.

    A field that an older version of the tables lacks has its default.

    Raises:
        sqlite3.Error: The file is not a journal, is that of a later version, or is damaged.
    """
    uri = f"{Path(path).absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        application, version = stamps(connection)
        if application != APPLICATION_ID:
            raise sqlite3.DatabaseError("the file belongs to another program")
        if version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError(
                f"its tables have version {version}; this program reads 1 to {SCHEMA_VERSION}"
            )
        columns = {name for _, name, *_ in connection.execute(_FIELDS_OF_TABLE)}
        names = [name if name in columns else _absent(name) for name in _COLUMNS]
        query = f"SELECT {', '.join(names)} FROM exchange ORDER BY account, number"  # noqa: S608 - constants only
        yield from map(_exchange, connection.execute(query))


def _absent(column: str) -> str:
    """SQL for the default of a field that the table lacks."""
    default = next(field.default for field in fields(Exchange) if field.name == column)
    if default is MISSING:
        raise sqlite3.DatabaseError(f"the table of exchanges has no column {column}")
    if default is None:
        return "NULL"
    return str(float(default)) if isinstance(default, (bool, float)) else f"'{default}'"


def _save_state(connection: sqlite3.Connection, account: str, state: str | None) -> None:
    if state is None:
        connection.execute(_REMOVE_STATE, (account,))
    else:
        connection.execute(_SET_STATE, (account, state))


def _query(account: str | None, where: Filter, *, whole: bool) -> tuple[str, dict[str, Any]]:
    values = {name: getattr(where, name) for name in (*_CONDITIONS, "limit")}
    conditions = [sql for name, sql in _CONDITIONS.items() if values[name] is not None]
    order = "received_at" if account is None else "number"
    values["account"] = account
    values["limit"] = -1 if where.limit is None else where.limit  # SQLite: -1 is no limit
    values["text"] = None if where.text is None else where.text.encode("utf-8", "surrogatepass")
    names = _NAMES if whole else _LISTED_NAMES
    condition = _AND.join([_WHOSE[account is None], *conditions])
    return _OLDEST.format(names=names, condition=condition, order=order), values


def _row(exchange: Exchange) -> list[Any]:
    row = {name: getattr(exchange, name) for name in _COLUMNS}
    return [_WRITE[name](value) if name in _WRITE else value for name, value in row.items()]


def _exchange(row: tuple[Any, ...]) -> Exchange:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Exchange(**values | {name: read(values[name]) for name, read in _READ.items()})
