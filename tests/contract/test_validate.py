"""Every violation of an input, with place, limit and actual value, by two validators."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aleph_contract import Contract, validate
from aleph_contract.cases import cases
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import ArgumentError, ContractError
from aleph_contract.schema.validation.validator import Validator, plain
from aleph_contract.schema.validation.violations import Violation

GOOD = {"prompt": "Make it night", "video_uri": "https://example.com/a.mp4"}
WRONG = {
    "prompt": "a" * 1001,
    "zzz": 1,
    "videoUri": "x",
    "keyframes": [{"uri": "a", "seconds": 31}] * 6,
    "seed": True,
    "duration": 0,
    "content_moderation": {"public_figure_threshold": "LOW"},
}
FACTS = [
    ("", "/additionalProperties", "additionalProperties", False, ("zzz", "videoUri")),
    ("", "/required", "required", "video_uri", None),
    (
        "/content_moderation/public_figure_threshold",
        "/properties/content_moderation/properties/public_figure_threshold/enum",
        "enum",
        ["auto", "low"],
        "LOW",
    ),
    ("/duration", "/properties/duration/exclusiveMinimum", "exclusiveMinimum", 0, 0),
    ("/keyframes", "/properties/keyframes/maxItems", "maxItems", 5, 6),
    ("/prompt", "/properties/prompt/maxLength", "maxLength", 1000, 1001),
    ("/seed", "/properties/seed/type", "type", "integer", True),
]


def facts(violations: tuple[Violation, ...]) -> list[tuple[str, str, str, Any, Any]]:
    return [(v.instance, v.schema, v.keyword, v.limit, v.actual) for v in violations]


class TestViolations:
    """Place in the input, place in the schema, keyword, limit and actual value, in order."""

    def test_each_is_told_with_its_facts_root_first(self) -> None:
        told = [fact for fact in facts(validate(WRONG)) if fact[2] != "anyOf"]
        assert told == FACTS

    def test_a_union_holds_what_is_wrong_in_each_branch(self) -> None:
        [union] = validate(GOOD | {"keyframes": [{"uri": "a", "seconds": 31}]})
        assert (union.instance, union.keyword) == ("/keyframes/0", "anyOf")
        by_time, by_share = union.branches
        where = "/properties/keyframes/items/anyOf"
        assert facts(by_time) == [
            (
                "/keyframes/0/seconds",
                f"{where}/0/properties/seconds/maximum",
                "maximum",
                30,
                31,
            )
        ]
        assert [v.keyword for v in by_share] == ["additionalProperties", "required"]

    def test_the_order_does_not_depend_on_that_of_the_input(self) -> None:
        backwards = dict(reversed(WRONG.items()))
        assert [v.schema for v in validate(backwards)] == [v.schema for v in validate(WRONG)]

    def test_items_come_in_the_order_of_their_indices(self) -> None:
        found = Validator({"items": {"type": "string"}}).violations([0] * 12)
        assert [v.instance for v in found] == [f"/{index}" for index in range(12)]

    @pytest.mark.parametrize("value", [None, [], "text", 5, True])
    def test_an_input_that_is_no_object(self, value: Any) -> None:
        assert facts(validate(value)) == [("", "/type", "type", "object", value)]

    def test_the_second_opinion_is_the_same(self) -> None:
        validator = validator_for()
        assert validator.violations(WRONG) == validator.reference_violations(WRONG)

    def test_on_the_whole_catalogue_the_two_agree(self) -> None:
        validator = validator_for()
        for case in cases():
            found = validator.violations(case.input)
            assert found == validator.reference_violations(case.input), case.name
            assert (case.polarity == "valid") == (not found), case.name
            assert validator.is_valid(case.input) == (not found), case.name


class TestUnevaluated:
    """What a failed subschema has evaluated is left open: nothing is said that may be an echo."""

    SCHEMA: ClassVar[Any] = {
        "allOf": [{"properties": {"a": {"type": "integer"}, "b": True}}],
        "properties": {"c": {"unevaluatedProperties": False}},
        "unevaluatedProperties": False,
    }

    @pytest.mark.parametrize(
        ("value", "keywords"),
        [
            ({"a": 1, "z": 1}, ["unevaluatedProperties"]),
            ({"a": "x", "b": 1}, ["type"]),
            ({"a": "x", "z": 1}, ["type"]),
            ({"c": {"z": 1}}, ["unevaluatedProperties"]),
            ({"c": {"z": 1}, "z": 1}, ["unevaluatedProperties"]),
        ],
    )
    def test_it_is_told_only_where_nothing_else_is_wrong(
        self, value: Any, keywords: list[str]
    ) -> None:
        validator = Validator(self.SCHEMA)
        found = validator.violations(value)
        assert [v.keyword for v in found] == keywords
        assert validator.reference_violations(value) == found


class TestPlaces:
    """Locations are those of the document, wherever a reference leads and whatever names are."""

    @pytest.mark.parametrize(
        ("schema", "value", "where"),
        [
            ({"$ref": "#/$defs/a", "$defs": {"a": {"minimum": 3}}}, 1, "/$defs/a/minimum"),
            ({"$ref": "#/x/y", "x": {"y": {"minimum": 3}}}, 1, "/x/y/minimum"),
            ({"$ref": "#n", "$defs": {"a": {"$anchor": "n", "minimum": 3}}}, 1, "/$defs/a/minimum"),
            (
                {"$ref": "b#/c", "$defs": {"a": {"$id": "b", "c": {"minimum": 3}}}},
                1,
                "/$defs/a/c/minimum",
            ),
            (
                {
                    "$id": "https://example.com/root",
                    "$ref": "b",
                    "$defs": {
                        "a": {"$id": "b", "items": {"$ref": "#/$defs/c"}, "$defs": {"c": False}}
                    },
                },
                [1],
                "/$defs/a/$defs/c",
            ),
            ({"properties": {"a/b~": {"type": "string"}}}, {"a/b~": 1}, "/properties/a~1b~0/type"),
            ({"properties": {"": {"type": "string"}}}, {"": 1}, "/properties//type"),
            ({"patternProperties": {"": {"minimum": 3}}}, {"a": 1}, "/patternProperties//minimum"),
            ({"$ref": "#/$defs/", "$defs": {"": {"minimum": 3}}}, 1, "/$defs//minimum"),
            (
                {"properties": {"patternProperties": {"patternProperties": {r"\d": False}}}},
                {"patternProperties": {"1": 1}},
                "/properties/patternProperties/patternProperties/\\d",
            ),
            ({"properties": {"0": {"type": "string"}}}, {"0": 1}, "/properties/0/type"),
            ({"properties": {"items": False}}, {"items": 1}, "/properties/items"),
            ({"items": False}, [1], "/items"),
            ({"additionalProperties": False}, {"a": 1}, "/additionalProperties"),
            ({"contains": {"const": 1}, "maxContains": 2}, [], "/contains"),
            ({"contains": {"const": 1}, "minContains": 2}, [], "/minContains"),
            ({"propertyNames": {"maxLength": 1}}, {"long": 1}, "/propertyNames/maxLength"),
            (False, 1, ""),
        ],
    )
    def test_a_violation_is_where_its_keyword_stands(
        self, schema: Any, value: Any, where: str
    ) -> None:
        validator = Validator(schema)
        [violation] = validator.violations(value)
        assert violation.schema == where
        assert validator.reference_violations(value) == (violation,)

    @pytest.mark.parametrize(
        ("value", "instance"),
        [({"": 1}, "/"), ({"": {"": 1}}, "//"), ({"a": {"": [1]}}, "/a//0"), ([{"": 1}], "/0/")],
    )
    def test_a_member_without_a_name_is_part_of_the_location(
        self, value: Any, instance: str
    ) -> None:
        anywhere = {
            "additionalProperties": {"$ref": "#"},
            "items": {"$ref": "#"},
            "not": {"const": 1},
        }
        validator = Validator(anywhere)
        [violation] = validator.violations(value)
        assert violation.instance == instance
        assert validator.reference_violations(value) == (violation,)

    def test_nothing_is_fetched(self) -> None:
        with pytest.raises(ContractError, match="127"):
            Validator({"$ref": "http://127.0.0.1:9/schema"})


class TestValues:
    """What is no plain JSON is read for what it is, or refused."""

    @pytest.mark.parametrize(
        "value",
        [
            loads('{"prompt": "a", "video_uri": "b", "duration": 2.5}'),
            GOOD | {"duration": Decimal("2.5")},
            GOOD | {"seed": 1.0},
            GOOD | {"seed": Decimal(7)},
            GOOD | {"keyframes": ({"uri": "a", "at": loads("1.0")},)},
            GOOD | {"prompt": "\ud800"},
        ],
    )
    def test_valid_whatever_the_types(self, value: Any) -> None:
        validator = validator_for()
        assert validator.is_valid(value)
        assert validator.violations(value) == validator.reference_violations(value) == ()

    def test_a_number_keeps_its_spelling_in_what_is_told(self) -> None:
        [violation] = validate(loads('{"prompt": "a", "video_uri": "b", "duration": -0.50}'))
        assert violation.message == "duration must be more than 0, not -0.50"

    @pytest.mark.parametrize("value", [GOOD | {"seed": {1}}, {1: 2}, b"", [object()]])
    def test_what_is_no_json_value_is_refused(self, value: Any) -> None:
        with pytest.raises(ArgumentError, match="not a JSON value at"):
            validate(value)
        with pytest.raises(ArgumentError, match="not a JSON value at"):
            validator_for().is_valid(value)

    def test_the_place_of_it_is_told(self) -> None:
        with pytest.raises(ArgumentError, match="at /keyframes/1/uri: b'x'"):
            plain({"keyframes": [{}, {"uri": b"x"}]})

    def test_what_is_nested_without_end_is_refused(self) -> None:
        endless: list[Any] = []
        endless.append(endless)
        with pytest.raises(ArgumentError, match="nested too deep"):
            validate(endless)
        with pytest.raises(ArgumentError, match="nested too deep"):
            validator_for().is_valid(endless)


class TestValidators:
    """One for each schema, made once; what it needs is loaded when it is needed."""

    def test_it_is_kept(self) -> None:
        contract = Contract.load()
        assert validator_for() is validator_for(contract)
        assert validator_for(contract) is validator_for(contract.input_schema)
        assert validator_for(contract.output_schema) is not validator_for()

    def test_not_for_ever(self) -> None:
        schemas = [{"const": number} for number in range(200)]
        first = validator_for(schemas[0])
        assert all(validator_for(schema).schema is schema for schema in schemas)
        assert validator_for(schemas[0]) is not first

    def test_a_schema_that_is_none_is_refused(self) -> None:
        with pytest.raises(ContractError, match="/properties/a/type"):
            Validator({"properties": {"a": {"type": "text"}}})

    def test_the_slow_library_is_loaded_for_the_second_opinion_only(self) -> None:
        code = (
            "import sys\n"
            "from aleph_contract.contract.validate import validate, validator_for\n"
            "assert not {'jsonschema', 'jsonschema_rs'} & set(sys.modules)\n"
            "assert validate({}) and not validator_for().is_valid({})\n"
            "assert 'jsonschema' not in sys.modules\n"
            "assert validator_for().reference_violations({})\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


LARGE = [sign * n for n in (2**53, 2**63, 2**64, 10**30) for sign in (1, -1)]
numbers = st.builds(
    lambda number, gap, as_double: float(number) if as_double else number + gap,
    st.sampled_from(LARGE),
    st.integers(-1, 1),
    st.booleans(),
) | st.sampled_from([0, 1, 0.5, True])


class TestLargeNumbers:
    """Beyond 2^53 numbers are compared exactly, whatever version of a library is installed."""

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(numbers, numbers)
    def test_equal_numbers_are_equal_values(self, left: float, right: float) -> None:
        equal = isinstance(left, bool) is isinstance(right, bool) and left == right
        expected = {
            "const": ({"const": right}, left, equal),
            "enum": ({"enum": ["a", right]}, left, equal),
            "nested": ({"const": {"a": [right]}}, {"a": [left]}, equal),
            "uniqueItems": ({"uniqueItems": True}, [left, "a", right], not equal),
            "unique lists": ({"uniqueItems": True}, [[left], [right]], not equal),
            "unique objects": ({"uniqueItems": True}, [{"a": left}, {"a": right}], not equal),
        }
        for name, (schema, value, valid) in expected.items():
            self.check(schema, value, valid=valid, name=name)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(numbers, numbers)
    def test_bounds_are_exact(self, value: float, limit: float) -> None:
        if isinstance(value, bool) or isinstance(limit, bool):
            return
        self.check({"minimum": limit}, value, valid=value >= limit, name="minimum")
        self.check({"maximum": limit}, value, valid=value <= limit, name="maximum")
        self.check({"exclusiveMinimum": limit}, value, valid=value > limit, name="above")
        self.check({"exclusiveMaximum": limit}, value, valid=value < limit, name="below")

    def check(self, schema: Any, value: Any, *, valid: bool, name: str) -> None:
        validator = Validator(schema)
        assert validator.is_valid(value) is valid, name
        assert validator.is_valid_plain(value) is valid, name
        assert (validator.violations(value) == ()) is valid, name
        assert (validator.reference_violations(value) == ()) is valid, name

    @pytest.mark.parametrize(
        ("schema", "value", "valid"),
        [
            ({"uniqueItems": True}, [2**64, float(2**64)], False),
            ({"items": {"const": 2**64}}, [float(2**64)], True),
            ({"enum": [{"a": [float(2**63)]}]}, {"a": [2**63]}, True),
            ({"maximum": 2**64}, float(2**64), True),
            ({"multipleOf": 3}, float(2**64), False),
        ],
    )
    def test_jsonschema_rs_has_no_part_in_it(
        self, schema: Any, value: Any, valid: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        validator = Validator(schema)
        monkeypatch.setattr(validator, "_rust", None)
        assert validator.is_valid(value) is valid
        assert (validator.violations(value) == ()) is valid

    def test_many_unique_items_are_compared_in_linear_time(self) -> None:
        assert Validator({"uniqueItems": True}).is_valid([*range(200_000), 2**60])
