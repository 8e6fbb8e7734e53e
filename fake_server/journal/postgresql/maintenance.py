"""What a replica does beside runs: retention, exchanges of lost replicas, the clock."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fake_server.journal.base import JournalUnavailable
from fake_server.journal.postgresql.database import LOGGER, Database
from fake_server.journal.postgresql.notifications import CHANNEL, payloads
from fake_server.journal.retention import Keep

#: Seconds between two rounds.
INTERVAL = 2.0

#: Class of the advisory locks that replicas hold on their own number while they are connected.
REPLICA_LOCKS = 0x616C

#: Key of the advisory lock of a round: one replica at a time does the work.
_ROUND = 0x616C6571

#: Exchanges that one transaction deletes at most, so that runs wait for it only briefly.
_CHUNK = 500

_TOO_OLD = """
SELECT account, number FROM exchange
WHERE received_at < $1 AND replica IS NULL ORDER BY received_at LIMIT $2"""

_TOO_MANY = """
SELECT e.account, e.number FROM account a CROSS JOIN LATERAL (
    SELECT account, number FROM exchange WHERE account = a.id AND replica IS NULL
    ORDER BY number LIMIT least(a.total - a.dropped - $1, $2)
) e WHERE a.total - a.dropped > $1 LIMIT $2"""

_DELETE = """
WITH deleted AS (
    DELETE FROM exchange e USING unnest($1::text[], $2::bigint[]) AS u (account, number)
    WHERE e.account = u.account AND e.number = u.number RETURNING e.account
), counted AS (SELECT account, count(*) AS n FROM deleted GROUP BY account)
UPDATE account SET dropped = dropped + n FROM counted WHERE id = counted.account"""

#: Exchanges whose replica is gone; nothing was sent after they were stored, so they are `cut`.
_ABANDONED = """
SELECT account, number FROM exchange WHERE replica IS NOT NULL AND replica NOT IN (
    SELECT objid::bigint::integer FROM pg_locks
    WHERE locktype = 'advisory' AND classid = $1 AND granted
) LIMIT $2"""

_END = """
WITH ended AS (
    UPDATE exchange e SET replica = NULL
    FROM unnest($1::text[], $2::bigint[]) AS u (account, number)
    WHERE e.account = u.account AND e.number = u.number AND replica IS NOT NULL RETURNING e.account
), counted AS (SELECT account, count(*) AS n FROM ended GROUP BY account)
UPDATE account SET total = total + n FROM counted WHERE id = counted.account"""

#: Accounts that only a request created, and that have nothing left to show.
_FORGET = """
DELETE FROM account a WHERE token IS NULL AND last_seen < $1 AND total = dropped
AND NOT EXISTS (SELECT FROM exchange WHERE account = a.id)"""


class Maintenance:
    """The rounds of one replica.

    Args:
        database: The database.
        keep: Which exchanges are kept.
    """

    def __init__(self, database: Database, keep: Keep) -> None:
        self._database = database
        self._keep = keep

    def start(self) -> None:
        """Do a round every `INTERVAL` seconds in the thread of the database, until it ends."""
        asyncio.run_coroutine_threadsafe(self._repeat(), self._database.loop)

    async def round(self, connection: Any) -> None:
        """Do one round, unless another replica does."""
        await self._database.read_clock(connection)
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _ROUND):
            return
        try:
            await self._each(connection, _END, _ABANDONED, REPLICA_LOCKS, notify=True)
            if self._keep.seconds is not None:
                oldest = time.time() + self._database.clock_offset - self._keep.seconds
                await self._each(connection, _DELETE, _TOO_OLD, oldest)
                await connection.execute(_FORGET, oldest)
            if self._keep.count is not None:
                await self._each(connection, _DELETE, _TOO_MANY, self._keep.count)
        finally:
            await connection.fetchval("SELECT pg_advisory_unlock($1)", _ROUND)

    async def _repeat(self) -> None:
        reported = ""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self._database.pooled(self.round)
                reported = ""
            except JournalUnavailable as error:  # the next round tries again
                if str(error) != reported:
                    LOGGER.warning("%s", error)
                reported = str(error)
            except Exception:  # noqa: BLE001 - an error of ours; the next round tries again
                LOGGER.exception("internal error in the maintenance of the journal")

    @staticmethod
    async def _each(
        connection: Any, change: str, select: str, bound: float, *, notify: bool = False
    ) -> None:
        """Apply `change` to the exchanges that `select` finds, `_CHUNK` at a time.

        With `notify`, the listeners of all replicas are called with them.

        The accounts are locked first, in order, as the writer of runs does: two transactions that
        lock rows in different orders could wait for each other.
        """
        while True:
            async with connection.transaction():
                found = await connection.fetch(select, bound, _CHUNK)
                accounts = sorted({row["account"] for row in found})
                await connection.execute(
                    "SELECT 1 FROM account WHERE id = ANY($1) ORDER BY id FOR UPDATE", accounts
                )
                names, numbers = [row["account"] for row in found], [row["number"] for row in found]
                await connection.execute(change, names, numbers)
                for told in payloads(zip(names, numbers, numbers, strict=True)) if notify else ():
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, told)
            if len(found) < _CHUNK:
                return
