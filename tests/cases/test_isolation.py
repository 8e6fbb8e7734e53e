"""Isolation: an input breaks one constraint, or one and the fewest others."""

from __future__ import annotations

from collections import Counter

from sample_cases import BY_NAME, cases_of, contract_of

from aleph_contract.cases import cases, gaps


def test_the_note_of_a_compound_case_gives_its_reason() -> None:
    """No input breaks only a `type` beside an `enum` or `const` of the same type."""
    found = [case for case in cases() if case.compound]
    assert Counter(case.constraint.key for case in found if case.constraint) == {
        "prompt_images/*/position/anyOf/0/type": 6,
        "prompt_images/*/position/anyOf/1/type/type": 6,
        "prompt_images/*/position/anyOf/2/type/type": 6,
        "content_moderation/public_figure_threshold/type": 6,
    }
    for case in found:
        assert case.certificate
        assert "so no value of another type passes it" in case.certificate.reason
        assert case.certificate.reason in case.note


def test_a_violation_inside_a_union_names_the_nearest_branch() -> None:
    both = BY_NAME["boundary/keyframes/*/anyOf/0/additionalProperties/with-at"]
    assert set(both.input["keyframes"][0]) == {"uri", "seconds", "at"}
    assert both.certificate
    assert both.certificate.branch == ("/properties/keyframes/items/anyOf/0",)
    neither = BY_NAME["boundary/keyframes/*/anyOf/1/required/without-at"]
    assert set(neither.input["keyframes"][0]) == {"uri"}
    late = BY_NAME["boundary/keyframes/*/anyOf/0/seconds/maximum/above"]
    assert "Nearest branch: /properties/keyframes/items/anyOf/0." in late.note


def test_the_other_branches_of_a_union_are_made_to_fail() -> None:
    """The default text, `A quiet street …`, is too long for one branch but fits the other."""
    short, starting = {"type": "string", "maxLength": 5}, {"type": "string", "pattern": "^A"}
    found = cases_of({"anyOf": [short, starting]})
    above = found["boundary/anyOf/0/maxLength/above"]
    assert len(above.input) == 6
    assert not above.input.startswith("A")


def test_the_other_items_of_a_list_stay_valid() -> None:
    item = {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}
    found = cases_of({"type": "array", "items": item, "minItems": 3})
    assert found["boundary/*/required/without-a"].input == [{}, {"a": 1}, {"a": 1}]


def test_a_compound_case_names_every_broken_constraint() -> None:
    schema = {"type": "string", "enum": ["a", "b"], "const": "a", "maxLength": 3}
    found = cases_of(schema)
    case = found["boundary/type/null"]
    assert case.compound
    assert case.certificate
    assert case.certificate.removed == ("/type", "/enum", "/const")
    assert "`enum` at /enum and `const` at /const" in case.note
    assert "maxLength" not in case.note


def test_a_union_on_the_path_is_never_removed() -> None:
    """An input that breaks `type` breaks `const` too; `anyOf` is on the path to `type`."""
    both = {"$defs": {"a": {"type": "integer"}}, "anyOf": [{"$ref": "#/$defs/a"}]}
    schema = {**both, "const": 3, "maximum": 4}
    found = cases_of(schema)
    assert found["boundary/anyOf/0/type/null"].compound
    assert found["boundary/anyOf/0/type/on"].input == 3
    assert gaps(contract_of(schema)) == ()
