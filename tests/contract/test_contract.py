"""A contract loads whole or not at all; what is wrong is said with file, place and reason."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aleph_contract.cli import run
from aleph_contract.contract import SHIPPED, Contract
from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import ContractError

ROOT = Path(__file__).parents[2]
ENTRIES = sorted((ROOT / "fixtures/contracts").glob("*.json"))
BROKEN = ROOT / "fixtures/contracts/broken"
PROMPT = {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]}


def entry(**parts: Any) -> dict[str, Any]:
    schema = {"input": PROMPT, "output": {"type": "object"}}
    return {"model_id": "acme/model-1", "schema_version": "1.0.0", "schema": schema} | parts


def without_descriptions(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: without_descriptions(part)
            for name, part in schema.items()
            if name != "description" or not isinstance(part, str)
        }
    return [without_descriptions(part) for part in schema] if isinstance(schema, list) else schema


def test_the_shipped_contract_is_the_published_one() -> None:
    contract, expected = Contract.load(), Contract.load(Path(__file__).with_name("published.json"))
    assert without_descriptions(contract.input_schema) == expected.input_schema
    assert without_descriptions(contract.output_schema) == expected.output_schema
    assert (contract.model, contract.examples) == (expected.model, expected.examples)
    assert contract.price_per_second == expected.price_per_second == Decimal("0.336")


def test_the_shipped_contract_is_read_once() -> None:
    assert Contract.load() is Contract.load()
    assert Contract.load().source == SHIPPED


def test_the_shipped_contract_is_one_that_would_be_let_in() -> None:
    """It is loaded unvetted, since every start of the fake would pay for that."""
    shipped, vetted = (
        Contract.load(),
        Contract.load(ROOT / "aleph_contract/contract/entries" / SHIPPED),
    )
    assert vetted.input_schema == shipped.input_schema
    assert vetted.examples == shipped.examples


def test_a_price_keeps_every_digit_that_was_published() -> None:
    raw = loads(
        json.dumps(entry()).replace('"schema"', '"pricing": {"Per second": 0.10}, "schema"')
    )
    assert str(Contract.from_entry(raw).price_per_second) == "0.10"
    assert Contract.from_entry(entry()).price_per_second is None


def test_an_example_that_shows_only_the_result_is_answered_as_a_completed_run() -> None:
    example = {"name": "One", "input": {"prompt": "a"}, "output": {"video": "v"}}
    (loaded,) = Contract.from_entry(entry(examples=[example])).examples
    assert loaded.reply == {"state": "Completed", "result": {"video": "v"}}


def test_schemas_are_plain_values_whatever_reader_they_came_through() -> None:
    schema = {"input": {"type": "number", "minimum": 0.5}, "output": True}
    contract = Contract.from_entry(loads(json.dumps(entry(schema=schema))))
    assert type(contract.input_schema["minimum"]) is float
    assert type(contract.input_schema) is dict


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.stem)
def test_every_other_entry_loads(path: Path) -> None:
    assert Contract.load(path).source == str(path)


#: For each broken entry the place that is named, and words that the sentence holds.
REFUSALS = {
    "not-json": ("", "line 2 column 25"),
    "not-an-object": ("", "is not a catalog entry"),
    "no-model": ("", "has no `model_id`"),
    "no-schema": ("", "has no `schema`"),
    "several-misshapen": ("", "has no `model_id`"),
    "several-problems": ("/schema/input/properties/seed", "`minimum` 10 and `maximum` 5"),
    "no-input": ("/schema", "has no `input`"),
    "unknown-type": ("/schema/input/properties/prompt/type", '"strin" is not valid'),
    "negative-length": ("/schema/input/properties/prompt/maxLength", "minimum of 0"),
    "bad-pattern": ("/schema/input/properties/prompt/pattern", "not a regular expression"),
    "bad-output-schema": ("/schema/output/type", "is not a schema"),
    "other-dialect": ("/schema/input/$schema", "only https://json-schema.org/draft/2020-12"),
    "dangling-reference": ("/schema/input/properties/prompt/$ref", "leads to no schema"),
    "outside-reference": ("/schema/input/properties/prompt/$ref", "outside this document"),
    "ambiguous-dynamic-reference": (
        "/schema/input/properties/a/$dynamicRef",
        "one of several $dynamicAnchor",
    ),
    "crossed-bounds": ("/schema/input/properties/seed", "`minimum` 10 and `maximum` 5"),
    "no-integer-between": ("/schema/input/properties/seed", "`exclusiveMaximum` 2"),
    "crossed-lengths": ("/schema/input/properties/a", "`minLength` 5 and `maxLength` 3"),
    "two-types": ("/schema/input", "several types at once"),
    "enum-of-another-type": ("/schema/input/properties/mode", "reject"),
    "required-but-forbidden": ("/schema/input", "requires `video` and does not allow it"),
    "too-few-allowed": ("/schema/input", "`maxProperties` 1"),
    "input-false": ("/schema/input", "no valid input was found"),
    "not-anything": ("/schema/input", "no valid input was found"),
    "endless-recursion": ("/schema/input", "no valid input was found"),
    "union-of-nothing": ("/schema/input", "no valid input was found"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_broken_entry_is_refused_with_its_place_and_reason(name: str) -> None:
    location, words = REFUSALS[name]
    path = BROKEN / f"{name}.json"
    with pytest.raises(ContractError) as caught:
        Contract.load(path)
    assert (caught.value.source, caught.value.location) == (str(path), location)
    assert words in caught.value.reason


def test_every_broken_entry_is_tested() -> None:
    assert {path.stem for path in BROKEN.glob("*.json")} == set(REFUSALS)


def test_a_file_that_is_not_there_is_a_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["cases", "--contract", "no/such.json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "aleph-contract: no/such.json: cannot be read: No such file or directory\n"


def test_a_broken_entry_is_a_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    path = BROKEN / "crossed-bounds.json"
    assert run(["cases", "--contract", str(path)]) == 2
    assert capsys.readouterr().err.startswith(
        f"aleph-contract: {path} at /schema/input/properties/seed: cannot be satisfied"
    )


@pytest.mark.parametrize(
    ("schema", "satisfiable"),
    [
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 5e-324}, True),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 5e-324}, False),
        ({"type": "integer", "minimum": 0.5, "maximum": 1.5}, True),
        ({"type": "integer", "minimum": 0.1, "maximum": 0.9}, False),
        ({"type": ["integer", "null"], "minimum": 2, "maximum": 1}, True),
        ({"minimum": 2, "maximum": 1}, True),
        ({"type": "null"}, True),
        ({"const": None}, True),
        ({"enum": [1, "a"], "type": "string", "pattern": "^a$"}, True),
        ({"enum": [1, "b"], "type": "string", "pattern": "^a$"}, False),
    ],
)
def test_only_what_nothing_keeps_is_called_unsatisfiable(schema: Any, satisfiable: bool) -> None:
    given = entry(schema={"input": schema, "output": True})
    if satisfiable:
        assert Contract.from_entry(given).input_schema == schema
    else:
        with pytest.raises(ContractError, match="cannot be satisfied"):
            Contract.from_entry(given)


def test_a_property_that_may_never_be_given_is_no_contradiction() -> None:
    never = {
        "$defs": {"never": False},
        "properties": {"old": {"$ref": "#/$defs/never"}, "b": False},
    }
    Contract.from_entry(entry(schema={"input": {"type": "object"} | never, "output": True}))
