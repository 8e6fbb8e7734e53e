"""Replicas as processes: one is killed, PostgreSQL is killed, and nothing answered is missing."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from calling import HTTP
from postgresql_server import PostgreSQLServer
from replica_load import Answers, Replica, load, replicas

#: Credits of some accounts: fewer than their runs cost.
CREDITS = Decimal("50.4")

FAULTS = ("rate-limited", "bad-gateway", "internal-error-html", "result-null")


def control(replica: Replica, method: str, path: str, **options: Any) -> Any:
    """The document of a call of the control API."""
    answer = HTTP.request(method, f"{replica.origin}/__aleph__/{path}", **options)
    assert answer.status_code < 300, answer.text
    return answer.json()


def create_accounts(replica: Replica, count: int) -> list[tuple[str, str]]:
    """Accounts with faults for a tenth of their runs; every second one has few credits."""
    found = []
    for number in range(count):
        options = {"credits": str(CREDITS)} if number % 2 else {}
        account = control(replica, "POST", "accounts", json=options)
        steps = [
            step for fault in FAULTS * 3 for step in ({"fault": fault}, {"fault": None, "times": 9})
        ]
        control(replica, "PUT", f"accounts/{account['id']}/scenario", json=steps)
        found.append((account["id"], account["token"]))
    return found


def check(every: list[Replica], accounts: list[tuple[str, str]], answers: Answers) -> None:
    """Check that what was answered is in the journal once, and that nothing was overdrawn."""
    recorded: Counter[str] = Counter()
    statuses: dict[str, int | None] = {}
    for number, (account, _) in enumerate(accounts):
        document = control(every[0], "GET", f"accounts/{account}/exchanges")
        numbers = [exchange["number"] for exchange in document["exchanges"]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert document["total"] == len(numbers)
        for exchange in document["exchanges"]:
            prompt = json.loads(exchange["request_body"]["text"])["input"]["prompt"]
            recorded[prompt] += 1
            statuses[prompt] = exchange["status"]
        bill = control(every[0], "GET", f"accounts/{account}/bill")
        cost = sum(
            Decimal(exchange["cost_usd"])
            for exchange in document["exchanges"]
            if exchange["outcome"] == "completed"
        )
        assert Decimal(bill["usd"]) == cost
        assert not number % 2 or cost <= CREDITS
        if number != 1:  # to judge takes long
            continue
        verdicts = [control(one, "GET", f"accounts/{account}/verdict") for one in every]
        assert all(verdict == verdicts[0] for verdict in verdicts)
    answered = {p: status for p, status in answers.statuses.items() if status != 503}
    assert {prompt: statuses.get(prompt) for prompt in answered} == answered
    assert max(recorded.values()) == 1


def test_a_killed_replica_loses_no_answered_run(database: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+b") as log, replicas(3, database, log) as every:
        accounts, answers = create_accounts(every[0], 4), Answers()

        async def scenario() -> None:
            running = asyncio.ensure_future(
                load(every, accounts, answers, runs=1600, connections=48)
            )
            await answers.until(lambda: len(answers.statuses) >= 400)
            every[1].kill()
            await answers.until(lambda: len(answers.statuses) >= 800)
            every[1] = await asyncio.to_thread(Replica, database, log)
            await running

        asyncio.run(scenario())
        assert 0 < answers.lost <= 48
        assert len(answers.statuses) + answers.lost == 1600
        found = Counter(answers.statuses.values())
        assert {200, 400, 402, 429, 502} <= set(found)
        time.sleep(2.5)  # another replica ends the exchanges that the lost one was answering
        check(every, accounts, answers)
        log.seek(0)
        assert log.read() == b""


def test_a_killed_database_loses_no_answered_run(
    postgresql: PostgreSQLServer, tmp_path: Path
) -> None:
    url = postgresql.create_database()
    with (tmp_path / "log").open("w+b") as log, replicas(2, url, log) as every:
        accounts, answers = create_accounts(every[0], 4), Answers()

        async def scenario() -> None:
            running = asyncio.ensure_future(
                load(every, accounts, answers, runs=3000, connections=24)
            )
            await answers.until(lambda: len(answers.statuses) >= 400)
            postgresql.kill()
            await answers.until(lambda: 503 in answers.statuses.values())
            await asyncio.to_thread(postgresql.start)
            await running
            for number in range(20):  # it recovers by itself
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
                assert number < 19

        asyncio.run(scenario())
        assert answers.lost == 0
        assert len(answers.statuses) == 3000
        check(every, accounts, answers)
        log.seek(0)
        lines = log.read().decode().splitlines()
        refused = [line for line in lines if "refused with 503" in line]
        assert len(refused) == Counter(answers.statuses.values())[503]
        assert all("cannot store it: " in line for line in refused)
        assert any("connected again" in line for line in lines)
