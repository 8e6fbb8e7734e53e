"""Asserts the exact result, the request as it was sent, and the status of a failure."""

from __future__ import annotations

import json

import pytest
from client import GOOD, EditError, edit

from fake_server.server import Server


def test_edit(aleph_server: Server) -> None:
    account = aleph_server.account()
    video = edit(GOOD, account.env)
    exchange = account.exchanges[0]
    assert video == json.loads(exchange.response_body)["result"]["video"]
    assert json.loads(exchange.request_body) == {"model": "runwayml/aleph-2", "input": GOOD}


def test_failure(aleph_server: Server) -> None:
    account = aleph_server.account()
    account.scenario([{"fault": "no-credits"}])
    with pytest.raises(EditError, match="402"):
        edit(GOOD, account.env)
