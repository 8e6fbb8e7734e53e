"""Replicas as processes: one is killed, PostgreSQL is killed, and nothing answered is missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from postgresql_server import PostgreSQLServer, query
from replica_checks import check, create_accounts
from replica_load import Answers, Replica, load, replicas
from waiting import until

UNFINISHED = "SELECT FROM aleph_contract.exchange WHERE replica IS NOT NULL"


@pytest.mark.long
def test_a_killed_replica_loses_no_answered_run(database: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+b") as log, replicas(3, database, log) as every:
        accounts, answers = create_accounts(every[0], 4), Answers()

        async def scenario() -> None:
            running = asyncio.ensure_future(
                load(every, accounts, answers, runs=600, connections=24)
            )
            await answers.until(lambda: len(answers.statuses) >= 150)
            every[1].kill()
            await answers.until(lambda: len(answers.statuses) >= 300)
            every[1] = await asyncio.to_thread(Replica, database, log)
            await running

        asyncio.run(scenario())
        assert 0 < answers.lost <= 24
        assert len(answers.statuses) + answers.lost == 600
        found = Counter(answers.statuses.values())
        assert {200, 400, 402, 429, 502} <= set(found)
        # Another replica ends the exchanges that the lost one was answering.
        until(lambda: not query(database, UNFINISHED))
        check(every, accounts, answers)
        log.seek(0)
        assert log.read() == b""


@pytest.mark.long
def test_a_killed_database_loses_no_answered_run(
    postgresql: PostgreSQLServer, tmp_path: Path
) -> None:
    url = postgresql.create_database()
    with (tmp_path / "log").open("w+b") as log, replicas(2, url, log) as every:
        accounts, answers = create_accounts(every[0], 4), Answers()

        async def scenario() -> None:
            running = asyncio.ensure_future(
                load(every, accounts, answers, runs=900, connections=24)
            )
            await answers.until(lambda: len(answers.statuses) >= 200)
            postgresql.kill()
            await answers.until(lambda: 503 in answers.statuses.values())
            await asyncio.to_thread(postgresql.start)
            await running
            for number in range(200):  # it recovers by itself
                await asyncio.sleep(0.3)
                await load(
                    every,
                    accounts,
                    last := Answers(),
                    runs=1,
                    connections=1,
                    name=f"probe {number}",
                )
                if set(last.statuses.values()) != {503}:
                    return
                assert number < 199

        asyncio.run(scenario())
        assert answers.lost == 0
        assert len(answers.statuses) == 900
        check(every, accounts, answers)
        log.seek(0)
        lines = log.read().decode().splitlines()
        refused = [line for line in lines if "refused with 503" in line]
        assert len(refused) == Counter(answers.statuses.values())[503]
        assert all("cannot store it: " in line for line in refused)
        assert any("connected again" in line for line in lines)
