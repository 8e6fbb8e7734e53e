"""What earlier verdicts found, in PostgreSQL: the verdict is the same on every replica."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from fake_server.control.verdict import Judged
from fake_server.control.verdict_schemas import FindingModel
from fake_server.journal.base import JournalUnavailable, Tally
from fake_server.journal.postgresql.database import Database
from fake_server.journal.postgresql.errors import FAILURES, sentence

#: Class of the advisory locks on one account; the other half of the key is a hash of its id.
_VERDICT_LOCKS = 0x616D

#: Seconds to wait for another replica that judges the same account.
_PATIENCE = 300.0

_SAVE = """
INSERT INTO verdict (account, total, dropped, unjudged, findings) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account) DO UPDATE SET total = excluded.total, dropped = excluded.dropped,
unjudged = excluded.unjudged, findings = excluded.findings"""


class SharedJudged:
    """See `JudgedStore`.

    A lock of the connection, not a transaction, keeps other replicas away: to judge an account with
    many exchanges takes seconds, and a transaction would keep PostgreSQL from removing old rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def entry(self, account: str) -> Iterator[Judged]:
        """See `JudgedStore`."""
        connection, judged = self._database.call(self._load(account))
        try:
            yield judged
            self._database.call(self._save(connection, account, judged))
        finally:
            self._database.call(_close(connection))  # releases the lock

    def forget(self, account: str) -> None:
        """See `JudgedStore`."""
        sql = "DELETE FROM verdict WHERE account = $1"
        self._database.run(lambda connection: connection.execute(sql, account))

    async def _load(self, account: str) -> tuple[Any, Judged]:
        connection = await self._database.connect()
        try:
            await connection.execute(
                "SELECT pg_advisory_lock($1, hashtext($2))",
                _VERDICT_LOCKS,
                account,
                timeout=_PATIENCE,
            )
            row = await connection.fetchrow("SELECT * FROM verdict WHERE account = $1", account)
        except FAILURES as error:
            connection.terminate()
            raise self._unavailable(error) from None
        if row is None:
            return connection, Judged()
        findings = {
            int(number): [FindingModel.model_validate(finding) for finding in found]
            for number, found in orjson.loads(row["findings"]).items()
        }
        return connection, Judged(Tally(row["total"], row["dropped"]), row["unjudged"], findings)

    async def _save(self, connection: Any, account: str, judged: Judged) -> None:
        findings = {
            str(number): [finding.model_dump(mode="json") for finding in found]
            for number, found in judged.findings.items()
        }
        text = orjson.dumps(findings).decode()
        tally = judged.tally
        try:
            await connection.execute(
                _SAVE, account, tally.total, tally.dropped, judged.unjudged, text
            )
        except FAILURES as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: BaseException) -> JournalUnavailable:
        return JournalUnavailable(f"journal {self._database.name}: {sentence(error)}")


async def _close(connection: Any) -> None:
    try:
        await connection.close(timeout=1)
    except FAILURES:
        connection.terminate()
