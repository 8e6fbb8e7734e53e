"""What to read first of many violations, and what each says to a person."""

from __future__ import annotations

from typing import Any

import pytest

from aleph_contract.contract.validate import validate
from aleph_contract.schema.validation.messages import place, quote, sentence
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import leaves, nearest

GOOD = {"prompt": "Make it night", "video_uri": "https://example.com/a.mp4"}
FRAME = {"uri": "a"}


def told(more: dict[str, Any]) -> list[str]:
    return [leaf.message for leaf in leaves(validate(GOOD | more))]


class TestNearestBranch:
    """A person reads of the alternative that was meant, not of all."""

    @pytest.mark.parametrize(
        ("frame", "message"),
        [
            ({"seconds": 31}, "keyframes[0].seconds must be at most 30, not 31"),
            ({"at": -0.5}, "keyframes[0].at must be at least 0, not -0.5"),
            ({"seconds": "5"}, 'keyframes[0].seconds must be a number, not "5"'),
            ({"at": 1, "note": 1}, 'keyframes[0] must not have "note"'),
            (
                {"seconds": 1, "at": 1},
                'keyframes[0] must not have "at"; or must not have "seconds"',
            ),
            (
                {},
                (
                    'keyframes[0] must have "seconds", which is missing;'
                    ' or must have "at", which is missing'
                ),
            ),
        ],
    )
    def test_keyframes(self, frame: dict[str, Any], message: str) -> None:
        assert told({"keyframes": [FRAME | frame]}) == [message]

    @pytest.mark.parametrize(
        ("position", "messages"),
        [
            ("middle", ['prompt_images[0].position must be "first" or "last", not "middle"']),
            (5, ["prompt_images[0].position must be a string, not 5; or must be an object, not 5"]),
            (
                {"type": "timestamp", "timestampSeconds": -1},
                ["prompt_images[0].position.timestampSeconds must be at least 0, not -1"],
            ),
            (
                {"type": "position"},
                ['prompt_images[0].position must have "positionPercentage", which is missing'],
            ),
            (
                {"type": "Timestamp", "timestampSeconds": 1},
                ['prompt_images[0].position.type must be "timestamp", not "Timestamp"'],
            ),
            (
                {"type": "timestamp", "positionPercentage": 0.5},
                [
                    'prompt_images[0].position must not have "positionPercentage"',
                    'prompt_images[0].position must have "timestampSeconds", which is missing',
                ],
            ),
        ],
    )
    def test_positions_by_their_tag(self, position: Any, messages: list[str]) -> None:
        assert told({"prompt_images": [FRAME | {"position": position}]}) == messages

    def test_the_first_of_equally_near_branches_is_the_nearest(self) -> None:
        [union] = validate(GOOD | {"keyframes": [FRAME]})
        assert nearest(union) == union.branches[0]
        assert leaves([union]) == (union,)

    def test_the_location_is_that_of_the_keyword_in_the_branch(self) -> None:
        [leaf] = leaves(validate(GOOD | {"keyframes": [FRAME | {"seconds": 31}]}))
        assert leaf.schema == "/properties/keyframes/items/anyOf/0/properties/seconds/maximum"

    def test_unions_in_unions(self) -> None:
        inner = {"anyOf": [{"type": "integer", "maximum": 3}, {"type": "null"}]}
        [leaf] = leaves(Validator({"anyOf": [inner, {"type": "string"}]}).violations(5))
        assert leaf.schema == "/anyOf/0/anyOf/0/maximum"

    def test_more_than_one_branch_of_one_of(self) -> None:
        schema = {"oneOf": [{"minimum": 1}, {"minimum": 2}, {"type": "string"}]}
        [union] = Validator(schema).violations(3)
        assert leaves([union]) == (union,)
        assert union.branches[0] == union.branches[1] == ()
        assert union.message == "the input matches the branches 0 and 1, and must match exactly one"

    def test_of_a_value_of_the_wrong_type_nothing_else_is_said(self) -> None:
        threshold = {"content_moderation": {"public_figure_threshold": 5}}
        assert len(validate(GOOD | threshold)) == 2
        assert told(threshold) == [
            "content_moderation.public_figure_threshold must be a string, not 5"
        ]


