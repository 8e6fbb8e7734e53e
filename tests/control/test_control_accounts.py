"""The endpoints that create and list accounts, and the bill and verdict of an account."""

from __future__ import annotations

from decimal import Decimal

import pytest
from control_client import ACCOUNT_PATH, API, ID, ControlClient, append_exchange, numbers

from fake_server.control.dependencies import MAX_CONTROL_BODY
from fake_server.http.app import App


def test_each_new_account_has_its_own_id_and_token(client: ControlClient, app: App) -> None:
    one, two = (client.post(f"{API}/accounts").json() for _ in range(2))
    assert one["id"] != two["id"]
    assert one["token"] != two["token"]
    assert one["env"] == {
        "CLOUDFLARE_BASE_URL": "http://testserver/client/v4",
        "CLOUDFLARE_ACCOUNT_ID": one["id"],
        "CLOUDFLARE_API_TOKEN": one["token"],
    }
    assert app.accounts.get(one["id"]).token == one["token"]


def test_a_new_account_takes_the_given_options(client: ControlClient, app: App) -> None:
    options = {"profile": "live", "credits": 1.68, "spend_limit": "5"}
    response = client.post(f"{API}/accounts", json=options)
    assert response.status_code == 201
    account = app.accounts.get(response.json()["id"])
    assert (account.profile, account.credits) == ("live", Decimal("1.68"))
    assert account.spend_limit is not None
    assert account.spend_limit.usd == 5


def test_a_body_that_curl_declares_as_a_form_is_read_as_json(client: ControlClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = client.post(f"{API}/accounts", content='{"profile":"live"}', headers=headers)
    assert response.json()["profile"] == "live"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "line 1"),
        (b"\xff", 400, "UTF-8"),
        (b"[]", 422, "body: "),
        (b'{"credit":1}', 422, "credit"),
        (b'{"credits":-1}', 422, "credits"),
        (b'{"credits":"much"}', 422, "credits"),
        (b'{"spend_limit_lag":2147483648}', 422, "spend_limit_lag"),
        (b'{"profile":"real"}', 422, "documented or live"),
        (b" " * (MAX_CONTROL_BODY + 1), 413, "larger than"),
    ],
)
def test_invalid_options_of_a_new_account_are_refused(
    client: ControlClient, body: bytes, status: int, message: str
) -> None:
    response = client.post(f"{API}/accounts", content=body)
    assert response.status_code == status
    assert message in response.json()["detail"]


@pytest.mark.parametrize("account", ["x", ID[1:], ID.upper(), f"{ID}0", "%2e%2e"])
@pytest.mark.parametrize("endpoint", ["exchanges", "scenario", "bill", "verdict"])
def test_a_malformed_account_id_is_not_found(
    client: ControlClient, account: str, endpoint: str
) -> None:
    assert client.get(f"{API}/accounts/{account}/{endpoint}").status_code == 404


def test_accounts_with_exchanges_are_listed(client: ControlClient, app: App) -> None:
    append_exchange(app)
    append_exchange(app)
    append_exchange(app, account="")
    assert client.get(f"{API}/accounts").json() == [
        {"id": ID, "total": 2, "dropped": 0},
        {"id": "nobody", "total": 1, "dropped": 0},
    ]
    assert numbers(client.get(f"{API}/accounts/nobody/exchanges")) == [1]


def test_the_bill_is_exact(client: ControlClient, app: App) -> None:
    account = app.accounts.get(ID)
    for seconds in ("0.1", "0.2"):
        account.charge(Decimal(seconds), Decimal(seconds) * Decimal("0.336"))
    account.charge(None, Decimal(0))
    assert client.get(f"{ACCOUNT_PATH}/bill").json() == {
        "account": ID,
        "runs": 3,
        "seconds": "0.3",
        "usd": "0.1008",
        "runs_without_duration": 1,
        "doubtful_runs": 0,
        "doubtful_usd": "0",
        "unknown": "",
    }


def test_the_verdict_names_the_rules_that_the_traffic_breaks(
    client: ControlClient, app: App
) -> None:
    empty = client.get(f"{ACCOUNT_PATH}/verdict").json()
    assert (empty["conformant"], empty["calls"]) == (None, 0), "nothing was examined"
    append_exchange(
        app, request_headers=(("content-type", "text/plain"),), outcome="malformed", status=415
    )
    verdict = client.get(f"{ACCOUNT_PATH}/verdict").json()
    assert verdict["conformant"] is False
    finding = next(f for f in verdict["findings"] if f["rule"] == "request.content-type")
    assert finding["exchanges"] == [1]
    assert finding["level"] == "must"
