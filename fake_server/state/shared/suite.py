"""The tests that a test runner reports to any of several fakes: every fake judges with all."""

from __future__ import annotations

import time
from typing import Any

from aleph_contract.rules.suite import Suite, TestOutcome, TestRun
from fake_server.journal.postgresql.database import Database
from fake_server.state.suite import MAX_TESTS, SuiteLog

#: Key of the advisory lock under which the tests of all processes change, one after the other.
_LOCK = 0x616C6572

_START = """
INSERT INTO suite_test (process, name, repeats) SELECT $1, $2, $3
WHERE (SELECT count(*) FROM suite_test) < $4 RETURNING number"""

_FINISH = """
UPDATE suite_test SET running = FALSE, outcome = CASE WHEN number = $2 THEN $3 ELSE outcome END
WHERE process = $1 AND number >= $2 AND running"""

_BORDER = "INSERT INTO suite_border (process, at, number) VALUES ($1, $2, $3)"


class SharedSuiteLog(SuiteLog):
    """See `SuiteLog`.

    Args:
        database: The database that the fakes share.
    """

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def assign(self, account: str, process: str) -> None:
        """See `SuiteLog`."""
        sql = "INSERT INTO suite_account VALUES ($1, $2) ON CONFLICT DO NOTHING"
        self._database.run(lambda connection: connection.execute(sql, account, process))

    def start(self, process: str, name: str, *, repeats: bool = False) -> int | None:
        """See `SuiteLog`."""

        async def insert(connection: Any) -> int | None:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
                number: int | None = await connection.fetchval(
                    _START, process, name, repeats, MAX_TESTS
                )
                if number is not None:
                    await connection.execute(_BORDER, process, self._now(), number)
                return number

        return self._database.run(insert)

    def finish(self, number: int, outcome: TestOutcome) -> bool:
        """See `SuiteLog`."""

        async def end(connection: Any) -> bool:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
                sql = "SELECT process FROM suite_test WHERE number = $1 AND running"
                process = await connection.fetchval(sql, number)
                if process is None:
                    return False
                await connection.execute(_FINISH, process, number, outcome)
                sql = "SELECT max(number) FROM suite_test WHERE process = $1 AND running"
                around = await connection.fetchval(sql, process)
                await connection.execute(_BORDER, process, self._now(), around)
                return True

        return self._database.run(end)

    def suite(self) -> Suite:
        """See `SuiteLog`."""

        async def read(connection: Any) -> tuple[Any, Any, Any]:
            return (
                await connection.fetch("SELECT * FROM suite_test"),
                await connection.fetch("SELECT * FROM suite_border ORDER BY position"),
                await connection.fetch("SELECT account, process FROM suite_account"),
            )

        tests, changes, accounts = self._database.run(read)
        runs = {
            row["number"]: TestRun(row["name"], repeats=row["repeats"], outcome=row["outcome"])
            for row in tests
        }
        borders: dict[str, list[tuple[float, TestRun | None]]] = {}
        for row in changes:
            test = None if row["number"] is None else runs[row["number"]]
            borders.setdefault(row["process"], []).append((row["at"], test))
        return Suite(
            {process: tuple(own) for process, own in borders.items()}, dict(map(tuple, accounts))
        )

    def _now(self) -> float:
        """The time by the clock that the exchanges have."""
        return time.time() + self._database.clock_offset
