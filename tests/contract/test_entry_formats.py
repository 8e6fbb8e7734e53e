"""Entries load as they are published: both formats, doubtful parts left out with a note."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validate
from aleph_contract.errors import ContractError
from aleph_contract.schema.validation.validator import Validator

ROOT = Path(__file__).parents[2]
CATALOG = sorted((ROOT / "fixtures/catalog").glob("*.json"))
PARTLY = ROOT / "fixtures/contracts/partly"

#: For each published entry with a doubtful part: words of its notes.
NOTES = {
    "anthropic-claude-haiku-4.5": [
        "/raw_response: the example 'Streaming Response' is left out: it is a stream of 2 events"
    ],
    "cloudflare-video": ['must have "model", which is missing'],
}


def load(name: str) -> Contract:
    return Contract.load(ROOT / f"fixtures/catalog/{name}.json")


@pytest.mark.parametrize("path", CATALOG, ids=lambda path: path.stem)
def test_every_published_entry_loads(path: Path) -> None:
    contract = Contract.load(path)
    entry = json.loads(path.read_text())
    assert contract.model == entry.get("model_id", entry["name"])
    wanted = NOTES.get(path.stem, [])
    assert len(contract.notes) == len(wanted)
    assert all(words in note for words, note in zip(wanted, contract.notes, strict=True))
    shown = len(entry.get("examples", ()))
    assert len(contract.examples) == shown - len(wanted)


@pytest.mark.parametrize("path", CATALOG, ids=lambda path: path.stem)
def test_every_example_that_is_kept_agrees_with_both_schemas(path: Path) -> None:
    contract = Contract.load(path)
    output = Validator(contract.output_schema)
    for example in contract.examples:
        assert validate(example.input, contract) == ()
        assert output.violations(example.result) == ()


def test_the_result_of_an_example_is_found_wrapped_and_bare() -> None:
    wrapped, bare = load("minimax-speech-2.8-hd").examples[0], load("minimax-h3").examples[0]
    assert wrapped.result == wrapped.reply["result"]
    assert (bare.result, set(bare.result)) == (bare.reply, {"task"})
    (message,) = load("anthropic-claude-haiku-4.5").examples
    assert message.result == {k: v for k, v in message.reply.items() if k != "gatewayMetadata"}


class TestTheProvidersOwnFormat:
    """`name`, `properties`, `task`, `schema`; no examples."""

    def test_its_members_are_read(self) -> None:
        contract = load("cf-flux-1-schnell")
        assert contract.model == "@cf/black-forest-labs/flux-1-schnell"
        assert (contract.task, contract.in_path, contract.examples) == ("T", True, ())
        assert contract.pricing == {"x": Decimal(0)}
        assert contract.version == ""

    def test_its_annotations_assert_nothing(self) -> None:
        contract = load("cf-aura-1")
        assert contract.output_schema["contentType"] == "audio/mpeg"
        assert Validator(contract.output_schema).is_valid("any text")

    def test_a_third_party_entry_has_its_model_in_the_body(self) -> None:
        contract = load("alibaba-wan-3.0")
        assert not contract.in_path
        assert contract.pricing["@1080p (per second)"] == Decimal("0.2")
        assert contract.task == "Text-to-Video"


class TestMembersThatAreRequiredAndHaveADefault:
    """The publisher writes the parsed side of its schemas; its own examples omit these members."""

    def test_they_are_optional_to_a_caller(self) -> None:
        contract = load("runwayml-gen-4.5")
        assert contract.parsed_schema["required"] == ["prompt", "ratio", "duration"]
        assert contract.input_schema["required"] == ["prompt"]
        assert validate({"prompt": "a"}, contract) == ()
        assert validate({"ratio": "960:960", "duration": 5}, contract) != ()

    def test_all_of_them_gone_leave_no_keyword(self) -> None:
        contract = load("bytedance-seedance-2.5")
        assert "required" not in contract.input_schema
        assert validate({}, contract) == ()

    def test_a_schema_without_any_is_kept_as_it_is(self) -> None:
        contract = Contract.load()
        assert contract.input_schema is contract.parsed_schema


#: Parts that do not make an entry unusable: the note that names each.
LEFT_OUT = {
    "example-without-reply": "needs one of them",
    "example-breaks-input": "/input/prompt: the example 'Long' is left out: it contradicts",
    "example-breaks-output": 'the result must have "video", which is missing',
    "examples-not-a-list": "/examples: is not an array; it is left out",
    "price-is-text": "/pricing/Default (per second): is not a price",
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_part_that_cannot_be_used_is_left_out_and_named(name: str) -> None:
    contract = Contract.load(PARTLY / f"{name}.json")
    (note,) = contract.notes
    assert LEFT_OUT[name] in note
    assert (contract.examples, contract.price_per_second) == ((), None)


def test_every_doubtful_entry_is_tested() -> None:
    assert {path.stem for path in PARTLY.glob("*.json")} == set(LEFT_OUT)


def test_every_reason_is_told_in_one_line() -> None:
    path = ROOT / "fixtures/contracts/broken/several-problems.json"
    with pytest.raises(ContractError) as caught:
        Contract.load(path)
    assert [where for where, _ in caught.value.problems] == [
        "/schema/input/properties/seed",
        "/schema/output/type",
    ]
    text = str(caught.value)
    assert "\n" not in text
    assert "`minimum` 10 and `maximum` 5" in text
    assert "; at /schema/output/type: is not a schema" in text


def test_an_entry_without_model_and_schemas_is_refused_with_each_of_them() -> None:
    with pytest.raises(ContractError) as caught:
        Contract.load(ROOT / "fixtures/contracts/broken/several-misshapen.json")
    assert [where for where, _ in caught.value.problems] == ["", "/schema/input", "/schema"]


#: Values that a part of an entry may hold by mistake.
_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0.5, "", "a", "string", [], ["a"], [1, 1], {}, {"type": "null"}, {"a": {}}]
)


@st.composite
def _entries(draw: st.DrawFn) -> Any:
    """A published entry with up to three parts replaced, deleted or added."""
    entry = json.loads(draw(st.sampled_from(CATALOG)).read_text())
    for _ in range(draw(st.integers(0, 3))):
        part: Any = entry
        while True:
            keys: list[Any] = list(part) if isinstance(part, dict) else list(range(len(part)))
            key: Any = draw(st.sampled_from(keys)) if keys else "added"
            inner = part[key] if keys else None
            deeper = draw(st.integers(0, 4)) > 0
            if isinstance(inner, (dict, list)) and inner and deeper:
                part = inner
                continue
            removes = draw(st.booleans())
            if isinstance(part, dict) and keys and removes:
                del part[key]
            elif isinstance(part, dict) or keys:
                part[key] = deepcopy(draw(_VALUES))  # later edits may change it
            break
        if not entry:
            break
    return entry


@given(_entries())
def test_every_entry_loads_or_is_refused_with_all_its_reasons(entry: Any) -> None:
    """No other exception, and no entry that is half read."""
    problems: tuple[tuple[str, str], ...] = ()
    try:
        contract = Contract.from_entry(entry)
    except ContractError as error:
        problems = error.problems
        contract = Contract.load()
    assert all(reason for _, reason in problems)
    assert len(set(problems)) == len(problems)
    assert problems or contract.model in (entry.get("model_id"), entry.get("name"))
    for example in contract.examples:
        assert validate(example.input, contract) == ()
