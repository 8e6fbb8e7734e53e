"""Every page renders for every entry, as the only model and as one of many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from control_client import API, ID, ControlClient

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from fake_server.http.app import App
from fake_server.http.factory import create_app
from fake_server.inspector.traffic_counter import TrafficCounter

FIXTURES = Path(__file__).parents[2] / "fixtures"
ENTRIES = [
    *sorted(FIXTURES.glob("contracts/*.json")),
    *sorted(FIXTURES.glob("catalog/*.json"))[::8],
]

#: Member names that are hard to show.
ODD_NAMES = ("", "a/b", "~", "<odd name>", "%s", '"', "é\u202e", "prompt\n", "__class__", "0")


def run(app: App, contract: Contract, given: Any) -> int:
    """Run the model with an input; return the status."""
    path = f"/{contract.model}" if contract.in_path else ""
    body = given if contract.in_path else {"model": contract.model, "input": given}
    answer = ControlClient(app).post(
        f"/client/v4/accounts/{ID}/ai/run{path}",
        content=json.dumps(body).encode(),
        headers={"authorization": "Bearer any", "content-type": "application/json"},
    )
    return int(answer.status_code)


def pages(app: App) -> list[str]:
    """The text of the start page, and of the page of every exchange with its sections."""
    client = ControlClient(app)
    last = app.journal.tally(ID).total
    paths = [f"{API}/", *(f"{API}/inspector/{ID}/{n}" for n in range(1, last + 1))]
    sections: list[tuple[str, str | None]] = [(path, None) for path in paths]
    sections += [(paths[-1], name) for name in ("list", "sidebar", "exchange")]
    found = []
    for path, section in sections:
        answer = client.get(path, headers={"x-section": section} if section else {})
        assert answer.status_code == 200, (path, section, answer.text)
        found.append(answer.text)
    return found


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda path: path.stem)
def test_every_page_renders_for_an_entry_that_is_the_default(entry: Path) -> None:
    contract = Contract.load(entry)
    app = create_app(contract)
    given = contract.examples[0].input if contract.examples else {}
    values: list[Any] = [given, {"no-such-member": 1}, []]
    for value in values:
        assert run(app, contract, value) in (200, 400)
    assert {x.outcome for x in app.journal.exchanges(ID)} <= {"completed", "invalid"}
    start = pages(app)[0]
    assert contract.model in start


def test_every_page_renders_for_members_with_odd_names() -> None:
    properties = {name: {"type": "string", "minLength": 2} for name in ODD_NAMES}
    given = {"type": "object", "properties": properties, "required": list(ODD_NAMES)}
    schemas = {"input": given, "output": {"type": "object", "properties": {"": {}}}}
    contract = Contract.from_entry({"model_id": "acme/<odd>&model", "schema": schemas})
    app = create_app(contract)
    assert run(app, contract, dict.fromkeys(ODD_NAMES, "ok")) == 200
    assert run(app, contract, dict.fromkeys(ODD_NAMES, "x")) == 400
    for text in pages(app):
        assert "<odd" not in text


def test_the_coverage_chart_names_each_model_that_was_called() -> None:
    names = ("herald__schedule-1", "pixelworks__canvas-3", "scribe__transcribe-5")
    contracts = [Contract.load(FIXTURES / "contracts" / f"{name}.json") for name in names]
    app = create_app(ContractSet(contracts))
    assert "and 2 other models" in pages(app)[0]
    for contract in contracts[:2]:
        run(app, contract, contract.examples[0].input)
    counter = TrafficCounter(app.journal, app.contracts)
    while counter.unfinished:
        counter.advance(1.0)
    charts = [name for name, _ in counter.chart()]
    rows = ControlClient(app).get(f"{API}/coverage").json()["constraints"]
    called = {contract.model for contract in contracts[:2]}
    assert {row["model"] for row in rows} == called
    assert {name.partition(": ")[0] for name in charts} == called
