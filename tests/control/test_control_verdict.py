"""A verdict does not rest on forgotten evidence: the journal is bounded, the verdict is not."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import pytest
from calling import body
from control_client import API, ControlClient, append_exchange

from aleph_contract.contract.contract_set import ContractSet
from fake_server.control.verdict import account_verdict
from fake_server.http.app import App
from fake_server.http.control_app import create_control
from fake_server.inspector.exchange_detail import exchange_detail
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


class TestBordersOfTests:
    """The verdict reads the tests that a test runner reports, as `exec` does."""

    #: A refusal that a client must not repeat.
    REFUSED: ClassVar = RIGHT | {"outcome": "unauthenticated", "status": 401, "elapsed": 0.0}

    def test_equal_calls_of_two_tests_are_no_retry(self, client: ControlClient, app: App) -> None:
        run(app, exchange=self.REFUSED | {"received_at": 1.0})
        run(app, exchange=self.REFUSED | {"received_at": 2.0})
        assert rules(client) == ["error.not-retried"], "a guess without borders"
        client.delete(f"{API}/accounts/{ACCOUNT}/exchanges")
        for name in ("one", "two"):
            run_test(app, name, self.REFUSED)
        assert rules(client) == []

    def test_a_retry_within_a_test_is_no_guess(self, client: ControlClient, app: App) -> None:
        run_test(app, "one", self.REFUSED, count=2, outcome="failed")
        assert verdict(client)["conformant"] is False
        assert rules(client) == ["error.not-retried"]

    def test_a_refusal_is_meant_if_its_test_passes(self, client: ControlClient, app: App) -> None:
        run_test(app, "one", WRONG, outcome="failed")
        assert verdict(client)["conformant"] is False
        client.delete(f"{API}/accounts/{ACCOUNT}/exchanges")
        run_test(app, "two", WRONG)
        assert verdict(client)["conformant"] is True

    def test_the_page_of_an_exchange_agrees_with_the_verdict(self, app: App) -> None:
        run_test(app, "one", WRONG, outcome="failed")
        run_test(app, "two", WRONG)
        suite = app.suite.seen_with(app.journal)
        found = [
            [b.rule.id for b in exchange_detail(x, app.journal, app.contracts, suite).broken_rules]
            for x in app.journal.exchanges(ACCOUNT)
        ]
        assert found == [["request.content-type", "request.valid"], []]

    def test_a_wrong_route_in_a_test_that_completes_a_run_is_not_meant(self, app: App) -> None:
        number = app.suite.start("p", "one")
        run(app, exchange=RIGHT | {"received_at": time.time()})
        run(app, exchange=RIGHT | {"received_at": time.time(), "outcome": "no-route"})
        app.suite.finish(number or 0, "passed")
        suite = app.suite.seen_with(app.journal)
        found = account_verdict(ACCOUNT, app.journal.exchanges(ACCOUNT), app.contracts, suite)
        assert [finding.rule for finding in found.findings] == ["request.route"]


def run_test(
    app: App, name: str, exchange: dict[str, Any], count: int = 1, outcome: Any = "passed"
) -> None:
    """Run a test that makes a call `count` times."""
    number = app.suite.start("p", name)
    for _ in range(count):
        run(app, exchange=exchange | {"received_at": time.time()})
    app.suite.finish(number or 0, outcome)


def rules(client: ControlClient) -> list[str]:
    return [finding["rule"] for finding in verdict(client)["findings"]]
