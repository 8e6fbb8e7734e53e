"""The first violation, found in the narrowest part, is the one that the list of all begins with."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from aleph_contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.schema.validation.descent import is_self_contained
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import leaves

FIXTURES = Path(__file__).parents[2] / "fixtures"

TAGGED = {
    "anyOf": [
        {"type": "string", "enum": ["a"]},
        {"properties": {"kind": {"const": 1}, "x": {"type": "integer"}}, "required": ["x"]},
        {"properties": {"kind": {"type": "string", "const": "two"}, "y": {"minimum": 2}}},
        {"type": ["array", "null"], "items": {"type": "integer"}},
    ]
}

#: Schemas that are simple only in part.
SCHEMAS: dict[str, Any] = {
    "tagged": TAGGED,
    "union of unions": {"oneOf": [TAGGED, {"type": "integer"}, {"type": "number", "minimum": 3}]},
    "branch within a branch": {
        "anyOf": [{"properties": {"kind": TAGGED}}, {"type": "array", "items": TAGGED}]
    },
    "type before tag": {
        "anyOf": [
            {"properties": {"kind": {"type": "string", "const": "two"}}},
            {"required": ["c", "d"]},
        ],
    },
    "tags of any member": {
        "anyOf": [
            {"additionalProperties": {"const": 1}},
            {"properties": {"a": {"const": 5}, "b": {}}, "required": ["a"]},
        ],
    },
    "tag applied in place": {
        "anyOf": [
            {"properties": {"a": {"allOf": [{"const": 1}]}}},
            {"properties": {"b": {"const": 1}}},
        ],
    },
    "type applied in place": {
        "anyOf": [{"allOf": [{"type": "string"}]}, {"properties": {"a": {"const": 6}}}],
    },
    "several branches match": {
        "oneOf": [{"type": "integer"}, {"minimum": 3}, {"type": "string"}],
    },
    "several keywords": {
        "type": "object",
        "properties": {"b": {"type": "integer", "maximum": 2}, "a": {"minLength": 2}, "c": TAGGED},
        "required": ["a"],
        "minProperties": 2,
        "additionalProperties": False,
    },
    "keywords of one value": {
        "properties": {
            "a": {
                "title": "of any type",
                "type": ["string", "array", "object", "integer"],
                "minLength": 3,
                "pattern": "^x",
                "items": {"type": "integer"},
                "maxItems": 1,
                "minItems": 1,
                "properties": {"c": {"const": 1}},
                "minProperties": 2,
                "maxProperties": 3,
                "additionalProperties": False,
                "exclusiveMinimum": 2,
                "maximum": 5,
            },
            "b": {"items": False, "maxItems": 1},
            "c": {"type": "object", "maxProperties": 1, "dependentRequired": {"a": ["b"]}},
            "d": {"enum": ["xyz", [1]], "maxLength": 2, "const": [1]},
            "e": {"required": ["d", "c", "b"], "type": "object"},
        }
    },
    "array": {"type": "array", "items": {"items": TAGGED}, "maxItems": 2},
    "references": {
        "properties": {"a": {"$ref": "#/$defs/tagged"}, "b": {"type": "integer"}},
        "$defs": {"tagged": TAGGED},
    },
    "closed later": {
        "properties": {"a": {"properties": {"b": {"const": 1}}, "unevaluatedProperties": False}},
        "unevaluatedProperties": False,
    },
    "false": {"properties": {"a": False, "b": {"items": False}, "c": True}},
    "names": {"properties": {"a": {"propertyNames": {"const": "b"}}, "b/~": {"const": 1}}},
    "empty name": {"properties": {"": {"type": "integer"}, "a": TAGGED}},
    "large numbers": {"properties": {"a": {"const": 2**60}, "b": {"type": "integer"}}},
}

#: Values for the schemas whose shape does not lead to them.
VALUES: dict[str, list[Any]] = {
    "keywords of one value": [
        *({"a": value} for value in ("x", "y", "abcd", [], [1, 2], [1, "a"], 1, 2.5, 9, None)),
        *({"a": dict.fromkeys(names, 1)} for names in ("", "a", "c", "bd", "bcde", "abcde")),
        *({"b": value} for value in ([1], [1, 2])),
        *({"c": value} for value in ("x", {"a": 1}, {"a": 1, "c": 1})),
        *({"d": value} for value in ("xyz", "abc", [1], [2])),
        *({"e": dict.fromkeys(names, 1)} for names in ("", "a", "b", "bcd")),
    ],
    "type before tag": [{"kind": 1}, {"kind": 2.5, "c": 1}, {"kind": "x"}],
    "tags of any member": [{"a": a, "b": b} for a in (1, 2, 5) for b in (1, 2)],
    "tag applied in place": [{"a": a, "b": b} for a in (1, 2) for b in (1, 2)],
    "type applied in place": [{"a": 2}, {"a": 3, "b": 1}, 5],
    "several branches match": [4, 5, 3, 2, "a"],
}

JUNK: list[Any] = [
    None,
    True,
    0,
    1,
    2,
    -1,
    2.5,
    2.0,
    31,
    2**60,
    "",
    "a",
    "two",
    "https://example.com/a.mp4",
]
JUNK += [[], {}, [1], ["a", 2], {"": 1}, {"kind": "two", "y": 1}, {"kind": 1}]


def drawn(schema: Any, choose: random.Random) -> Any:
    """A value that fits the shape of a schema in most places."""
    if not isinstance(schema, dict) or choose.random() < 0.08:
        return choose.choice(JUNK)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return drawn(choose.choice(branches), choose)
    if "properties" in schema:
        kept = [name for name in schema["properties"] if choose.random() < 0.8]
        value = {name: drawn(schema["properties"][name], choose) for name in kept}
        return value if choose.random() < 0.9 else {**value, "": 1, "other": 2}
    if "items" in schema:
        return [drawn(schema["items"], choose) for _ in range(choose.randrange(6))]
    listed = schema.get("enum") or [schema.get("const", choose.choice(JUNK))]
    return choose.choice(listed)


#: Some entries of real models, by name: they share most keywords.
PUBLISHED = {
    path.stem: path
    for path in sorted([*FIXTURES.glob("catalog/*.json"), *FIXTURES.glob("contracts/*.json")])[::3]
}


@pytest.mark.parametrize("name", [*SCHEMAS, *PUBLISHED])
def test_the_first_violation_is_the_first_of_the_list(name: str) -> None:
    schema = SCHEMAS[name] if name in SCHEMAS else Contract.load(PUBLISHED[name]).input_schema
    validator = Validator(schema)
    choose = random.Random(20260615)  # noqa: S311 - not for secrets
    refused = 0
    for value in [*VALUES.get(name, ()), *(drawn(schema, choose) for _ in range(60))]:
        if not validator.is_valid(value):
            refused += 1
            expected = leaves(validator.violations(value))[0]
            located = validator.first_violation(value)
            found = located and located.described()
            assert (found, found and found.message) == (expected, expected.message), value
    assert refused > (0 if name in VALUES else 3)


def test_only_a_simple_schema_is_entered() -> None:
    """In the shipped contract, one branch of one item is reached."""
    schema = Contract.load().input_schema
    assert is_self_contained(schema)
    assert not is_self_contained(SCHEMAS["references"])
    position = {"type": "position", "positionPercentage": 3}
    images = [{"uri": "a", "position": "first"}, {"uri": "b", "position": position}]
    value = {"prompt": "p", "video_uri": "https://example.com/a.mp4", "prompt_images": images}
    node, path, part = validator_for(Contract.load())._root.narrowest(value)
    assert path == ("prompt_images", 1, "position", "positionPercentage")
    assert node.path[-4:] == ("anyOf", 2, "properties", "positionPercentage")
    assert part == 3
