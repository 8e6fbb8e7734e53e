"""The JSON report is valid against its schema and has every payload in full."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sample_runs as sample

from aleph_contract.core.escaping import write_json
from aleph_contract.core.jsonvalue import loads
from aleph_contract.core.outcome import Outcome
from aleph_contract.reports.json_report import SCHEMA_VERSION, render
from aleph_contract.rules.coverage import OBSERVED

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report-schema.json").read_text())
RUNS = {**sample.ALL, "hostile": sample.HOSTILE}


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


def _read(run: Any) -> Any:
    return json.loads(render(run))


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema_version"]["const"] == SCHEMA_VERSION


@pytest.mark.parametrize("name", RUNS)
def test_reports_are_valid(name: str) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(_read(RUNS[name]))


def _members(schema: Any) -> Any:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for child in schema.values():
            yield from _members(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _members(child)


def test_the_schema_requires_every_member_and_allows_no_other() -> None:
    """An added or removed member of the report then fails a test."""
    optional = {"intended", "sent"}
    for schema in _members(SCHEMA):
        assert schema["additionalProperties"] is False
        assert set(schema["properties"]) - set(schema["required"]) <= optional


def test_the_schema_has_every_observation() -> None:
    row = SCHEMA["properties"]["coverage"]["properties"]["constraints"]["items"]
    assert row["properties"]["observed"]["enum"] == list(OBSERVED)


def test_the_summary_adds_up() -> None:
    for run in RUNS.values():
        summary = _read(run)["summary"]
        assert summary.pop("total") == sum(summary.values()) == len(run.results)


def test_payloads_are_complete() -> None:
    (case,) = (c for c in _read(sample.FAILING)["cases"] if c["name"] == sample.NORMALISED.name)
    assert case["intended"]["prompt"] == sample.PROMPT
    sent = json.loads(case["exchanges"][0]["request_body"]["text"])
    assert sent["input"]["prompt"] == sample.PROMPT.replace("e\u0308", "ë")
    assert case["changes"] == [
        {
            "pointer": "/prompt",
            "kind": "changed",
            "intended": sample.PROMPT,
            "sent": sent["input"]["prompt"],
            "note": "differs only by normalisation (NFC)",
        }
    ]


def test_a_missing_value_is_not_null() -> None:
    (change,) = _read(sample.run(sample.DROPPED))["cases"][0]["changes"]
    assert change["intended"] == 0
    assert "sent" not in change


def test_bytes_that_are_not_utf_8_are_base64() -> None:
    (exchange,) = _read(sample.HOSTILE)["cases"][0]["exchanges"]
    assert base64.b64decode(exchange["request_body"]["base64"]) == b"\xff\x00<script>"
    assert base64.b64decode(exchange["response_body"]["base64"]) == sample.EVIL_BYTES


def test_money_is_exact() -> None:
    assert _read(sample.FAILING)["traffic"] == {
        "calls": 9,
        "billed": 7,
        "unpriced": 0,
        "cost_usd": "11.760",
    }


def test_calls_of_unknown_price_are_counted_separately() -> None:
    """A call without a duration has no price; one of more than a day is left out of the total."""
    free = replace(sample.exchange(1, sample.INPUT), billed_seconds=None, cost=Decimal(0))
    long = replace(free, billed_seconds=Decimal("1e300"), cost=Decimal("3.36e299"))
    calls = (free, long, sample.exchange(3, sample.INPUT))
    traffic = _read(sample.run(replace(sample.DROPPED, exchanges=calls)))["traffic"]
    assert traffic == {"calls": 3, "billed": 3, "unpriced": 1, "cost_usd": "1.680"}


def test_the_smallest_case_of_each_rule_is_named() -> None:
    assert _read(sample.FAILING)["smallest"] == {
        "request.faithful": "boundary/seed/minimum/on",
        "request.once": "fault/rate-limited/once",
        "boundary.accepted": "boundary/duration/exclusiveMinimum/inside",
        "error.identified": "fault/rate-limited/once",
    }


def test_numbers_keep_their_spelling() -> None:
    text = '{"a":1e0,"b":2.0,"c":18446744073709551617,"d":-0.0,"e":0.1}'
    intended = loads(text)
    written = render(sample.run(replace(sample.DROPPED, intended=intended)))
    for number in ("1e0", "2.0", "18446744073709551617", "-0.0", "0.1"):
        assert f": {number}" in written


class Odd:
    """An object that a Python client may return instead of a video."""

    def __str__(self) -> str:
        return "odd"


@pytest.mark.parametrize("odd", [Odd(), b"x", {"a": Odd()}, [float("nan")], {1: 2}, (1,)])
def test_every_returned_value_is_written_as_json(odd: Any) -> None:
    run = sample.run(replace(sample.DROPPED, outcome=Outcome("result", result=odd)))
    jsonschema.Draft202012Validator(SCHEMA).validate(_read(run))


def test_the_report_is_read_back_unchanged() -> None:
    value = {"a": [], "b": {}, "c": [1, [2, {"d": None}]], "é\u2028\x7f": '\U0001f600 \\ " /'}
    assert json.loads(write_json(value)) == value
    assert write_json(value).isprintable() is False  # line feeds only
    assert write_json({"a": [1, 2]}) == '{\n  "a": [\n    1,\n    2\n  ]\n}'