#: Each keyword with a schema, a value that breaks it, and what is said.
SENTENCES = [
    ({"type": ["string", "null"]}, 5, "must be a string or null, not 5"),
    ({"enum": ["a", 1]}, "b", 'must be "a" or 1, not "b"'),
    ({"const": {"a": 1}}, {}, 'must be {"a":1}, not {}'),
    ({"minimum": 3}, 2.5, "must be at least 3, not 2.5"),
    ({"maximum": 3}, 4, "must be at most 3, not 4"),
    ({"exclusiveMinimum": 3}, 3, "must be more than 3, not 3"),
    ({"exclusiveMaximum": 3}, 3, "must be less than 3, not 3"),
    ({"multipleOf": 0.1}, 0.25, "must be a multiple of 0.1, not 0.25"),
    ({"minLength": 1}, "", "must have at least 1 character, not 0"),
    ({"maxLength": 2}, "\U0001f305" * 3, "must have at most 2 characters, not 3"),
    ({"pattern": "^a$"}, "b", 'must match the pattern ^a$, not "b"'),
    ({"minItems": 2}, [1], "must have at least 2 items, not 1"),
    ({"maxItems": 1}, [1, 2], "must have at most 1 item, not 2"),
    ({"uniqueItems": True}, [1, 1], "must not hold equal items"),
    ({"minProperties": 1}, {}, "must have at least 1 member, not 0"),
    ({"maxProperties": 0}, {"a": 1}, "must have at most 0 members, not 1"),
    ({"required": ["a"]}, {}, 'must have "a", which is missing'),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, 'must have "b", which another member requires'),
    ({"additionalProperties": False}, {"a": 1, "b": 2}, 'must not have "a" and "b"'),
    ({"unevaluatedProperties": False}, {"a": 1}, 'must not have "a"'),
    ({"unevaluatedItems": False}, [1], "has an item that is not allowed"),
    ({"items": False}, [1], "has an item that is not allowed"),
    ({"contains": {"const": 1}}, [2], "must hold an item that matches `contains`"),
    (
        {"contains": {"const": 1}, "minContains": 2},
        [1],
        "must hold at least 2 items that match `contains`",
    ),
    (
        {"contains": {"const": 1}, "maxContains": 1},
        [1, 1],
        "must hold at most 1 items that match `contains`",
    ),
    ({"not": {"const": 1}}, 1, 'must not match {"const":1}'),
    (False, 1, "is not allowed"),
]


@pytest.mark.parametrize(("schema", "value", "words"), SENTENCES, ids=lambda part: str(part)[:40])
def test_every_keyword_has_its_words(schema: Any, value: Any, words: str) -> None:
    [violation] = Validator(schema).violations(value)
    assert violation.message == f"the input {words}"


def test_a_name_that_breaks_property_names_is_told_as_one() -> None:
    [violation] = Validator({"propertyNames": {"maxLength": 2}}).violations({"long": 1})
    assert violation.message == 'the name "long" in the input must have at most 2 characters, not 4'


def test_a_name_in_another_spelling_gets_the_right_one() -> None:
    [missing, _] = sorted(validate({"prompt": "a", "videoUri": "b"}), key=lambda v: v.keyword)
    assert missing.message == 'the input must not have "videoUri"; it is written video_uri'


def test_an_assertion_without_words_is_still_told() -> None:
    assert sentence("novel", "seed", 1, 2) == "seed violates novel"


def test_places_read_as_people_write_them() -> None:
    assert place(()) == "the input"
    assert place(("keyframes", 0, "seconds")) == "keyframes[0].seconds"
    assert place((0, 1)) == "[0][1]"


def test_a_long_value_is_cut() -> None:
    assert quote("a" * 100) == '"' + "a" * 58 + "…"
    assert quote(float("nan")) == "nan"


def test_a_keyword_is_found_in_its_own_resource_whichever_was_seen_first() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"$ref": "https://example.com/n"}},
        "$defs": {"n": {"$id": "https://example.com/n", "type": "integer"}},
    }
    validator = Validator(schema)
    for value, where in (("text", "/type"), ({"n": None}, "/$defs/n/type"), ("text", "/type")):
        assert [violation.schema for violation in validator.violations(value)] == [where]


#: No error can be in a member that `properties` does not name.
NAMED_ONLY = {
    "properties": {
        "closed": {"properties": {"k": {"type": "integer"}}, "additionalProperties": False},
        "union": {
            "anyOf": [
                {"type": "object", "additionalProperties": False},
                {"type": "array", "items": {"maxProperties": 0}},
            ]
        },
        "names": {"propertyNames": {"minLength": 1}},
        "rest": {"allOf": [{"properties": {"x": True}}], "unevaluatedProperties": False},
        "few": {"minProperties": 3},
        "open": {"additionalProperties": True, "dependentRequired": {"x": ["y"]}},
    },
    "additionalProperties": False,
}
UNNAMED = {
    "additional": {"additionalProperties": {"type": "string"}},
    "unevaluated": {"unevaluatedProperties": {"type": "string"}},
    "pattern": {"patternProperties": {"^$": {"type": "string"}}},
    "never": {"patternProperties": {"^$": False}},
    "named": {"properties": {"": {"type": "string"}}},
    "reference": {"$ref": "#/$defs/a", "$defs": {"a": {"additionalProperties": {"const": 2}}}},
}


class TestMembersNamedNothing:
    """jsonschema-rs leaves members named "" out of its paths."""

    @pytest.mark.parametrize(
        "value",
        [
            {"": 1},
            {"": {"": {}}, "closed": 4},
            {"closed": {"": {"": 2}, "k": "s"}},
            {"union": {"": 1}},
            {"union": [{"": 1}, {"": 2, "z": 1}]},
            {"names": {"": 1}},
            {"rest": {"": 1, "x": 2}},
            {"few": {"": 1}},
            {"open": {"": {"": 1}, "x": 1}},
        ],
        ids=repr,
    )
    def test_the_fast_engine_locates_errors_around_them(self, value: Any) -> None:
        validator = Validator(NAMED_ONLY)
        found = validator.violations(value)
        assert validator.first_violation(value) is not None
        assert "_python" not in vars(validator), "it asked the slow engine"
        assert found == validator.reference_violations(value)

    @pytest.mark.parametrize("schema", UNNAMED.values(), ids=UNNAMED)
    def test_errors_in_them_are_located_too(self, schema: Any) -> None:
        validator = Validator(schema)
        value = {"": 1, "a": {"": 2}}
        found = validator.violations(value)
        assert found
        assert found == validator.reference_violations(value)
