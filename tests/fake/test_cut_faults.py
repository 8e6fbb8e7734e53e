"""Faults that close the connection: the error of the client, and the record in the journal."""

from __future__ import annotations

import socket
from decimal import Decimal

import httpx
import pytest
from calling import body, connect, head, only, post
from waiting import until

from fake_server.account_handle import AccountHandle
from fake_server.replies.faults import FAULTS, Fault
from fake_server.server import Server

COST = Decimal("1.68")

CUT = [
    fault
    for fault in FAULTS.values()
    if (fault.status is None or fault.delivery == "truncated") and not fault.silent
]


def name(fault: Fault) -> str:
    return fault.name


class TestCut:
    """Faults that close the connection."""

    @pytest.mark.parametrize("fault", CUT, ids=name)
    def test_the_client_gets_a_transport_error(self, account: AccountHandle, fault: Fault) -> None:
        account.scenario([{"fault": fault.name}])
        with pytest.raises(httpx.TransportError):
            post(account)
        exchange = only(account)
        assert exchange.outcome == "cut"
        assert exchange.fault == fault.name
        assert exchange.status == fault.status
        assert exchange.billed == fault.billed_maybe
        assert exchange.request_complete == (fault.delivery != "reset-early")
        assert post(account).status_code == 200

    def test_truncated_sends_half_of_the_announced_length(self, account: AccountHandle) -> None:
        account.scenario([{"fault": "body-truncated"}])
        with pytest.raises(httpx.RemoteProtocolError):
            post(account)
        exchange = only(account)
        announced = int(dict(exchange.response_headers)["content-length"])
        assert len(exchange.response_body) == announced // 2
        assert exchange.response_body.startswith(b'{"state"')

    def test_a_reset_sends_rst_and_a_drop_sends_fin(
        self, server: Server, account: AccountHandle
    ) -> None:
        request = head(account, len(body())) + body()
        account.scenario([{"fault": "reset-after"}, {"fault": "dropped"}])
        with connect(server) as connection:
            connection.sendall(request)
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        with connect(server) as connection:
            connection.sendall(request)
            assert connection.recv(1) == b""

    def test_an_early_reset_does_not_wait_for_the_body(
        self, server: Server, account: AccountHandle
    ) -> None:
        account.scenario([{"fault": "reset-before"}])
        with connect(server) as connection:
            connection.sendall(head(account, 1000))
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        exchange = only(account)
        assert exchange.request_body == b""
        assert not exchange.billed

    def test_a_hang_lasts_until_the_client_disconnects(
        self, server: Server, account: AccountHandle
    ) -> None:
        account.scenario([{"fault": "hang"}])
        with connect(server) as connection:
            connection.sendall(head(account, len(body())) + body())
            until(lambda: not account.settle(0))
            connection.settimeout(0.2)
            with pytest.raises(socket.timeout):
                connection.recv(1)
            assert account.exchanges == ()
        exchange = only(account)
        assert (exchange.status, exchange.outcome, exchange.cost) == (None, "cut", COST)
        assert exchange.elapsed > 0.1

    @pytest.mark.parametrize("fault", ["delayed", "drip"])
    def test_a_client_that_disconnects_early_is_recorded(
        self, server: Server, account: AccountHandle, fault: str
    ) -> None:
        account.scenario([{"fault": fault, "delay": 30}])
        with connect(server) as connection:
            connection.sendall(head(account, len(body())) + body())
            until(lambda: not account.settle(0))
        exchange = only(account)
        assert exchange.outcome == "cut"
        assert exchange.elapsed < 10
        assert exchange.billed, "the run went on and was charged for"
