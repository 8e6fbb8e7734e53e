"""The endpoint that lists, filters, waits for and deletes exchanges."""

from __future__ import annotations

import base64
import threading
from decimal import Decimal

import pytest
from control_client import ACCOUNT_PATH, ControlClient, append_exchange, numbers

from fake_server.control import exchange_schemas
from fake_server.http.app import App


def test_a_response_holds_every_field_of_an_exchange(client: ControlClient, app: App) -> None:
    append_exchange(
        app, billed=True, billed_seconds=Decimal("1E+1"), cost=Decimal("3.360"), fault="drip"
    )
    document = client.get(f"{ACCOUNT_PATH}/exchanges").json()
    exchange_schemas.ExchangesModel.model_validate(document)
    (exchange,) = document["exchanges"]
    assert exchange["request_headers"] == [
        ["host", "localhost"],
        ["authorization", "Bearer REDACTED"],
    ]
    assert exchange["response_body"]["text"] == "naïve \U0001f3ac"
    assert (exchange["billed_seconds"], exchange["cost_usd"]) == ("10", "3.360")
    assert (exchange["fault"], exchange["received_at"], exchange["seconds"]) == ("drip", 1.5, 0.25)


def test_a_body_that_is_not_utf_8_is_exact(client: ControlClient, app: App) -> None:
    raw = bytes(range(256))
    append_exchange(app, request_body=raw)
    (exchange,) = client.get(f"{ACCOUNT_PATH}/exchanges").json()["exchanges"]
    assert exchange["request_body"]["text"] is None
    assert base64.b64decode(exchange["request_body"]["base64"]) == raw


def test_a_long_journal_is_one_json_document(client: ControlClient, app: App) -> None:
    for _ in range(100):
        append_exchange(app)
    document = client.get(f"{ACCOUNT_PATH}/exchanges").json()
    assert numbers(client.get(f"{ACCOUNT_PATH}/exchanges")) == list(range(1, 101))
    assert (document["total"], document["dropped"], document["timed_out"]) == (100, 0, False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("outcome=completed", [2]),
        ("status=400", [1, 3]),
        ("fault=drip", [2]),
        ("text=golden", [3]),
        ("since=1", [2, 3]),
        ("before=3", [1, 2]),
        ("limit=1", [3]),
        ("status=400&limit=1", [3]),
    ],
)
def test_exchanges_are_filtered(
    client: ControlClient, app: App, query: str, found: list[int]
) -> None:
    append_exchange(app)
    append_exchange(app, outcome="completed", status=200, fault="drip")
    append_exchange(app, request_body=b"golden")
    assert numbers(client.get(f"{ACCOUNT_PATH}/exchanges?{query}")) == found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("outcome=complete", "completed"),
        ("fault=driip", "drip"),
        ("status=ok", "status"),
        ("since=-1", "since"),
        (f"since={2**64}", "since"),
        ("limit=1e3", "limit"),
        ("timeout=301", "timeout"),
        ("timeout=nan", "timeout"),
        ("wait_for=-1", "wait_for"),
    ],
)
def test_an_invalid_filter_is_refused(client: ControlClient, query: str, message: str) -> None:
    response = client.get(f"{ACCOUNT_PATH}/exchanges?{query}")
    assert response.status_code == 422
    assert message in response.json()["detail"]


def test_waiting_ends_when_the_exchanges_arrive(client: ControlClient, app: App) -> None:
    later = threading.Timer(0.05, append_exchange, [app])
    later.start()
    response = client.get(f"{ACCOUNT_PATH}/exchanges?wait_for=1&timeout=20")
    later.join()
    assert numbers(response) == [1]
    assert response.json()["timed_out"] is False


def test_after_a_timeout_the_response_says_so_and_lists_the_exchanges(
    client: ControlClient, app: App
) -> None:
    append_exchange(app)
    response = client.get(f"{ACCOUNT_PATH}/exchanges?wait_for=2&timeout=0.01")
    assert numbers(response) == [1]
    assert response.json()["timed_out"] is True
    assert client.get(f"{ACCOUNT_PATH}/exchanges?wait_for=1&timeout=0&status=500").json()[
        "timed_out"
    ]


def test_exchanges_are_deleted(client: ControlClient, app: App) -> None:
    append_exchange(app)
    assert client.delete(f"{ACCOUNT_PATH}/exchanges").status_code == 204
    assert numbers(client.get(f"{ACCOUNT_PATH}/exchanges")) == []
