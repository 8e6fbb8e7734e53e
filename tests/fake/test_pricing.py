"""A run is priced by the published price, or its price is unknown with a reason."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from calling import CONTRACT

from aleph_contract.contract import Contract
from fake_server.state.pricing import per_token, quote

CATALOG = sorted((Path(__file__).parents[2] / "fixtures/catalog").glob("*.json"))

TIERS = {
    "@480p (per second)": 0.05, "@720p (per second)": 0.1, "Default (per second)": 0.2,
}  # fmt: skip
VIDEO = {
    "@720p non-video input (per second)": 0.2312, "@720p video input (per second)": 0.9676,
}  # fmt: skip
TOKENS = {"Input tokens (per 1M)": 1, "Output tokens (per 1M)": 5}
DEFAULT = {"Default (per second)": 1}

#: Of an input that states no seconds, if the schema names no member for them.
NO_SECONDS = (
    "the price is per second, and the input states no"
    " duration or seconds or duration_seconds or duration_ms or music_length_ms"
)


def priced(pricing: Any, properties: Any = None) -> Contract:
    given = {"type": "object", "properties": properties or {}}
    return priced_with(pricing, given)


def priced_with(pricing: Any, given: Any) -> Contract:
    """A contract with this price and this input schema."""
    schemas = {"input": given, "output": {"type": "object"}}
    return Contract.from_entry({"model_id": "acme/x", "schema": schemas, "pricing": pricing})


@pytest.mark.parametrize(
    ("pricing", "value", "seconds", "usd"),
    [
        ({"Default (per second)": 0.336}, {"duration": 5}, "5", "1.68"),
        ({"Default (per second)": 0.336}, {"duration": "8s"}, "8", "2.688"),
        (TIERS, {"duration": 2, "resolution": "720P"}, "2", "0.2"),
        (TIERS, {"duration": 2, "quality": "480p"}, "2", "0.1"),
        (TIERS, {"duration": 2, "quality": "480p", "prompt": ""}, "2", "0.1"),
        (TIERS, {"duration": 2, "resolution": "4k"}, "2", "0.4"),
        (TIERS, {"duration": 2}, "2", "0.4"),
        (TIERS, {"duration": "2s", "resolution": "720p"}, "2", "0.2"),
        ({"Default (per second)": 0.0025}, {"music_length_ms": 30000}, "30", "0.075"),
        (DEFAULT, {"duration_ms": "2500"}, "2.5", "2.5"),
        ({"output_audio_seconds": 1, "Default (per second)": 1}, {"duration": 3}, "3", "3"),
        (VIDEO, {"duration": 1, "resolution": "720p"}, "1", "0.2312"),
        (VIDEO, {"duration": 1, "resolution": "720p", "reference_videos": []}, "1", "0.2312"),
        (VIDEO, {"duration": 1, "resolution": "720p", "video_fps": 24}, "1", "0.2312"),
        (VIDEO, {"duration": 1, "resolution": "720p", "reference_videos": ["u"]}, "1", "0.9676"),
        ({"Per image": 0.04}, {}, "0", "0.04"),
        ({"Per image": 0.04}, {"n": 3}, "0", "0.12"),
        ({"Per character": 0.0001}, {"text": "four"}, "0", "0.0004"),
        ({"Per character": 0.0001}, {"text": 5, "input": "ab"}, "0", "0.0002"),
        ({"Per request": 0.5}, {}, "0", "0.5"),
        ({"Per request": 0.5}, None, "0", "0.5"),
        ({"x": 0}, {}, "0", "0"),
    ],
)
def test_a_price_that_the_input_decides(pricing: Any, value: Any, seconds: str, usd: str) -> None:
    found = quote(priced(pricing), value)
    assert (found.seconds, found.usd, found.unknown) == (Decimal(seconds), Decimal(usd), "")


@pytest.mark.parametrize(
    ("pricing", "value", "reason"),
    [
        ({}, {"duration": 5}, "the catalog entry states no price"),
        (
            TOKENS,
            {"duration": 5},
            "the price is per token, and the reply does not state the input tokens",
        ),
        (
            {"Per 1M": 1},
            {},
            "the price is per token, and the reply does not state the tokens",
        ),
        (DEFAULT, {}, NO_SECONDS),
        (DEFAULT, None, NO_SECONDS),
        (DEFAULT, {"duration": "auto"}, NO_SECONDS),
        (DEFAULT, {"duration": -1}, NO_SECONDS),
        (
            {"Per mile": 1},
            {"miles": 3},
            "the price is per mile, which nothing in the input states",
        ),
        (
            {"@480p (per second)": 1},
            {"duration": 5, "resolution": "1k"},
            "no tier of the price fits the input, and there is no default tier",
        ),
        (
            {"hd": 0.17, "fhd": 0.29},
            {"resolution": "hd"},
            "the price does not say its unit: hd, fhd",
        ),
        (
            {"Per image": 1, "Per request": 1},
            {},
            "the price has units that the input does not decide: Per image, Per request",
        ),
        (
            {"Per character": 1},
            {},
            "the price is per character, and the input states no text or input or prompt",
        ),
        (
            {"output_audio_seconds": 1, "Default (per second)": 2},
            {"duration": 3},
            "several prices fit the input: output_audio_seconds, Default (per second)",
        ),
    ],
)
def test_a_price_that_cannot_be_computed_is_unknown(pricing: Any, value: Any, reason: str) -> None:
    found = quote(priced(pricing), value)
    assert (found.seconds, found.usd) == (None, Decimal(0))
    assert found.unknown == reason


def test_only_a_price_per_million_tokens_depends_on_the_reply() -> None:
    assert per_token(priced(TOKENS))
    for pricing in (TIERS, DEFAULT, {"Per image": 1}, {"hd": 1}, {}):
        assert not per_token(priced(pricing))


@pytest.mark.parametrize("schema", [True, {"type": "object"}])
def test_a_schema_without_properties_has_a_price_too(schema: Any) -> None:
    assert quote(priced_with(TIERS, schema), {"duration": 2, "quality": "480p"}).usd == Decimal(
        "0.1"
    )


def test_the_member_that_the_schema_has_states_the_seconds() -> None:
    contract = priced(DEFAULT, {"duration_ms": {}})
    assert quote(contract, {"duration": 7, "duration_ms": 1000}).seconds == 1


def test_a_default_of_the_schema_stands_for_an_absent_member() -> None:
    properties = {"resolution": {"default": "480p"}, "duration": {"default": 10}, "seed": True}
    contract = priced(TIERS, properties)
    assert quote(contract, {}).usd == quote(contract, None).usd == Decimal("0.5")
    assert quote(contract, {"resolution": "720p"}).usd == Decimal(1)


@pytest.mark.parametrize(
    "rules",
    [
        {"enum": [None, 480, "480P", "720P"]},
        {"anyOf": [True, {"enum": ["480P", "720P"]}]},
        {"oneOf": [True, {"enum": ["480P", "720P"]}]},
        {"anyOf": [{"oneOf": [{"enum": ["720p"]}]}]},
    ],
)
def test_a_member_that_lists_the_tiers_chooses_the_tier(rules: Any) -> None:
    contract = priced(TIERS, {"prompt": {}, "seed": True, "resolution": rules})
    given = {"duration": 1, "prompt": "480p", "resolution": "720P"}
    assert quote(contract, given).usd == Decimal("0.1")


def test_any_member_chooses_the_tier_if_none_lists_the_tiers() -> None:
    contract = priced(TIERS, {"duration": {}, "seed": True, "mode": {"enum": ["fast"]}})
    assert quote(contract, {"duration": 1, "quality": "480p"}).usd == Decimal("0.05")


@pytest.mark.parametrize(
    ("reply", "usd"),
    [
        ({"usage": {"input_tokens": 28, "output_tokens": 425}}, "0.002153"),
        ({"usage": {"prompt_tokens": 1, "completion_tokens": 2}}, "0.000011"),
        ({"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 0}}, "0.00001"),
        (
            {"state": "Completed", "result": {"usage": {"input_tokens": 1, "output_tokens": 1}}},
            "0.000006",
        ),
    ],
)
def test_a_price_per_token_counts_the_tokens_of_the_reply(reply: Any, usd: str) -> None:
    found = quote(priced(TOKENS), {}, reply)
    assert (found.seconds, found.usd, found.unknown) == (Decimal(0), Decimal(usd), "")


@pytest.mark.parametrize("reply", [None, {}, [], {"usage": {"input_tokens": 28}}, {"usage": 1}])
def test_a_price_of_tokens_that_the_reply_does_not_state_is_unknown(reply: Any) -> None:
    found = quote(priced(TOKENS), {}, reply)
    assert found.seconds is None
    assert "the reply does not state the" in found.unknown


def test_only_a_single_price_per_second_is_the_price_per_second() -> None:
    assert CONTRACT.price_per_second == Decimal("0.336")
    for pricing in (TIERS, TOKENS, {"Per image": 1}, {"hd": 1}):
        assert priced(pricing).price_per_second is None


#: The price of the first published example of each entry; or why it is unknown.
PUBLISHED = {
    "alibaba/wan-3.0": "0.25",
    "anthropic/claude-haiku-4.5": "0.002153",
    "black-forest-labs/flux-3-video": (
        "the price does not say its unit: hd, fhd, v2v_hd, v2v_fhd, hd_draft, v2v_hd_draft"
    ),
    "bria/remove-background": "0.018",
    "bytedance/seedance-2.5": "1.156",
    "cloudflare/stt": "the catalog entry states no price",
    "elevenlabs/music-v2": "0.075",
    "google/gemini-3.8-flash": "0.001573",
    "google/nano-banana-2": "the catalog entry states no price",
    "minimax/h3": "0.65",
    "minimax/speech-2.8-hd": "0.0046",
    "openai/gpt-image-2": (
        "the price is per token, and the reply does not state the input text tokens"
    ),
    "pixverse/v6": "the catalog entry states no price",
    "recraft/recraftv4-1": "0.04",
    "runwayml/gen-4.5": "the catalog entry states no price",
    "xai/grok-imagine-video": "0.7",
}


def test_the_price_of_each_published_example() -> None:
    found = {}
    for contract in map(Contract.load, CATALOG):
        for example in contract.examples[:1]:
            price = quote(contract, example.input, example.reply)
            found[contract.model] = price.unknown or str(price.usd.normalize())
    assert found == PUBLISHED
