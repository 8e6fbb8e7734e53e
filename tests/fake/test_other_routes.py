"""The routes beside the run route: answered as the API answers them, and never judged as runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from calling import CONTRACT, HTTP

from aleph_contract.rules.other_routes import OTHER_ROUTES, route_name
from aleph_contract.rules.traffic import judge_exchange, judge_traffic
from fake_server.account_handle import AccountHandle
from fake_server.replies.failures import PROFILES
from fake_server.runs.other_routes import ANY_ACCOUNT, REPLIES
from fake_server.server import Server, running

#: Route, path below `/client/v4` for the account `{id}`.
PATHS = {
    "GET /user/tokens/verify": "/user/tokens/verify",
    "GET /accounts": "/accounts?page=1",
    "GET /accounts/{id}": "/accounts/{id}",
    "GET /accounts/{id}/tokens/verify": "/accounts/{id}/tokens/verify",
    "GET /accounts/{id}/ai/models/search": "/accounts/{id}/ai/models/search?search=ALEPH",
    "GET /accounts/{id}/ai/models/schema": "/accounts/{id}/ai/models/schema?model=runwayml/aleph-2",
    "GET /accounts/{id}/ai/catalog/models": "/accounts/{id}/ai/catalog/models",
    "GET /accounts/{id}/ai/catalog/models/{model}": (
        "/accounts/{id}/ai/catalog/models/runwayml/aleph-2"
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def account(server: Server) -> AccountHandle:
    return server.account()


def get(account: AccountHandle, path: str, token: str | None = "") -> httpx.Response:
    """GET a path; with the account's own token unless another one, or `None`, is given."""
    headers = {} if token is None else {"authorization": f"Bearer {token or account.token}"}
    return HTTP.get(account.base_url + path.replace("{id}", account.id), headers=headers)


def result(account: AccountHandle, path: str) -> Any:
    response = get(account, path)
    document = response.json()
    assert (response.status_code, document["success"], document["errors"]) == (200, True, [])
    return document["result"]


def test_every_route_has_a_reply_and_a_path_here() -> None:
    assert set(REPLIES) == set(OTHER_ROUTES) == set(PATHS)
    assert {route.provenance for route in REPLIES.values()} <= {*PROFILES.values(), "assumed"}


@pytest.mark.parametrize(("route", "path"), PATHS.items())
def test_a_call_is_answered_and_not_judged(account: AccountHandle, route: str, path: str) -> None:
    account.scenario([{"fault": "rate-limited"}])
    assert get(account, path).status_code == 200
    [exchange] = account.exchanges
    assert exchange.outcome == "other-route"
    assert route_name(exchange.method, exchange.target) == route
    assert list(judge_traffic([exchange], CONTRACT)) == []
    assert judge_exchange(exchange, [], CONTRACT) == ()
    assert account.bill.runs == 0


@pytest.mark.parametrize("path", ["/user/tokens/verify", "/accounts/{id}/tokens/verify"])
def test_the_check_of_a_token_tells_the_right_from_the_wrong_one(
    server: Server, account: AccountHandle, path: str
) -> None:
    assert result(account, path)["status"] == "active"
    assert get(account, path).json()["messages"][0]["code"] == 10000
    missing = get(account, path, None)
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (400, 1001)
    if "{id}" in path:
        wrong = get(account, path, "not-a-token")
        assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (401, 1000)
        other = get(account, path, server.account().token)
        assert (other.status_code, other.json()["errors"][0]["code"]) == (403, 10000)


def test_only_the_listed_tokens_are_active_where_tokens_are_listed() -> None:
    with running(tokens=("the-token",)) as server:
        account = server.account()
        verify = "/user/tokens/verify"
        statuses = [get(account, verify, t).status_code for t in ("the-token", "another", "")]
    assert statuses == [200, 401, 200]


def test_the_accounts_of_a_token_are_its_own(account: AccountHandle) -> None:
    assert [each["id"] for each in result(account, "/accounts")] == [account.id]
    assert result(account, "/accounts/{id}")["id"] == account.id
    assert get(account, "/accounts", "made-up").json()["result"][0]["id"] == ANY_ACCOUNT


def test_the_call_belongs_to_the_account_of_the_token(account: AccountHandle) -> None:
    get(account, "/user/tokens/verify")
    assert [x.target for x in account.exchanges] == ["/client/v4/user/tokens/verify"]


def test_the_search_finds_the_served_models(account: AccountHandle) -> None:
    search = "/accounts/{id}/ai/models/search"
    [model] = result(account, f"{search}?search=Aleph&task=video&author=runwayml")
    assert model["name"] == "runwayml/aleph-2"
    assert model["task"]["name"] == "Text-to-Video"
    assert result(account, f"{search}?search=nothing") == []
    assert result(account, f"{search}?author=aleph") == []
    assert result(account, f"{search}?page=2") == []
    info = get(account, f"{search}?per_page=5").json()["result_info"]
    assert info == {"page": 1, "per_page": 5, "count": 1, "total_count": 1, "total_pages": 1}


@pytest.mark.parametrize("text", ["0", "-1", "x", "9" * 400, "%00", "1e3"])
def test_a_page_that_is_no_number_is_the_first(account: AccountHandle, text: str) -> None:
    search = f"/accounts/{{id}}/ai/models/search?page={text}&per_page={text}"
    assert len(result(account, search)) == 1


def test_the_schema_is_that_of_the_contract(account: AccountHandle) -> None:
    schema = result(account, "/accounts/{id}/ai/models/schema?model=runwayml/aleph-2")
    assert set(schema) >= {"input", "output"}
    unknown = get(account, "/accounts/{id}/ai/models/schema?model=acme/none")
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/user/tokens/verify", 400),
        ("POST", "/accounts/{id}", 400),
        ("GET", "/user", 400),
        ("GET", "/accounts/me", 404),
        ("GET", "/accounts/{id}/ai/models", 400),
    ],
)
def test_any_other_route_or_method_is_none(
    account: AccountHandle, method: str, path: str, status: int
) -> None:
    url = account.base_url + path.replace("{id}", account.id)
    headers = {"authorization": f"Bearer {account.token}"}
    assert HTTP.request(method, url, headers=headers).status_code == status
