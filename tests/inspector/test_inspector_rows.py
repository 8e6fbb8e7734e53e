"""The rows: the text of the input as typed, the reason of a refusal, the model, the price."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from control_client import API, ControlClient
from inspector_client import GOOD, append_run, make_run

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from fake_server.http.factory import create_app
from fake_server.inspector.rows import MAX_EXCERPT, excerpt_of, rows_of

MODELS = Path(__file__).parents[2] / "fixtures" / "contracts"


def body(value: Any, **options: Any) -> bytes:
    """A request body with `value` as input."""
    return json.dumps({"model": Contract.load().model, "input": value}, **options).encode()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (body(GOOD | {"prompt": "café\n\U0001f3ac"}), "café\n\U0001f3ac"),
        (body(GOOD | {"prompt": "café"}, ensure_ascii=False), "café"),
        (body(GOOD | {"prompt": "é" * 1000}), "é" * MAX_EXCERPT),
        (rb'{"input": {"prompt": "a\\u00e9', r"a\u00e9"),
        (b"not JSON", "not JSON"),
        (b"", "POST "),
    ],
)
def test_the_text_of_a_row_is_as_typed(raw: bytes, text: str) -> None:
    assert excerpt_of(make_run(request_body=raw), Contract.load()).startswith(text)


def test_a_refusal_names_the_first_violation() -> None:
    refused = make_run(request_body=body(GOOD | {"seed": -1}), outcome="invalid", status=400)
    completed = make_run(2, request_body=body(GOOD))
    rows = rows_of([refused, completed], ContractSet.of())
    assert [row.reason for row in rows] == ["seed must be at least 0, not -1", ""]


def test_a_call_that_was_perhaps_billed_looks_different_from_a_billed_one() -> None:
    app = create_app()
    price: dict[str, Any] = {"billed": True, "cost": Decimal("1.68")}
    append_run(app, **price)
    append_run(app, **price, outcome="fault", status=500, fault="internal-error")
    page = ControlClient(app).get(f"{API}/").text
    rows = page.partition('id="rows"')[2].partition("</ol>")[0].split("</li>")
    assert ["perhaps 1.68 USD" in row for row in rows] == [True, False, False]
    assert '<span class="billed">1.68 USD</span>' in rows[1]


def test_rows_name_the_model_and_the_filter_selects_it_where_several_are_served() -> None:
    contracts = [
        Contract.load(MODELS / f"{name}.json")
        for name in ("herald__schedule-1", "pixelworks__canvas-3")
    ]
    app = create_app(ContractSet(contracts))
    for contract in contracts:
        append_run(app, request_body=json.dumps({"model": contract.model, "input": {}}).encode())
    client = ControlClient(app)
    every = client.get(f"{API}/").text
    assert all(f'<span class="model">{c.model}</span>' in every for c in contracts)
    chosen = client.get(f"{API}/", params={"model": contracts[0].model}).text
    rows = chosen.partition('id="rows"')[2].partition("</ol>")[0]
    assert contracts[0].model in rows
    assert contracts[1].model not in rows
    assert 'name="model"' not in ControlClient(create_app()).get(f"{API}/").text
