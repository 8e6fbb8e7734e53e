"""A verdict does not rest on forgotten evidence: the journal is bounded, the verdict is not."""

from __future__ import annotations

from typing import Any

import pytest
from calling import body
from control_client import API, ControlClient, append_exchange

from aleph_contract.contract.contract_set import ContractSet
from fake_server.http.app import App
from fake_server.http.control_app import create_control
from fake_server.journal.memory import MemoryJournal
from fake_server.state.accounts import Accounts

ACCOUNT = "a" * 32


@pytest.fixture
def app() -> App:
    """A fake whose journal keeps five exchanges of an account."""
    return App(ContractSet.of(), Accounts(), MemoryJournal(max_exchanges=5))


@pytest.fixture
def client(app: App) -> ControlClient:
    return ControlClient(create_control(app), "http://localhost")


#: A run that breaks no rule, and one that breaks `request.content-type`.
RIGHT = {
    "request_headers": (("content-type", "application/json"),),
    "request_body": body(),
    "outcome": "completed",
    "status": 200,
}
WRONG = {
    "request_headers": (("content-type", "text/plain"),),
    "outcome": "malformed",
    "status": 415,
}


def run(app: App, count: int = 1, exchange: dict[str, Any] = RIGHT) -> None:
    for _ in range(count):
        append_exchange(app, account=ACCOUNT, **exchange)


def verdict(client: ControlClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{API}/accounts/{ACCOUNT}/verdict").json()
    return found


def test_a_violation_stays_found_when_its_exchange_is_dropped(
    client: ControlClient, app: App
) -> None:
    run(app, exchange=WRONG)
    before = verdict(client)
    run(app, 20)
    after = verdict(client)
    assert (before["conformant"], after["conformant"]) == (False, False)
    assert after["findings"] == before["findings"]
    assert {finding["exchanges"][0] for finding in after["findings"]} == {1}
    assert after["exchanges"] == 21


def test_exchanges_dropped_before_a_verdict_make_it_not_checked(
    client: ControlClient, app: App
) -> None:
    run(app, 8)
    found = verdict(client)
    assert (found["conformant"], found["not_judged"]) == (None, 3)
    run(app, 4)
    assert verdict(client)["not_judged"] == 3, "the new ones were judged in time"
    run(app, 7)
    assert verdict(client)["not_judged"] == 5


def test_deleted_exchanges_are_forgotten(client: ControlClient, app: App) -> None:
    run(app, exchange=WRONG)
    assert verdict(client)["conformant"] is False
    client.delete(f"{API}/accounts/{ACCOUNT}/exchanges")
    assert verdict(client)["conformant"] is None
    run(app)
    assert verdict(client)["conformant"] is True
