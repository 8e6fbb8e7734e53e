"""Change accounts and store exchanges, those of many requests in one transaction.

A transaction locks the rows of its accounts in order of their ids, so that two replicas never wait
for each other, applies the changes of each request in turn, and writes the result. Two replicas
that charge one account therefore do so one after the other, and each sees what the other charged.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import asyncpg

from aleph_contract.core.exchange import Exchange
from fake_server.journal.base import JournalUnavailable
from fake_server.journal.postgresql.database import Database
from fake_server.journal.postgresql.errors import FAILURES, sentence
from fake_server.journal.postgresql.maintenance import REPLICA_LOCKS
from fake_server.journal.postgresql.notifications import CHANNEL, Range, payloads
from fake_server.journal.postgresql.rows import COLUMNS, NAMES, NUMBER, RECEIVED_AT, TYPES, row
from fake_server.state.scenarios import ScenarioStep
from fake_server.state.shared.groups import Groups, Link
from fake_server.state.shared.reader import Defaults, create
from fake_server.state.shared.snapshot import CHANGING, Snapshot
from fake_server.state.shared.steps import NextSteps, next_steps
from fake_server.state.shared.uncertain import StoredRun, correct

_LOCK = "SELECT * FROM account WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"

_ENDED = """
SELECT e.account, e.number FROM unnest($1::text[], $2::bigint[]) AS u (account, number)
JOIN exchange e USING (account, number) WHERE e.replica IS NULL"""

_ACCOUNT_TYPES = {"id": "TEXT", **CHANGING}
_EXCHANGE_TYPES = {**TYPES, "replica": "INTEGER"}


def _unnest(types: dict[str, str], first: int) -> str:
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types.values(), first))
    return f"unnest({arrays}) AS u ({', '.join(types)})"


#: One statement, so that a transaction has few round trips.
_WRITE = f"""
WITH changed AS (
    UPDATE account a SET {", ".join(f"{name} = u.{name}" for name in CHANGING)}
    FROM {_unnest(_ACCOUNT_TYPES, 3)} WHERE a.id = u.id
), stored AS (
    INSERT INTO exchange ({NAMES}, replica)
    SELECT * FROM {_unnest(_EXCHANGE_TYPES, 3 + len(_ACCOUNT_TYPES))}
    ON CONFLICT (account, number) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in [*COLUMNS[2:], "replica"])}
)
SELECT pg_notify($1, told) FROM unnest($2::text[]) AS told"""  # noqa: S608 - constants only; values are bound


class Changes:
    """The accounts of one transaction, and the exchanges that it stores.

    Args:
        accounts: The locked accounts.
        steps: The next steps of the accounts that take one.
        ended: Account and number of the exchanges that another replica has ended.
        offset: Seconds to add to times.
        replica: The number of this replica.
    """

    def __init__(
        self,
        accounts: dict[str, Snapshot],
        steps: NextSteps,
        ended: set[tuple[str, int]],
        offset: float,
        replica: int,
    ) -> None:
        self.accounts = accounts
        self.steps = steps
        self._ended = ended
        self._offset = offset
        self._replica = replica
        self._rows: list[list[Any]] = []
        #: The exchanges that become visible, with their numbers.
        self.shown: list[tuple[Exchange, int]] = []
        #: The exchanges that are stored.
        self.stored: list[StoredRun] = []
        self._ranges: list[Range] = []

    def store(self, account: Snapshot, exchange: Exchange, *, open_: bool) -> int:
        """Store a new exchange; with `open_` it is not visible yet. Returns its number."""
        account.last_number += 1
        self._put(account, account.last_number, exchange, self._replica if open_ else None)
        if not open_:
            self._show(account, account.last_number, exchange)
        return account.last_number

    def end(self, account: Snapshot, number: int, exchange: Exchange) -> None:
        """Store the rest of an open exchange, which is visible from now on."""
        self._put(account, number, exchange, None)
        if (account.id, number) not in self._ended:
            self._show(account, number, exchange)

    async def write(self, connection: Any) -> None:
        """Write everything."""
        await self.steps.write(connection)
        accounts = [(account.id, *account.state()) for account in self.accounts.values()]
        await connection.execute(
            _WRITE,
            CHANNEL,
            list(payloads(self._ranges)),
            *_columns(accounts, len(_ACCOUNT_TYPES)),
            *_columns(self._rows, len(_EXCHANGE_TYPES)),
        )

    def _put(self, account: Snapshot, number: int, exchange: Exchange, replica: int | None) -> None:
        values = row(exchange)
        values[NUMBER] = number
        values[RECEIVED_AT] += self._offset
        account.last_seen = max(account.last_seen, values[RECEIVED_AT])
        self._rows.append([*values, replica])
        self.stored.append(StoredRun(account.id, number, values[RECEIVED_AT]))

    def _show(self, account: Snapshot, number: int, exchange: Exchange) -> None:
        account.total += 1
        self.shown.append((exchange, number))
        last = self._ranges[-1] if self._ranges else None
        if last is not None and last[0] == account.id and last[2] == number - 1:
            self._ranges[-1] = (account.id, last[1], number)
        else:
            self._ranges.append((account.id, number, number))


def _columns(rows: Sequence[Sequence[Any]], width: int) -> Sequence[Sequence[Any]]:
    return list(map(list, zip(*rows, strict=True))) if rows else [[]] * width


class Change(Protocol):
    """What one request changes."""

    @property
    def account(self) -> str:
        """The account to lock."""

    @property
    def size(self) -> int:
        """Its bytes, about."""

    @property
    def number(self) -> int:
        """The number of the exchange that it ends; 0 for none."""

    def apply(self, changes: Changes) -> Any:
        """Apply it; may be called again if the transaction fails."""


@dataclass(frozen=True, slots=True)
class TakeStep:
    """Take the next step of a scenario."""

    account: str
    size: int = 0
    number: int = 0

    def apply(self, changes: Changes) -> ScenarioStep | None:
        """See `Change`."""
        return changes.steps.take(self.account)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A charge that was tried on a snapshot, and its result there."""

    apply: Callable[[Snapshot], str | None]
    result: str | None


