"""Readiness while the database is lost, and requests that one replica sends to the others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import httpx
import pytest
from calling import HTTP, PATIENCE, post
from postgresql_server import PostgreSQLServer, set_read_only

from aleph_contract.remote_fake.server import RemoteServer
from fake_server.account_handle import AccountHandle
from fake_server.journal.postgresql.database import Database
from fake_server.journal.postgresql.subscription import Subscription
from fake_server.server import Server, running


def ask(server: Server, path: str) -> httpx.Response:
    """Get a document of the control API."""
    return HTTP.get(f"{server.origin}/__aleph__/{path}")


def until_ready(server: Server, status: int, text: str = "") -> Any:
    """Wait until `/ready` answers with this status and text; return the document."""
    deadline = time.monotonic() + PATIENCE
    while (answer := ask(server, "ready")).status_code != status or text not in answer.text:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.02)
    return answer.json()


def test_a_killed_database_makes_the_fake_unready_but_not_unhealthy(
    postgresql: PostgreSQLServer,
) -> None:
    url = postgresql.create_database()
    with running(journal=url) as server:
        assert until_ready(server, 200) == {"ready": True}
        postgresql.execute("postgres", "CHECKPOINT")  # its recovery is short
        postgresql.kill()
        try:
            detail = until_ready(server, 503)["detail"]
            assert detail.startswith("journal postgresql://aleph@/")
            assert "the connection was lost" in detail or "no PostgreSQL server" in detail
            until_ready(server, 503, "no PostgreSQL server answers")  # now it tried again
            assert ask(server, "health").status_code == 200
        finally:
            postgresql.start()
        assert until_ready(server, 200) == {"ready": True}
        assert post(server.account()).status_code == 200


def test_a_read_only_database_makes_the_fake_unready(
    postgresql: PostgreSQLServer, database: str
) -> None:
    with running(journal=database) as server:
        until_ready(server, 200)
        set_read_only(postgresql, database, "on")
        until_ready(server, 503, "the database is read-only; use the primary server")
        set_read_only(postgresql, database, "off")
        until_ready(server, 200)


def test_a_connection_that_is_made_after_the_end_is_closed(database: str) -> None:
    opened = Database(database)
    subscription = Subscription(opened, "any", lambda _: None)

    async def ended() -> bool:
        subscription.close()  # while `open` waits for the server
        await subscription.open()
        return bool(subscription.connection.is_closed())

    assert opened.call(ended())
    opened.close()


def test_a_replica_does_not_hear_its_own_request_to_hang_up(
    replicas: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[SimpleQueue[str]] = []
    signals = [server.app.journal.signals for server in replicas]  # type: ignore[attr-defined]
    for each in signals:
        heard.append(SimpleQueue())
        monkeypatch.setattr(each, "on_hang_up", heard[-1].put)
    signals[0].send_hang_up("a")
    assert heard[1].get(timeout=PATIENCE) == "a"
    signals[1].send_hang_up("b")
    assert heard[0].get(timeout=PATIENCE) == "b"  # PostgreSQL keeps the order
    assert heard[1].empty()


def test_hang_up_reaches_the_replica_that_holds_the_connection(
    replicas: tuple[Server, Server],
) -> None:
    holder, other = replicas
    remote = RemoteServer(other.origin)
    account, bystander = remote.account(), remote.account()
    for scripted in (account, bystander):
        scripted.scenario("hang")
    with ThreadPoolExecutor(2) as pool:
        waiting, left = (
            pool.submit(post, AccountHandle(holder, holder.app.accounts.get(one.id)))
            for one in (account, bystander)
        )
        while len(holder.app.open_connections) < 2:
            time.sleep(0.01)
        assert not other.app.open_connections
        assert not account.settle(0.05)
        account.hang_up(PATIENCE)
        with pytest.raises(httpx.RemoteProtocolError):
            waiting.result(PATIENCE)
        assert account.settle(PATIENCE)
        assert [(e.fault, e.outcome) for e in account.exchanges] == [("hang", "cut")]
        assert not left.done()
        bystander.hang_up(PATIENCE)
        with pytest.raises(httpx.RemoteProtocolError):
            left.result(PATIENCE)
    remote.close()
