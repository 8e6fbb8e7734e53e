"""One fake, many models: each is answered by its own contract, and all are listed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import HTTP

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.rules.parsed_exchange import read_request
from aleph_contract.rules.traffic import judge_traffic
from aleph_contract.schema.generation.builder import Builder
from fake_server.account_handle import AccountHandle
from fake_server.inspector.exchange_detail import exchange_detail
from fake_server.server import Server, running

ROOT = Path(__file__).parents[2]
ENTRY = ROOT / "aleph_contract/contract/entries/runwayml__aleph-2.json"
FLUX = "@cf/black-forest-labs/flux-1-schnell"


@pytest.fixture(scope="module")
def contracts() -> ContractSet:
    return ContractSet.load([ROOT / "fixtures/catalog", ENTRY])


@pytest.fixture(scope="module", params=["fast path", "ASGI"])
def server(request: pytest.FixtureRequest, contracts: ContractSet) -> Iterator[Server]:
    with running(contracts) as started:
        if request.param != "fast path":
            started.app.runs.fast_path = None
        yield started


def valid_input(contract: Contract) -> Any:
    """An input of the documentation, or the first one that can be built."""
    shown = [dict(example.input) for example in contract.examples]
    return shown[0] if shown else next(Builder(contract.document, {}).values())


def call(account: AccountHandle, path: str, document: Any, method: str = "POST") -> Any:
    return HTTP.request(
        method,
        f"{account.base_url}/accounts/{account.id}{path}",
        json=document,
        headers={"authorization": f"Bearer {account.token}"},
    )


def test_each_model_is_answered_by_its_own_contract(contracts: ContractSet, server: Server) -> None:
    """A valid and a violating input of every model, each twice: the second on the fast path."""
    account = server.account()
    for model in contracts:
        contract = contracts[model]
        for value, status in ((valid_input(contract), 200), ([], 400)):
            path = "/ai/run"
            document: Any = {"model": model, "input": value}
            if contract.in_path:
                path, document = f"/ai/run/{model}", value
            for _ in range(2):
                assert call(account, path, document).status_code == status, model
            sent = read_request(account.exchanges[-1])
            assert (sent.model, sent.input) == (model, value)
    findings = [
        (finding.rule, finding.message)
        for result in judge_traffic(account.exchanges, contracts, refusals_meant=True)
        for finding in result.findings
        if finding.level == "must" and finding.rule.startswith("request.")
    ]
    assert findings == []


class TestTheModelInThePath:
    """`POST …/ai/run/@cf/…` with the input as the body; no third-party model has that form."""

    def test_a_third_party_model_in_the_path_is_no_route(self, server: Server) -> None:
        account = server.account()
        for path in ("/ai/run/runwayml/aleph-2", "/ai/run/runwayml%2Faleph-2"):
            response = call(account, path, {"prompt": "a"})
            assert "No route for that URI" in response.text

    def test_a_model_of_the_providers_own_is_unknown_in_the_body(self, server: Server) -> None:
        account = server.account()
        response = call(account, "/ai/run", {"model": FLUX, "input": {"prompt": "a"}})
        assert (response.status_code, account.exchanges[-1].outcome) == (404, "unknown-model")

    def test_its_route_is_judged(self, contracts: ContractSet, server: Server) -> None:
        account = server.account()
        call(account, "/ai/run", {"model": FLUX, "input": {"prompt": "a"}})
        (result,) = judge_traffic(account.exchanges, contracts)
        assert "request.route" in {finding.rule for finding in result.findings}

    def test_an_unknown_one_is_not_found(self, server: Server) -> None:
        response = call(server.account(), "/ai/run/@cf/acme/none", {"prompt": "a"})
        assert (response.status_code, "Model not found" in response.text) == (404, True)


class TestTheListing:
    """`GET …/ai/catalog/models` and `/{id}`."""

    def test_all_models_are_listed_as_published(
        self, contracts: ContractSet, server: Server
    ) -> None:
        listed = call(server.account(), "/ai/catalog/models", None, "GET").json()["result"]
        assert [entry.get("model_id", entry.get("name")) for entry in listed] == list(contracts)

    @pytest.mark.parametrize("name", ["minimax/h3", "minimax%2Fh3"])
    def test_one_is_listed_by_its_id(self, server: Server, name: str) -> None:
        response = call(server.account(), f"/ai/catalog/models/{name}", None, "GET").json()
        assert response["success"] is True
        assert response["result"]["model_id"] == "minimax/h3"

    def test_a_listing_is_no_run(self, contracts: ContractSet, server: Server) -> None:
        account = server.account()
        account.scenario([{"fault": "rate-limited"}])
        call(account, "/ai/catalog/models", None, "GET")
        missing = call(account, "/ai/catalog/models/acme/none", None, "GET")
        assert missing.status_code == 404
        assert [x.outcome for x in account.exchanges] == ["other-route", "other-route"]
        assert list(judge_traffic(account.exchanges, contracts)) == []
        assert call(account, "/ai/catalog/models", {}, "POST").status_code == 405


def test_an_unknown_model_gets_a_hint_on_standard_error_and_on_the_page(
    contracts: ContractSet, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    account = server.account()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            call(account, "/ai/run", {"model": "runwayml/gen-4.6", "input": {"prompt": "a"}})
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "no model 'runwayml/gen-4.6' was found; did you mean runwayml/gen-4.5" in told[0]
    detail = exchange_detail(account.exchanges[-1], server.app.journal, contracts)
    assert "did you mean runwayml/gen-4.5" in detail.hint
