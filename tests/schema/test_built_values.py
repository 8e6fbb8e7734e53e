"""Values that are built for a schema: texts of a length or pattern, sizes, negations."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import pytest
from boundary_cases import abbreviated

from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.formats import FORMATS, formed, has_format, unformed
from aleph_contract.schema.generation.strings import PLAIN, stretched
from aleph_contract.schema.regex_samples import matching, near_misses


@pytest.mark.parametrize("length", [1, 2, 3, 12, 43, 44, 45, 1000, 1001])
def test_a_text_to_order_has_the_length_and_no_space_at_its_ends(length: int) -> None:
    texts = [text for text, _ in zip(stretched(PLAIN, length, length), range(20), strict=False)]
    assert {len(text) for text in texts} == {length}
    assert len(set(texts)) == len(texts)
    assert all(text == text.strip() for text in texts)


@pytest.mark.parametrize(
    ("pattern", "low", "high"),
    [
        ("^[a-z]{2,5}$", 4, 4),
        (r"^(foo|bar)-\d+$", 30, 30),
        (r"^https?://[^/]+/", 1000, 1000),
        (r"(?=.*\d).{4,}", 0, 9),
        (r"^\S+$", 1, 1),
        (r"(a|b)\1", 2, 2),
        ("", 3, 3),
    ],
)
def test_a_text_of_a_pattern_is_found_in_the_length_asked_for(
    pattern: str, low: int, high: int
) -> None:
    text = next(matching(pattern, low, high))
    assert low <= len(text) <= high
    assert text.isascii()
    assert re.search(pattern, text)
    assert not any(re.search(f"(?:{pattern})(?!\\n)", t) for _, t in near_misses(pattern))


def test_a_text_is_given_for_every_format_of_the_specification() -> None:
    """`format` asserts nothing, so the other text of each is a probe and never a violation."""
    assert len(FORMATS) == 19
    assert all(good != bad for good, bad in FORMATS.values())


def test_a_value_is_found_in_depth_where_unions_must_end_a_recursion() -> None:
    node = {"anyOf": [{"type": "array", "items": {"$ref": "#"}, "minItems": 1}, {"const": 0}]}
    assert next(Builder(Document(node), {}).values()) == [[[0]]]
    assert next(Builder(Document(node), {}, branch=1).values()) == 0


def test_a_size_asks_for_all_properties_at_one_end() -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 2, "maximum": 9},
            "l": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
        },
    }
    built = {
        size: next(Builder(Document(schema), {}, size).values())
        for size in ("small", "full", "smallest", "largest")
    }
    assert built["small"] == {}
    assert built["smallest"] == {"n": 2, "l": [True]}
    assert built["largest"] == {"n": 9, "l": [True, True, True]}
    assert built["full"].keys() == {"n", "l"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "array", "not": {"uniqueItems": True}, "items": {"const": 1}}, [1, 1]),
        ({"type": "number", "not": {"type": "integer"}, "minimum": 7}, 7.5),
        ({"type": "integer", "not": {"multipleOf": 5}, "minimum": 10}, 11),
        ({"type": "string", "not": {"pattern": "^A"}, "minLength": 3, "maxLength": 3}, "!.."),
        ({"not": {"not": {"const": 3}}}, 3),
        ({"type": "object", "not": {"properties": {"a": {"type": "null"}}}}, {"a": True}),
        ({"if": {"type": "null"}, "then": False, "enum": [None, 2]}, 2),
        (
            {"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}, "required": ["a"]},
            {"a": "x", "b": "x"},
        ),
        ({"propertyNames": {"pattern": "^k"}, "minProperties": 2}, {"k": "x", "ka": "x"}),
        ({"oneOf": [{"minimum": 0}, {"type": "integer"}], "type": "number"}, 0.5),
    ],
    ids=str,
)
def test_a_value_is_found_for_what_only_tells_what_it_is_not(schema: Any, value: Any) -> None:
    found = next(Builder(Document(schema), {}).values())
    assert Document(schema).accepts([schema])(value)
    assert abbreviated(found) == value


def test_what_cannot_be_found_ends_in_finite_time() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}
    assert list(Builder(Document(schema), {}).values()) == []
    puzzle = {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": [1, 2]}}
    assert list(Builder(Document(puzzle), {}).values()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_texts_of_a_format_are_built_for_the_lengths_that_it_has(name: str) -> None:
    """The texts of `date` have one length; no `date-time` is shorter than its sample."""
    length = len(FORMATS[name][0])
    lacking = {"longer": {"date", "uuid"}, "shorter": {"date", "uuid", "date-time", "time"}}
    for size, low, high in (
        ("longer", length + 4, length + 20),
        ("shorter", 0, length - 1),
        ("sample", 0, length),
    ):
        texts = list(islice(formed([name], [], [], low, high), 5))
        assert bool(texts) == (name not in lacking.get(size, ()))
        assert all(low <= len(text) <= high and has_format(name, text) for text in texts)


def test_a_text_of_a_format_and_a_pattern_has_both() -> None:
    texts = list(islice(formed(["email"], [r"@acme\.com$"], [], 20, 20), 9))
    assert any(text.endswith("@acme.com") for text in texts)
    assert {len(text) for text in texts} == {20}


def test_a_text_without_a_format_still_matches_its_pattern() -> None:
    assert "@acme.com" in unformed("email", [r"@acme\.com$"], 0, 30)


@pytest.mark.parametrize(
    ("patterns", "length"),
    [
        (["^[a-z]+$", "^[x-z0-9]+$"], {}),
        (["^[a-z]+$", "^[x-z0-9]+$"], {"minLength": 12, "maxLength": 12}),
        (["^.{5,8}$", "^[A-Z]+$"], {}),
        (["^(cat|dog)", "(red|blue)$"], {"minLength": 12, "maxLength": 12}),
        (["^https://", "\\.(mp4|mov)$"], {}),
        (["^[a-m]+$", "^[k-z]{3}$"], {}),
        (["^(?!admin)", "^[a-z]{5}$"], {}),
        (["^[0-9a-f]{8}", "-[0-9]{4}$"], {"maxLength": 13}),
    ],
)
def test_two_patterns_that_must_both_hold_have_a_value(
    patterns: list[str], length: dict[str, int]
) -> None:
    schema = {"type": "string", "allOf": [{"pattern": each} for each in patterns], **length}
    assert isinstance(next(Builder(Document(schema), {}).values()), str)


@pytest.mark.parametrize("pattern", [r"^\w+$", r"\d", "^.$"])
def test_a_member_whose_name_matches_a_rewritten_pattern_is_built(pattern: str) -> None:
    schema = {"patternProperties": {pattern: {"type": "integer"}}, "minProperties": 1}
    document = Document({"type": "object", **schema, "additionalProperties": False})
    value = next(Builder(document, {}).values())
    assert [type(held) for held in value.values()] == [int]
