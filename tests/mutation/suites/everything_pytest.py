"""Asserts the exact result, the request as it was sent, the bill, and the error of a failure."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from client import GOOD, EditError, edit

from fake_server.server import Server


def test_edit(aleph_server: Server) -> None:
    account = aleph_server.account()
    video = edit(GOOD, account.env)
    [exchange] = account.exchanges
    assert video == json.loads(exchange.response_body)["result"]["video"]
    assert json.loads(exchange.request_body) == {"model": "runwayml/aleph-2", "input": GOOD}
    assert account.bill.usd == Decimal("1.68")


def test_failure(aleph_server: Server) -> None:
    account = aleph_server.account()
    account.scenario([{"fault": "no-credits"}])
    with pytest.raises(EditError) as caught:
        edit(GOOD, account.env)
    assert (caught.value.status, caught.value.code) == (402, 2021)
    assert account.bill.runs == 0
