"""A run is priced by the published price, or its price is unknown with a reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from calling import CONTRACT

from aleph_contract.contract import Contract
from fake_server.state.pricing import flat_price, quote

TIERS = {
    "@480p (per second)": 0.05, "@720p (per second)": 0.1, "Default (per second)": 0.2,
}  # fmt: skip
VIDEO = {
    "@720p non-video input (per second)": 0.2312, "@720p video input (per second)": 0.9676,
}  # fmt: skip
TOKENS = {"Input tokens (per 1M)": 1, "Output tokens (per 1M)": 5}


def priced(pricing: Any, properties: Any = None) -> Contract:
    given = {"type": "object", "properties": properties or {}}
    schemas = {"input": given, "output": {"type": "object"}}
    return Contract.from_entry({"model_id": "acme/x", "schema": schemas, "pricing": pricing})


@pytest.mark.parametrize(
    ("pricing", "value", "usd"),
    [
        ({"Default (per second)": 0.336}, {"duration": 5}, "1.68"),
        ({"Default (per second)": 0.336}, {"duration": "8s"}, "2.688"),
        (TIERS, {"duration": 2, "resolution": "720P"}, "0.2"),
        (TIERS, {"duration": 2, "quality": "480p"}, "0.1"),
        (TIERS, {"duration": 2, "resolution": "4k"}, "0.4"),
        (VIDEO, {"duration": 1, "resolution": "720p"}, "0.2312"),
        (VIDEO, {"duration": 1, "resolution": "720p", "reference_videos": []}, "0.2312"),
        (VIDEO, {"duration": 1, "resolution": "720p", "reference_videos": ["u"]}, "0.9676"),
        ({"Per image": 0.04}, {}, "0.04"),
        ({"Per image": 0.04}, {"n": 3}, "0.12"),
        ({"Per character": 0.0001}, {"text": "four"}, "0.0004"),
        ({"Per request": 0.5}, {}, "0.5"),
        ({"x": 0}, {}, "0"),
    ],
)
def test_a_price_that_the_input_decides(pricing: Any, value: Any, usd: str) -> None:
    found = quote(priced(pricing), value)
    assert (found.usd, found.unknown) == (Decimal(usd), "")
    assert found.seconds is not None


@pytest.mark.parametrize(
    ("pricing", "value", "reason"),
    [
        ({}, {"duration": 5}, "the catalog entry states no price"),
        (TOKENS, {"duration": 5}, "the price is per token"),
        ({"Default (per second)": 1}, {}, "the input states no duration"),
        ({"Default (per second)": 1}, {"duration": "auto"}, "the input states no duration"),
        ({"Default (per second)": 1}, {"duration": -1}, "the input states no duration"),
        ({"@480p (per second)": 1}, {"duration": 5, "resolution": "1k"}, "no tier of the price"),
        ({"hd": 0.17, "fhd": 0.29}, {"resolution": "hd"}, "the price is per unstated unit"),
        ({"Per image": 1, "Per request": 1}, {}, "units that the input does not decide"),
        ({"Per character": 1}, {}, "no text"),
    ],
)
def test_a_price_that_cannot_be_computed_is_unknown(pricing: Any, value: Any, reason: str) -> None:
    found = quote(priced(pricing), value)
    assert (found.seconds, found.usd) == (None, Decimal(0))
    assert reason in found.unknown


def test_a_default_of_the_schema_stands_for_an_absent_member() -> None:
    contract = priced(TIERS, {"resolution": {"default": "480p"}, "duration": {"default": 10}})
    assert quote(contract, {}).usd == Decimal("0.5")
    assert quote(contract, {"resolution": "720p"}).usd == Decimal(1)


def test_only_a_single_price_per_second_is_flat() -> None:
    assert flat_price(CONTRACT) == Decimal("0.336")
    assert flat_price(priced(TIERS)) is None
    assert flat_price(priced(TOKENS)) is None
