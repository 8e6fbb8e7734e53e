"""The exchanges of a case whose client reports while its call is open."""

from __future__ import annotations

import asyncio
import socket
from threading import Event
from unittest.mock import Mock, PropertyMock

import pytest
from waiting import PATIENCE, until

from aleph_contract.contract import Contract
from aleph_contract.core.clock import Clock
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.verify import settling
from aleph_contract.verify.plans import billable_input
from fake_server.account_handle import AccountHandle
from fake_server.http.delivery import Connection
from fake_server.server import running


def opened(account: AccountHandle, contract: Contract) -> socket.socket:
    """The connection of a call whose reply nothing reads."""
    body = dumps({"model": contract.model, "input": billable_input(contract)})
    host, _, port = account.base_url.split("/")[2].partition(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(
        f"POST /client/v4/accounts/{account.id}/ai/run HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {account.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()
    )
    until(lambda: not account.settle(0))
    return connection


@pytest.mark.parametrize("fault", [None, "drip"])
@pytest.mark.parametrize(
    ("seconds", "settle_seconds"),
    [(0.2, PATIENCE), (PATIENCE, 0.05)],
    ids=["the run ends while the fake is given time", "the fake ends the call"],
)
def test_a_response_after_the_report_is_not_one_that_the_client_read(
    monkeypatch: pytest.MonkeyPatch, fault: str | None, seconds: float, settle_seconds: float
) -> None:
    reported, pause = Event(), Connection.pause

    async def pause_after_the_report(self: Connection, seconds: float | None) -> None:
        assert await asyncio.to_thread(reported.wait, PATIENCE)
        await pause(self, seconds)

    monkeypatch.setattr(Connection, "pause", pause_after_the_report)
    monkeypatch.setattr(settling, "SETTLE_SECONDS", settle_seconds)
    contract = Contract.load()
    with running(contract) as server:
        account = server.account()
        account.scenario([{"fault": fault, "delay": seconds}])
        with opened(account, contract):
            settled = settling.Settling(account, stuck=False)
            reported.set()
            (exchange,) = settled.exchanges(Clock())
    assert (exchange.outcome, str(exchange.cost)) == ("cut", "1.680")
    assert exchange.result is None


def test_a_response_before_the_report_is_one_that_the_client_read() -> None:
    contract = Contract.load()
    with running(contract) as server:
        account = server.account()
        account.scenario([{"fault": None, "delay": 0.2}])
        with opened(account, contract) as connection:
            assert connection.recv(1)
            (exchange,) = settling.Settling(account, stuck=False).exchanges(Clock())
    assert exchange.outcome == "completed"


def test_the_exchanges_of_calls_that_have_ended_are_built_once() -> None:
    account = Mock()
    account.settle.return_value = True
    type(account).exchanges = built = PropertyMock(return_value=())
    assert settling.Settling(account, stuck=False).exchanges(Clock()) == ()
    built.assert_called_once()
