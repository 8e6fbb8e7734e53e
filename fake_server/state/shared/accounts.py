"""The accounts of a fake that shares them, for the control API and for tests."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from fake_server.journal.postgresql.database import Database
from fake_server.replies.failures import Profile
from fake_server.state.account import Account
from fake_server.state.accounts import Accounts, refusal
from fake_server.state.billing import Bill
from fake_server.state.scenarios import ScenarioStep, scenario
from fake_server.state.shared.reader import Defaults, Reader, Row, Wanted, read
from fake_server.state.shared.snapshot import Snapshot
from fake_server.state.shared.steps import all_steps, set_steps
from fake_server.state.shared.unit import Unit
from fake_server.state.shared.writer import Writer

_INSERT = """
INSERT INTO account (id, token, profile, credits, spend_limit, spend_limit_lag, parent, last_seen)
VALUES ($1, $2, $3, $4, $5, $6, $7, extract(epoch FROM clock_timestamp()))"""


class SharedAccounts(Accounts):
    """See `Accounts`; every call reads or changes the database, and blocks.

    Args:
        database: The database.
        profile: See `Accounts`.
        credits: See `Accounts`.
        spend_limit: See `Accounts`.
        spend_limit_lag: See `Accounts`.
        tokens: See `Accounts`.
    """

    def __init__(
        self,
        database: Database,
        *,
        profile: Profile = "documented",
        credits: Decimal | None = None,  # noqa: A002 - the service's word
        spend_limit: Decimal | None = None,
        spend_limit_lag: int = 0,
        tokens: Iterable[str] = (),
    ) -> None:
        super().__init__(
            profile=profile,
            credits=credits,
            spend_limit=spend_limit,
            spend_limit_lag=spend_limit_lag,
            tokens=tokens,
        )
        self.database = database
        self._defaults = Defaults(profile, _text(credits), _text(spend_limit), spend_limit_lag)
        #: For the requests of the event loop that serves them.
        self.reader = Reader(database, self._defaults)
        self.writer = Writer(database, self._defaults)

    def unit(self) -> Unit:
        """The accounts of one request."""
        return Unit(self.reader, self.writer, self.tokens)

    def create(self, **options: Any) -> Account:
        """See `Accounts`."""
        return self.get(super().create(**options).id)

    def create_for_test(self, parent: Account) -> Account:
        """See `Accounts`."""
        return self.get(super().create_for_test(parent).id)

    def find(self, account_id: str) -> Account | None:
        """See `Accounts`."""
        row = self._row(Wanted(account_id))
        return None if row is None else StoredAccount(row, self.database)

    def get(self, account_id: str) -> Account:
        """See `Accounts`."""
        row = self._row(Wanted(account_id, create=True))
        if row is None:
            raise AssertionError("the account was just created")
        return StoredAccount(row, self.database)

    def remove(self, account: Account) -> None:
        """See `Accounts`; its exchanges are deleted too, because their numbers may come again."""

        async def delete(connection: Any) -> None:
            async with connection.transaction():
                await connection.execute("DELETE FROM account WHERE id = $1", account.id)
                await connection.execute("DELETE FROM exchange WHERE account = $1", account.id)
                await connection.execute("DELETE FROM verdict WHERE account = $1", account.id)

        self.database.run(delete)

    def refusal(self, account: Account, token: str) -> str | None:
        """See `Accounts`."""
        return refusal(account, token, self.tokens, self.owner)

    def owner(self, token: str) -> Account | None:
        """See `Accounts`."""
        row = self._row(Wanted(token=token))
        return None if row is None else StoredAccount(row, self.database)

    def open_elsewhere(self, account_id: str) -> int:
        """The number of requests of an account whose response other replicas send later."""
        sql = "SELECT count(*) FROM exchange WHERE replica <> $1 AND account = $2"
        values = (self.writer.replica, account_id)
        found: int = self.database.run(lambda connection: connection.fetchval(sql, *values))
        return found

    async def close(self) -> None:
        """Commit what is queued, and close the connections; call it in the loop of the runs."""
        await self.writer.close()
        await self.reader.close()

    def add(self, account: Account) -> None:
        """See `Accounts`."""
        limit = account.spend_limit
        values = (
            account.id,
            account.token,
            account.profile,
            _text(account.credits),
            None if limit is None else _text(limit.usd),
            account.spend_limit_lag,
            None if account.parent is None else account.parent.id,
        )
        self.database.run(lambda connection: connection.execute(_INSERT, *values))

    def _row(self, wanted: Wanted) -> Row | None:
        return self.database.run(lambda connection: read(connection, [wanted], self._defaults))[0]


class StoredAccount(Snapshot):
    """An account whose bill and scenario are those in the database, also later."""

    __slots__ = ("_database",)

    def __init__(self, row: Row, database: Database) -> None:
        super().__init__(row)
        self._database = database

    @property
    def bill(self) -> Bill:
        """See `Account`."""
        sql = "SELECT * FROM account WHERE id = $1"
        row = self._database.run(lambda connection: connection.fetchrow(sql, self.id))
        return Bill() if row is None else Snapshot(dict(row)).bill

    @property
    def scenario(self) -> tuple[ScenarioStep, ...]:
        """See `Account`."""
        return self._database.run(lambda connection: all_steps(connection, self._steps_of))

    @scenario.setter
    def scenario(self, given: Any) -> None:
        steps = scenario(given)
        self._database.run(lambda connection: set_steps(connection, self._steps_of, steps))

    @property
    def _steps_of(self) -> str:
        return self.id if self.parent is None else self.parent.id


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
