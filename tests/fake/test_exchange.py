"""The exchange that the journal holds of a request, on both paths."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest
from calling import HTTP, INPUT, PATIENCE, body, only, post

from aleph_contract.errors import JSONError
from fake_server.account_handle import AccountHandle
from fake_server.server import Server, running


@pytest.fixture(scope="module", params=["fast path", "ASGI"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with the fast path, and one without."""
    with running() as started:
        if request.param != "fast path":
            started.app.runs.fast_path = None
        yield started


class TestExchange:
    """The fields of an exchange."""

    def test_it_holds_request_and_response(self, account: AccountHandle) -> None:
        response = post(account)
        exchange = only(account)
        assert exchange.number == 1
        assert exchange.account == account.id
        assert exchange.surface == "rest"
        assert exchange.method == "POST"
        assert exchange.target == f"/client/v4/accounts/{account.id}/ai/run"
        assert exchange.request_body == body()
        assert exchange.request_complete
        assert exchange.credential == "accepted"
        assert exchange.status == 200
        assert exchange.response_body == response.content
        assert dict(exchange.response_headers)["content-length"] == str(len(response.content))
        assert dict(exchange.response_headers)["cf-ray"] == response.headers["cf-ray"]
        assert exchange.outcome == "completed"
        assert exchange.billed
        assert exchange.billed_seconds == 5
        assert exchange.cost == Decimal("1.68")
        assert exchange.received_at > 0
        assert exchange.elapsed > 0
        assert exchange.host == response.request.headers["host"]

    def test_it_holds_no_secret(self, account: AccountHandle) -> None:
        url = f"{account.base_url}/accounts/{account.id}/ai/run?token={account.token}"
        headers = {
            "authorization": f"Bearer {account.token}",
            "content-type": "application/json",
            "cookie": "session=not-hexadecimal",
            "x-note": f"my {account.token}",
        }
        HTTP.post(url, content=body(INPUT | {"prompt": account.token}), headers=headers)
        exchange = only(account)
        assert account.token not in repr(exchange)
        assert "not-hexadecimal" not in repr(exchange)
        assert exchange.target.endswith("?token=REDACTED")
        assert ("authorization", "Bearer REDACTED") in exchange.request_headers
        assert exchange.token_leaked

    def test_a_request_with_the_token_in_its_header_leaks_nothing(
        self, account: AccountHandle
    ) -> None:
        post(account)
        assert not only(account).token_leaked

    def test_a_token_in_the_target_leaks_also_without_an_authorization_header(
        self, account: AccountHandle
    ) -> None:
        url = f"{account.base_url}/accounts/{account.id}/ai/run?api_key={account.token}"
        HTTP.post(url, content=body())
        assert only(account).token_leaked
        assert account.token not in repr(only(account))

    def test_calls_with_the_same_token_have_the_same_fingerprint(self, server: Server) -> None:
        account = server.account()
        url = f"{account.base_url}/accounts/{account.id}/ai/run"
        tokens = (account.token, account.token, "fault-unavailable", "fault-rate-limited")
        for authorization in (*(f"Bearer {token}" for token in tokens), None):
            headers = {"authorization": authorization} if authorization else {}
            HTTP.post(url, content=body(), headers=headers | {"content-type": "application/json"})
        first, second, third, fourth, last = [x.token_fingerprint for x in account.exchanges]
        assert first == second
        assert len({first, third, fourth}) == 3
        assert last == ""

    def test_numbers_count_up_in_each_account(self, server: Server, account: AccountHandle) -> None:
        other = server.account()
        for _ in range(3):
            post(account)
            post(other)
        assert [e.number for e in account.exchanges] == [1, 2, 3]
        assert [e.number for e in other.exchanges] == [1, 2, 3]


class TestReading:
    """`Exchange.json`, `.input` and `.result`."""

    @pytest.mark.parametrize("profile", ["documented", "live"])
    def test_a_completed_run(self, server: Server, profile: str) -> None:
        account = server.account(profile=profile)
        reply = post(account, INPUT | {"seed": 7}).json()
        (exchange,) = account.wait_for(1, PATIENCE)
        assert exchange.input == exchange.json["input"] == INPUT | {"seed": 7}
        assert exchange.result == (reply["result"] if profile == "live" else reply)["result"]

    @pytest.mark.parametrize(
        "fault", ["rate-limited", "state-failed", "body-truncated", "success-false", "dropped"]
    )
    def test_a_run_without_a_result(self, server: Server, fault: str) -> None:
        account = server.account()
        account.scenario(fault)
        with contextlib.suppress(httpx.HTTPError):
            post(account)
        assert account.wait_for(1, PATIENCE)[0].result is None

    @pytest.mark.parametrize(("sent", "found"), [(b"[]", None), (b"{}", None), (b'"x"', None)])
    def test_a_body_without_an_input(self, server: Server, sent: bytes, found: None) -> None:
        account = server.account()
        post(account, content=sent)
        assert account.wait_for(1, PATIENCE)[0].input is found

    def test_a_body_that_is_no_json(self, server: Server) -> None:
        account = server.account()
        post(account, content=b"{")
        (exchange,) = account.wait_for(1, PATIENCE)
        with pytest.raises(JSONError):
            exchange.json  # noqa: B018 - a property
