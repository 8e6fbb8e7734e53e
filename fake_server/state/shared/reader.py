"""Read the accounts of the requests that arrive."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fake_server.journal.base import JournalUnavailable
from fake_server.journal.postgresql.database import Database
from fake_server.journal.postgresql.errors import FAILURES, sentence
from fake_server.state.shared.groups import Groups, Link

_READ = """
SELECT a.*, EXISTS (
    SELECT FROM step s WHERE s.account = coalesce(a.parent, a.id)
) AS has_steps FROM account a WHERE a.id = ANY($1::text[]) OR a.token = ANY($2::text[])"""

_CREATE = """
INSERT INTO account (id, profile, credits, spend_limit, spend_limit_lag, last_seen)
SELECT id, $2, $3, $4, $5, $6 FROM unnest($1::text[]) AS u (id)
ON CONFLICT DO NOTHING"""

#: Bound on the tokens that are known to belong to no account.
_MAX_UNOWNED = 10_000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an account has that only a request created; as columns."""

    profile: str
    credits: str | None
    spend_limit: str | None
    spend_limit_lag: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The row of one account, by its id or its token; `create` it if it does not exist."""

    account: str | None = None
    token: str | None = None
    create: bool = False


async def create(connection: Any, accounts: Sequence[str], defaults: Defaults) -> None:
    """Create the accounts that do not exist."""
    await connection.execute(
        _CREATE,
        sorted(accounts),
        defaults.profile,
        defaults.credits,
        defaults.spend_limit,
        defaults.spend_limit_lag,
        time.time(),
    )


async def read(connection: Any, wanted: Sequence[Wanted], defaults: Defaults) -> list[Row | None]:
    """The rows that are wanted; `None` for one that does not exist."""
    ids = {one.account for one in wanted if one.account is not None}
    tokens = {one.token for one in wanted if one.token is not None}
    by_id, by_token = await _fetch(connection, ids, tokens)
    missing = {one.account for one in wanted if one.create and one.account not in by_id}
    if missing:
        await create(connection, [name for name in missing if name is not None], defaults)
        by_id |= (await _fetch(connection, missing, set()))[0]
    return [
        by_token.get(one.token) if one.account is None else by_id.get(one.account) for one in wanted
    ]


async def _fetch(
    connection: Any, ids: set[Any], tokens: set[str]
) -> tuple[dict[str, Row], dict[str | None, Row]]:
    rows = [dict(row) for row in await connection.fetch(_READ, list(ids), list(tokens))]
    return {row["id"]: row for row in rows}, {row["token"]: row for row in rows}


class Reader:
    """Reads rows of accounts for the requests of one event loop, many with one query."""

    def __init__(self, database: Database, defaults: Defaults) -> None:
        self._defaults = defaults
        self._link = Link(database)
        self._groups = Groups(self._read, lambda _: 0)
        self._unowned: set[str] = set()
        self.close = self._link.close

    async def account(self, account: str, *, create: bool) -> Row | None:
        """The row of an account.

        Raises:
            JournalUnavailable: The database cannot be read.
        """
        row: Row | None = await self._groups.put(Wanted(account, create=create))
        return row

    def is_unowned(self, token: str) -> bool:
        """Whether a token is known to belong to no account.

        It never will, because new accounts get random tokens. So this is remembered, unlike an
        owner, which may be removed.
        """
        return token in self._unowned

    async def owner(self, token: str) -> Row | None:
        """The row of the account that a token belongs to."""
        row: Row | None = await self._groups.put(Wanted(token=token))
        if row is None:
            if len(self._unowned) >= _MAX_UNOWNED:
                self._unowned.clear()
            self._unowned.add(token)
        return row

    async def _read(self, wanted: Sequence[Wanted]) -> list[Row | None]:
        connection = await self._link.connection()
        try:
            return await read(connection, wanted, self._defaults)
        except FAILURES as error:
            self._link.drop()
            raise JournalUnavailable(sentence(error)) from None
