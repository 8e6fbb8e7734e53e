"""A scenario step that carries its own status, headers and body."""

from __future__ import annotations

from typing import Any

import pytest
from calling import HTTP, INPUT, PATIENCE, post

from aleph_contract.errors import ArgumentError
from fake_server.account_handle import AccountHandle
from fake_server.server import Server
from fake_server.state.scenarios import scenario


def test_a_step_sends_its_own_reply_as_often_as_it_says(account: AccountHandle) -> None:
    step = {"status": 418, "headers": {"X-Kettle": "1", "Content-Type": "text/plain"}, "body": "é"}
    account.scenario([step | {"times": 2}])
    first, second, third = (post(account) for _ in range(3))
    assert (first.status_code, first.text) == (418, "é")
    assert (first.headers["x-kettle"], first.headers["content-type"]) == ("1", "text/plain")
    assert second.content == first.content
    assert third.status_code == 200
    exchange = account.wait_for(3, PATIENCE)[0]
    assert (exchange.outcome, exchange.fault, exchange.billed) == ("fault", "own-reply", False)
    assert account.bill.runs == 1


@pytest.mark.parametrize("status", [200, 204, 302, 599])
def test_every_status_can_be_sent(account: AccountHandle, status: int) -> None:
    account.scenario([{"status": status, "headers": {"location": "/elsewhere"}, "body": {"a": 1}}])
    reply = post(account)
    assert (reply.status_code, reply.headers["location"]) == (status, "/elsewhere")
    assert reply.text == ("" if status == 204 else '{"a":1}')
    assert reply.headers.get_list("location") == ["/elsewhere"]


def test_a_reply_that_may_stand_for_a_run_is_billed_in_doubt(account: AccountHandle) -> None:
    account.scenario([{"status": 500}])
    post(account, INPUT | {"duration": 5})
    account.wait_for(1, PATIENCE)
    assert str(account.bill.doubtful_usd) == "1.680"


def test_the_control_api_sets_and_shows_it(server: Server) -> None:
    account = server.account()
    url = f"{server.inspector}accounts/{account.id}/scenario"
    step = {"status": 503, "headers": {"retry-after": "1"}, "body": {"busy": True}}
    shown = HTTP.put(url, json=[step, "hang"]).json()["steps"]
    assert shown[0]["status"] == 503
    assert shown[0]["body"] == '{"busy":true}'
    assert HTTP.put(url, json=shown).json()["steps"] == shown
    assert post(account).headers["retry-after"] == "1"
    account.wait_for(1, PATIENCE)
    found = HTTP.get(f"{server.inspector}accounts/{account.id}/exchanges?fault=own-reply").json()
    assert len(found["exchanges"]) == 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"fault": "hang", "status": 500}, ["'status'", "use one"]),
        ({"status": 99}, ["status of step 0", "200 to 599", "99"]),
        ({"status": True}, ["status", "true"]),
        ({"status": "500"}, ["status", '"500"']),
        ({"headers": ["x"]}, ["headers of step 0", "object"]),
        ({"headers": {"a b": "1"}}, ["'a b'", "header name"]),
        ({"headers": {"x": "1\r\ny: 2"}}, ["x", "printable"]),
        ({"headers": {"x": 1}}, ["x", "1"]),
        ({"headers": {"Content-Length": "1"}}, ["Content-Length", "server"]),
        ({}, ["step 0", "'fault'", "'status'"]),
        ({"body": None}, ["step 0", "'fault'"]),
    ],
)
def test_a_reply_that_http_cannot_carry_is_refused(step: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ArgumentError) as raised:
        scenario([step])
    assert all(word in str(raised.value) for word in words), raised.value