@dataclass(frozen=True, slots=True)
class Settle:
    """Charge an account and store the exchange.

    Args:
        account: The account.
        size: Bytes of the exchange.
        exchange: Builds the exchange.
        attempt: The charge; `None` for none.
        decide: Called with the locked account if its charge has another result than the attempt,
            for example because another replica has used up the credits: charges it, and returns
            what builds the exchange.
        open_: Whether the response is sent later; `End` then completes the exchange.
    """

    account: str
    size: int
    exchange: Callable[[], Exchange]
    attempt: Attempt | None = None
    decide: Callable[[Snapshot], Callable[[], Exchange]] | None = None
    open_: bool = False
    number: int = 0

    def apply(self, changes: Changes) -> int:
        """See `Change`."""
        account, exchange = changes.accounts[self.account], self.exchange
        if self.attempt is not None and self.decide is not None:
            before = account.state()
            if self.attempt.apply(account) != self.attempt.result:
                account = changes.accounts[self.account] = account.restored(before)
                exchange = self.decide(account)
        return changes.store(account, exchange(), open_=self.open_)


@dataclass(frozen=True, slots=True)
class End:
    """Complete an open exchange."""

    account: str
    number: int
    size: int
    exchange: Callable[[], Exchange]

    def apply(self, changes: Changes) -> None:
        """See `Change`."""
        changes.end(changes.accounts[self.account], self.number, self.exchange())


class Writer:
    """Applies the changes of the requests of one event loop."""

    def __init__(self, database: Database, defaults: Defaults) -> None:
        self._database = database
        self._defaults = defaults
        #: The number of this replica; 0 before it has stored anything.
        self.replica = 0
        self._uncertain: list[StoredRun] = []
        self._link = Link(database, self._register)
        self._groups = Groups(self._apply_all, lambda change: change.size)

    async def apply(self, change: Change) -> Any:
        """Apply a change, and commit it.

        Raises:
            JournalUnavailable: It is not certain that it was committed.
        """
        return await self._groups.put(change)

    async def close(self) -> None:
        """Commit what is queued, and close the connection."""
        await self._groups.end()
        await self._link.close()

    async def _register(self, connection: Any) -> None:
        """Hold a lock as long as this connection lives: open exchanges of others are abandoned."""
        self.replica = secrets.randbelow(2**31)
        await connection.execute("SELECT pg_advisory_lock($1, $2)", REPLICA_LOCKS, self.replica)
        await self._database.read_clock(connection)
        if self._uncertain:
            await correct(connection, self._uncertain)
            self._uncertain.clear()

    async def _apply_all(self, group: Sequence[Change]) -> Sequence[Any]:
        try:
            return await self._commit(group)
        except (asyncpg.DataError, ValueError) as error:  # a value that PostgreSQL does not take
            if len(group) == 1:
                raise JournalUnavailable(sentence(error)) from None
        except FAILURES as error:
            self._link.drop()
            raise JournalUnavailable(sentence(error)) from None
        return [await self._apply_alone(change) for change in group]

    async def _apply_alone(self, change: Change) -> Any:
        try:
            return (await self._apply_all([change]))[0]
        except JournalUnavailable as error:
            return error

    async def _commit(self, group: Sequence[Change]) -> Sequence[Any]:
        connection = await self._link.connection()
        async with connection.transaction():
            changes = await self._lock(connection, group)
            results = [change.apply(changes) for change in group]
            await changes.write(connection)
            self._uncertain += changes.stored
        del self._uncertain[len(self._uncertain) - len(changes.stored) :]
        if self._database.own.called:
            for exchange, number in changes.shown:
                self._database.own.tell(replace(exchange, number=number))
        return results

    async def _lock(self, connection: Any, group: Sequence[Change]) -> Changes:
        ids = {change.account for change in group}
        found = await connection.fetch(_LOCK, list(ids))
        if len(found) < len(ids):  # an account was removed after the request was admitted
            await create(connection, list(ids), self._defaults)
            found = await connection.fetch(_LOCK, list(ids))
        ending = [(change.account, change.number) for change in group if change.number]
        ended = await connection.fetch(_ENDED, *_columns(ending, 2)) if ending else ()
        takers = [change.account for change in group if isinstance(change, TakeStep)]
        return Changes(
            {row["id"]: Snapshot(dict(row)) for row in found},
            await next_steps(connection, takers),
            {(row["account"], row["number"]) for row in ended},
            self._database.clock_offset,
            self.replica,
        )
