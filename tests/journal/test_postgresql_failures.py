"""The journal in PostgreSQL: databases that fail while the fake serves."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

import asyncpg
import pytest
from asyncpg.transaction import Transaction
from calling import PATIENCE, post
from journals import numbers
from postgresql_server import PostgreSQLServer, query, set_read_only

from fake_server.server import running


class TestWhileServing:
    """The log, and the replies to clients, when the database changes under the fake."""

    def test_a_database_that_becomes_read_only_and_writable_again(
        self, postgresql: PostgreSQLServer, database: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with running(journal=database) as server:
            account = server.account()
            assert post(account).status_code == 200
            set_read_only(postgresql, database, "on")
            post(account)  # its connection is lost
            refused = post(account)
            assert refused.status_code == 503
            assert refused.json()["errors"] == [{"message": "Service unavailable", "code": 7000}]
            assert "database is read-only" in caplog.text
            assert account.id in caplog.text
            set_read_only(postgresql, database, "off")
            deadline = time.monotonic() + PATIENCE
            while post(account).status_code != 200:
                assert time.monotonic() < deadline
            assert account.bill.runs == 2
            assert [e.status for e in account.exchanges] == [200, 200]

    def test_a_full_disk(self, database: str, caplog: pytest.LogCaptureFixture) -> None:
        with running(journal=database) as server:
            account = server.account(credits=5)
            for statement in _FULL_DISK:
                query(database, statement)
            assert post(account).status_code == 503
            assert "the disk of the database is full; free space" in caplog.text
            assert account.bill.runs == 0
            query(database, "DROP TRIGGER full_disk ON aleph_contract.exchange")
            assert post(account).status_code == 200
            assert account.bill.runs == 1

    def test_a_commit_whose_result_is_lost_is_corrected(
        self, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with running(journal=database) as server:
            account = server.account()
            assert post(account).status_code == 200
            commit = Transaction.__aexit__

            async def lose(self: Any, *arguments: Any) -> None:
                await commit(self, *arguments)
                monkeypatch.undo()
                raise asyncpg.ConnectionDoesNotExistError("lost")

            monkeypatch.setattr(Transaction, "__aexit__", lose)
            assert post(account).status_code == 503
            assert account.exchanges[1].status == 200  # the fake does not know
            deadline = time.monotonic() + PATIENCE
            while post(account).status_code != 200:
                assert time.monotonic() < deadline
            corrected = account.exchanges[1]
            assert (corrected.status, corrected.outcome) == (503, "fault")
            assert b"Service unavailable" in corrected.response_body
            bill = account.bill
            assert (bill.runs, bill.usd) == (2, 2 * corrected.cost)
            assert (bill.doubtful_runs, bill.doubtful_usd) == (1, corrected.cost)
            assert numbers(server.app.journal, account.id) == [1, 2, 3]

    def test_a_clock_that_differs_is_named_and_corrected(
        self, database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() - 60)
        with caplog.at_level(logging.WARNING), running(journal=database) as server:
            account = server.account()
            monkeypatch.setattr("fake_server.runs.request._now", lambda: real() - 60)
            post(account)
            (exchange,) = account.exchanges
        assert re.search(r"is (59\.9|60\.0)\d s behind that of the database", caplog.text)
        assert abs(exchange.received_at - real()) < 5


#: Lets PostgreSQL report a full disk for each exchange.
_FULL_DISK = (
    """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$""",
    """CREATE TRIGGER full_disk BEFORE INSERT ON aleph_contract.exchange
    FOR EACH ROW EXECUTE FUNCTION full_disk()""",
)
