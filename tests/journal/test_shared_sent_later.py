"""Two fakes with one journal in PostgreSQL: responses that are sent later, or not at all."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from calling import PATIENCE, body, connect, head, post
from shared_accounts import Replicas, numbers, on

from fake_server.http.delivery import Connection
from fake_server.server import running


class TestSentLater:
    """A response that is sent later is numbered on arrival, and visible when it was sent."""

    def test_it_is_not_visible_before_it_ends(
        self, replicas: Replicas, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        release, pause = threading.Event(), Connection.pause

        async def pause_after_the_release(self: Connection, seconds: float | None) -> None:
            if seconds:
                assert await asyncio.to_thread(release.wait, PATIENCE)
            await pause(self, seconds)

        monkeypatch.setattr(Connection, "pause", pause_after_the_release)
        one, two = replicas
        account = one.account()
        account.scenario([{"fault": "delayed", "delay": 0.1}])
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(post, account)
            deadline = time.monotonic() + PATIENCE
            while not account.bill.runs:  # charged when it is decided
                assert time.monotonic() < deadline
            assert numbers(account) == []
            assert post(on(two, account)).status_code == 200
            assert numbers(account) == [2]
            release.set()
            assert slow.result().status_code == 200
        assert [(e.number, e.fault, e.status) for e in account.exchanges] == [
            (1, "delayed", 200),
            (2, None, 200),
        ]
        assert account.exchanges[0].elapsed >= 0.1

    def test_a_client_that_leaves_is_recorded(self, replicas: Replicas) -> None:
        account = replicas[0].account()
        for number, fault in enumerate(("hang", "drip")):
            account.scenario([{"fault": fault, "delay": 9}])
            with connect(replicas[0]) as connection:
                connection.sendall(head(account, len(body())) + body())
                if fault == "drip":
                    connection.recv(100)
                while replicas[0].app.accounts.get(account.id).scenario:
                    time.sleep(0.01)
            account.wait_for(number + 1, PATIENCE)
        assert [(e.fault, e.outcome) for e in account.exchanges] == [
            ("hang", "cut"),
            ("drip", "cut"),
        ]

    def test_an_upload_that_ends_early_is_recorded(self, replicas: Replicas) -> None:
        account = replicas[0].account()
        with connect(replicas[0]) as connection:
            connection.sendall(head(account, 1000) + b"{")
        (exchange,) = account.wait_for(1, PATIENCE)
        assert (exchange.outcome, exchange.request_complete) == ("cut", False)

    def test_exchanges_of_a_lost_replica_are_ended_by_another(self, database: str) -> None:
        with running(journal=database) as one, running(journal=database) as two:
            account = one.account()
            account.scenario([{"fault": "hang"}])
            with connect(one) as connection:
                connection.sendall(head(account, len(body())) + body())
                deadline = time.monotonic() + PATIENCE
                while not two.app.journal.database.run(  # type: ignore[attr-defined]
                    lambda c: c.fetchval("SELECT count(*) FROM exchange")
                ):
                    assert time.monotonic() < deadline
                two.app.journal.database.run(  # type: ignore[attr-defined]
                    lambda c: c.execute("UPDATE exchange SET replica = -1")
                )
                exchanges = on(two, account).wait_for(1, PATIENCE)
            assert [(e.outcome, e.status) for e in exchanges] == [("cut", None)]
