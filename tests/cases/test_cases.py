"""The catalogue: complete, certified, the same on every run, and fair to innocent clients."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import aleph_contract
from aleph_contract.cases import Case, cases, certificates, gaps
from aleph_contract.cases.certificates import Certifier, holds
from aleph_contract.cases.constraints import constraints
from aleph_contract.cases.portability import Portability, gray_reason
from aleph_contract.cli import run
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import leaves, loads, same
from aleph_contract.schema.pointers import follow, parts, without
from aleph_contract.schema.validation.validator import Validator

ROOT = Path(__file__).parents[2]
ENTRIES = {path.stem: path for path in sorted((ROOT / "fixtures/contracts").glob("*.json"))}

by_name = {case.name: case for case in cases()}
lone = [case for case in cases() if case.certificate and not case.compound]


def of(keyword: str) -> list[Case]:
    return [case for case in cases() if case.constraint and case.constraint.keyword == keyword]


# --- complete


@pytest.mark.parametrize("constraint", constraints(), ids=lambda constraint: constraint.key)
def test_every_constraint_is_kept_on_its_bound_and_broken_just_outside(constraint: Any) -> None:
    found = [case for case in cases() if case.constraint == constraint and case.kind == "boundary"]
    assert any(case.polarity == "valid" and case.portable for case in found)
    violating = [case for case in found if case.polarity == "violating" and case.portable]
    assert violating
    schema = Contract.load().input_schema
    around = follow(schema, constraint.schema.rpartition("/")[0])
    implied = constraint.keyword == "type" and ("enum" in around or "const" in around)
    assert all(case.compound is implied for case in violating)


def test_no_constraint_of_the_shipped_contract_is_left_out() -> None:
    assert gaps() == ()


def test_a_compound_case_says_why_it_cannot_be_otherwise() -> None:
    """`type` beside an `enum` or `const` of that type is said twice: nothing breaks it alone."""
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


def test_the_bounds_are_met_by_the_closest_representable_step() -> None:
    def at(name: str, *path: Any) -> Any:
        value = by_name[f"boundary/{name}"].input
        for part in path:
            value = value[part]
        return value

    assert at("seed/maximum/on", "seed") == 2**32 - 1
    assert at("seed/maximum/above", "seed") == 2**32
    assert at("seed/minimum/below", "seed") == -1
    assert len(at("prompt/maxLength/on", "prompt")) == 1000
    assert len(at("prompt/maxLength/above", "prompt")) == 1001
    assert at("prompt/minLength/below", "prompt") == ""
    assert len(at("keyframes/maxItems/above", "keyframes")) == 6
    assert at("keyframes/minItems/below", "keyframes") == []
    frame = ("keyframes", 0, "seconds")
    assert at("keyframes/*/anyOf/0/seconds/maximum/above", *frame) == 30.000000000000004
    assert at("keyframes/*/anyOf/0/seconds/minimum/on", *frame) == 0
    assert at("duration/exclusiveMinimum/above-by-the-least", "duration") == 5e-324
    assert at("duration/exclusiveMinimum/on", "duration") == 0


def parts_at(value: Any, pattern: str) -> list[Any]:
    """The parts of an input that an instance location means."""
    found = [value]
    for part in parts(pattern):
        inner: list[Any] = []
        for one in found:
            held = dict(enumerate(one)) if isinstance(one, list) else one
            if isinstance(held, dict):
                names = {str(name): child for name, child in held.items()}
                inner += names.values() if part == "*" else [names[part]] if part in names else []
        found = inner
    return found


@pytest.mark.parametrize(
    ("keyword", "measure"),
    [
        ("maximum", float),
        ("minimum", float),
        ("maxLength", len),
        ("minLength", len),
        ("maxItems", len),
        ("minItems", len),
        ("exclusiveMinimum", float),
        ("const", str),
    ],
)
def test_a_case_on_the_bound_holds_a_value_that_measures_just_that(
    keyword: str, measure: Any
) -> None:
    found = [case for case in of(keyword) if case.name.endswith(f"/{keyword}/on")]
    assert found
    for case in found:
        assert case.constraint
        measured = map(measure, parts_at(case.input, case.constraint.instance))
        assert case.constraint.limit in measured, case.name


@pytest.mark.parametrize("name", ENTRIES)
def test_every_case_of_another_entry_reaches_what_it_is_about(name: str) -> None:
    for case in cases(Contract.load(ENTRIES[name])):
        away = case.name.endswith("/absent") and case.kind == "boundary"
        if case.kind == "boundary" and case.constraint and not away:
            assert parts_at(case.input, case.constraint.instance), case.name


@pytest.mark.parametrize(
    ("schema", "name", "value"),
    [
        (
            {"enum": [{}, {"a": 5}, {"a": 9}], "properties": {"a": {"maximum": 9}}},
            "a/maximum/on",
            {"a": 9},
        ),
        (
            {"enum": [1, "long", "text"], "anyOf": [{"type": "integer"}, {"maxLength": 4}]},
            "anyOf/1/maxLength/on",
            "long",
        ),
        (
            {"const": [[], [1, 2]], "items": {"maxItems": 2}},
            "*/maxItems/on",
            [[], [1, 2]],
        ),
    ],
)
def test_listed_values_are_picked_for_what_is_probed(schema: Any, name: str, value: Any) -> None:
    found, _ = served(schema)
    assert found[f"boundary/{name}"].input == value


def test_a_bound_that_is_gray_is_still_the_bound() -> None:
    """2^53 is no portable integer; 2^53 - 1 would be, but is not the bound."""
    ticks = {c.name: c for c in cases(Contract.load(ENTRIES["meridian__simulate-1"]))}
    on = ticks["boundary/ticks/maximum/on"]
    assert (on.input["ticks"], on.portable) == (2**53, False)


def test_a_keyframe_has_both_moments_or_neither_and_says_which_branch_it_nearly_met() -> None:
    both = by_name["boundary/keyframes/*/anyOf/0/additionalProperties/with-at"]
    assert set(both.input["keyframes"][0]) == {"uri", "seconds", "at"}
    assert both.certificate
    assert both.certificate.branch == ("/properties/keyframes/items/anyOf/0",)
    neither = by_name["boundary/keyframes/*/anyOf/1/required/without-at"]
    assert set(neither.input["keyframes"][0]) == {"uri"}
    late = by_name["boundary/keyframes/*/anyOf/0/seconds/maximum/above"]
    assert "Nearest branch: /properties/keyframes/items/anyOf/0." in late.note


def test_an_absent_key_and_null_are_different_cases() -> None:
    assert "prompt" not in by_name["boundary/required/without-prompt"].input
    assert by_name["boundary/prompt/type/null"].input["prompt"] is None


# --- certified


@pytest.mark.parametrize("case", lone, ids=lambda case: case.name)
def test_a_violation_is_isolated_whoever_looks(case: Case) -> None:
    """Told by the certificate, checked from scratch: nothing here asks how it was made."""
    schema = Contract.load().input_schema
    assert case.constraint
    assert case.certificate
    assert case.certificate.removed == (case.constraint.schema,)
    relaxed = Validator(without(schema, case.certificate.removed))
    assert not validator_for(schema).is_valid(case.input)
    assert relaxed.is_valid(case.input)
    assert not relaxed.reference_violations(case.input)
    for found in (case.certificate.errors, case.certificate.reference_errors):
        (violation,) = found
        for branch in case.certificate.branch:
            (violation,) = violation.branches[int(branch.rpartition("/")[2])]
        assert violation.schema == case.constraint.schema


def test_every_violating_case_has_a_certificate_that_holds() -> None:
    schema = Contract.load().input_schema
    for case in cases(polarity="violating"):
        assert case.certificate, case.name
        assert holds(case.certificate, schema, case.input), case.name


def test_every_valid_case_is_valid_to_both_validators() -> None:
    validator = validator_for()
    for case in cases(polarity="valid"):
        assert validator.is_valid(case.input), case.name
        assert not validator.reference_violations(case.input), case.name


def test_a_false_certificate_does_not_hold() -> None:
    schema = Contract.load().input_schema
    case = by_name["boundary/seed/maximum/above"]
    assert case.certificate
    assert not holds(case.certificate, schema, case.input | {"seed": 1})
    assert not holds(case.certificate, schema, case.input | {"prompt": ""})
    assert not holds(
        replace(case.certificate, removed=("/properties/seed/minimum",)), schema, case.input
    )
    assert not holds(replace(case.certificate, errors=()), schema, case.input)


def test_what_breaks_two_constraints_is_certified_for_neither() -> None:
    schema = Contract.load().input_schema
    case = by_name["boundary/seed/maximum/above"]
    assert case.constraint
    certifier = Certifier(schema, case.constraint, [case.constraint.schema])
    assert certifier.certify(case.input)
    assert certifier.certify(case.input | {"prompt": ""}) is None
    assert certifier.certify(case.input | {"seed": 1}) is None


class Dissenter:
    """A validator of which one half finds nothing, or something else than the other."""

    def __init__(self, validator: Validator, half: str, found: Any) -> None:
        self._validator = validator
        self._half = half
        self._found = found

    def __getattr__(self, name: str) -> Any:
        if name == self._half:
            return lambda _: self._found
        return getattr(self._validator, name)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("half", ["is_valid", "violations", "reference_violations"])
def test_where_the_validators_differ_there_is_no_certificate(half: str, whole: bool) -> None:
    schema = Contract.load().input_schema
    case, other = (by_name[f"boundary/{name}/maximum/above"] for name in ("seed", SECONDS))
    assert case.constraint
    assert other.certificate
    certifier = Certifier(schema, case.constraint, [case.constraint.schema])
    if whole:
        found = True if half == "is_valid" else other.certificate.errors
        certifier.validator = Dissenter(certifier.validator, half, found)  # type: ignore[assignment]
    else:
        found = False if half == "is_valid" else other.certificate.errors
        certifier.relaxed = Dissenter(certifier.relaxed, half, found)  # type: ignore[assignment]
    untouched = (half, whole) == ("violations", False)  # `is_valid` has asked the same validator
    assert (certifier.certify(case.input) is not None) is untouched


SECONDS = "keyframes/*/anyOf/0/seconds"


@pytest.mark.parametrize("half", ["violations", "reference_violations"])
@pytest.mark.parametrize("of", ["validator_for", "Validator"])
def test_a_certificate_holds_only_if_both_validators_say_so(
    half: str, of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = Contract.load().input_schema
    case, other = (by_name[f"boundary/{name}/maximum/above"] for name in ("seed", SECONDS))
    assert case.certificate
    assert other.certificate
    assert holds(case.certificate, schema, case.input)
    real = getattr(certificates, of)
    found = other.certificate.errors
    monkeypatch.setattr(certificates, of, lambda given: Dissenter(real(given), half, found))
    assert not holds(case.certificate, schema, case.input)


def served(schema: Any) -> tuple[dict[str, Case], Contract]:
    entry = {
        "model_id": "acme/m",
        "schema_version": "1",
        "schema": {"input": schema, "output": True},
    }
    contract = Contract.from_entry(entry)
    return {case.name: case for case in cases(contract)}, contract


def test_the_other_branches_of_a_union_are_made_to_fail() -> None:
    """The text that comes to mind first would be valid by the second branch."""
    short, starting = {"type": "string", "maxLength": 5}, {"type": "string", "pattern": "^A"}
    found, _ = served({"anyOf": [short, starting]})
    above = found["boundary/anyOf/0/maxLength/above"]
    assert len(above.input) == 6
    assert not above.input.startswith("A")


def test_other_items_of_a_list_keep_what_one_of_them_breaks() -> None:
    item = {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}
    found, _ = served({"type": "array", "items": item, "minItems": 3})
    assert found["boundary/*/required/without-a"].input == [{}, {"a": 1}, {"a": 1}]


@pytest.mark.parametrize("limit", [10**6, 10**9])
def test_what_is_too_large_to_build_is_told_as_a_gap(limit: int) -> None:
    _, contract = served({"type": "string", "maxLength": limit})
    (gap,) = gaps(contract)
    assert (gap.constraint.key, gap.polarity) == ("maxLength", "violating")
    assert gap.reason == "beyond the largest input that is built: `maxLength` 1000000"


def test_a_large_list_of_different_items_is_built() -> None:
    items = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "maxItems": 300}
    found, _ = served(items)
    assert len(found["boundary/maxItems/on"].input) == 300
    assert found["boundary/maxItems/above"].polarity == "violating"


def test_a_compound_case_names_all_that_is_broken_along() -> None:
    schema = {"type": "string", "enum": ["a", "b"], "const": "a", "maxLength": 3}
    found, _ = served(schema)
    case = found["boundary/type/null"]
    assert case.compound
    assert case.certificate
    assert case.certificate.removed == ("/type", "/enum", "/const")
    assert "`enum` at /enum and `const` at /const" in case.note
    assert "maxLength" not in case.note


def test_a_union_on_the_way_stays_while_a_companion_is_looked_for() -> None:
    """Nothing of another type keeps what stands beside, and the union leads to `type`."""
    both = {"$defs": {"a": {"type": "integer"}}, "anyOf": [{"$ref": "#/$defs/a"}]}
    found, contract = served({**both, "const": 3, "maximum": 4})
    assert found["boundary/anyOf/0/type/null"].compound
    assert found["boundary/anyOf/0/type/on"].input == 3
    assert gaps(contract) == ()


def test_what_others_refer_to_cannot_be_taken_away_and_is_told_as_a_gap() -> None:
    first = {"type": "object", "properties": {"x": {"$ref": "#/anyOf/1"}}}
    _, contract = served({"anyOf": [first, {"type": "string"}]})
    assert [(gap.constraint.key, gap.polarity) for gap in gaps(contract)] == [
        ("anyOf", "violating")
    ]


def test_a_certificate_is_plain_json() -> None:
    certificate = by_name["boundary/keyframes/*/anyOf/0/seconds/maximum/above"].certificate
    assert certificate
    told = certificate.as_json()
    assert json.loads(json.dumps(told)) == told
    assert told["removed"] == ["/properties/keyframes/items/anyOf/0/properties/seconds/maximum"]
    (union,) = told["jsonschema"]
    assert union["keyword"] == "anyOf"
    assert union["branches"][0] == [
        {
            "instance": "/keyframes/0/seconds",
            "schema": told["removed"][0],
            "keyword": "maximum",
        }
    ]
    assert told["jsonschema-rs"] == told["jsonschema"]


# --- named, and the same on every run


def test_names_are_unique_and_say_what_the_case_is() -> None:
    assert len(by_name) == len(cases())
    kinds = {"example", "boundary", "combination", "probe"}
    assert {(case.name.partition("/")[0], case.kind) for case in cases()} == {
        (kind, kind) for kind in kinds
    }
    for name in (
        "example/simple-video-edit",
        "boundary/seed/maximum/on",
        "boundary/seed/maximum/above",
        "boundary/prompt/maxLength/above",
        "probe/prompt/length-utf16",
    ):
        assert name in by_name


def test_names_and_bytes_are_the_same_whatever_the_hash_seed() -> None:
    command = [sys.executable, "-m", "aleph_contract", "cases", "--json", "--certificates"]
    told = {
        subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("0", "7")
    }
    assert len(told) == 1
    assert told.pop().count(b"\n") == len(cases())


def test_inputs_are_plain_values_that_json_carries() -> None:
    plain = {dict, list, str, int, float, bool, type(None)}

    def types(value: Any) -> set[type]:
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        found = {type(value)}
        return found.union(*map(types, inner)) if isinstance(value, (dict, list)) else found

    for case in cases():
        assert types(case.input) <= plain, case.name
        if case.portable:
            assert json.loads(json.dumps(case.input, allow_nan=False)) == case.input


def test_a_case_can_be_picked_by_polarity_constraint_and_name() -> None:
    assert {case.name for case in cases(constraint="seed/maximum", polarity="violating")} == {
        "boundary/seed/maximum/above",
        *(f"probe/seed/2-to-the-{power}" for power in ("53-minus-1", "53-plus-1", "63")),
        "probe/seed/10-to-the-400",
    }
    assert [case.name for case in cases(constraint="example/t*")] == ["example/timed-keyframe-edit"]
    assert cases(constraint="no-such") == ()


def test_the_module_is_the_function() -> None:
    from aleph_contract import cases as module

    assert module() == cases()  # type: ignore[operator] # a module that can be called
    assert aleph_contract.cases.cases is cases


# --- fair


def test_a_portable_case_holds_nothing_that_readers_disagree_about() -> None:
    for case in cases():
        if not case.portable or case.kind == "example":
            continue
        assert case.text is None
        for _, leaf in leaves(case.input):
            if isinstance(leaf, str):
                assert all(c == "\n" or (c.isprintable() and c <= "\uffff") for c in leaf)
            elif isinstance(leaf, int):
                assert abs(leaf) < 2**53
            elif isinstance(leaf, float):
                assert leaf != int(leaf)
                assert 1e-16 < abs(leaf) < 1e16


@pytest.mark.parametrize(
    ("part", "gray"),
    [
        ({"prompt": "x" * 1000}, False),
        ({"prompt": "Le café"}, False),
        ({"prompt": "é" * 500}, False),
        ({"prompt": "é" * 501}, True),
        ({"prompt": "e\u0301" * 501}, True),
        ({"prompt": "\U0001f305"}, True),
        ({"prompt": "a\x00b"}, True),
        ({"prompt": "a\u200bb"}, True),
        ({"prompt": "a\ud800b"}, True),
        ({"prompt": "one\ntwo"}, False),
        ({"seed": 2**53 - 1}, False),
        ({"seed": 2**53}, True),
        ({"seed": 1.0}, True),
        ({"duration": 5e-324}, True),
        ({"duration": 2.220446049250313e-16}, False),
        ({"duration": 30}, False),
        ({"duration": 31}, True),
        ({"keyframes": [{"seconds": 30.000000000000004}]}, False),
        ({"keyframes": [{}], "prompt_images": [{}]}, True),
        ({"keyframes": [{"seconds": 6}], "duration": 5}, True),
        ({"keyframes": [{"seconds": 5}], "duration": 5}, False),
    ],
)
def test_what_is_gray(part: Any, gray: bool) -> None:
    given = by_name["example/simple-video-edit"].input | part
    assert bool(Portability(Contract.load()).reason(given)) is gray


def test_text_beyond_ascii_is_gray_wherever_its_measure_is_unknown() -> None:
    assert gray_reason({"prompt": "Le café"})
    assert not gray_reason({"prompt": "The cafe"})


def test_a_text_that_is_not_of_its_format_is_gray() -> None:
    """Who takes `format` for an assertion, as many validators do, is no broken client."""
    contract = Contract.load(ENTRIES["herald__schedule-1"])
    found = {case.name: case for case in cases(contract)}
    assert not found["probe/mail/not-a-email"].portable
    assert found["probe/mail/not-a-email"].polarity == "valid"
    stretched = found["boundary/callback/maxLength/on"]
    assert stretched.input["callback"].startswith("https://media.example.com/clip.mp4")
    assert (len(stretched.input["callback"]), stretched.portable) == (200, True)
    reason = Portability(contract).reason
    given = found["example/one"].input
    assert reason(given) == ""
    assert reason(given | {"day": "some day"})
    assert reason(given | {"id": "7449093b"})


def test_an_input_on_which_a_validator_library_differs_is_gray() -> None:
    """Python's `$` lets a line feed follow, so jsonschema alone accepts this one."""
    contract = Contract.load(ENTRIES["scribe__transcribe-5"])
    found = {case.name: case for case in cases(contract)}
    gray = [name for name, case in found.items() if "libraries differ" in case.note]
    assert gray == [
        "boundary/language/pattern/trailing-line-feed",
        "boundary/target/pattern/trailing-line-feed",
    ]
    assert not any(found[name].portable for name in gray)


def test_every_probe_is_gray_and_tells_something() -> None:
    probes = [case for case in cases() if case.kind == "probe"]
    assert not any(case.portable for case in probes)
    assert all(case.note for case in probes)


@pytest.mark.parametrize(
    ("name", "value", "polarity"),
    [
        ("prompt/length-utf16", "\U0001f305" * 1000, "valid"),
        ("prompt/length-utf8", "é" * 1000, "valid"),
        ("prompt/length-graphemes", "e\u0301" * 501, "violating"),
        ("prompt/nul", "a\x00b", "valid"),
        ("prompt/lone-surrogate", "a\ud800b", "valid"),
        ("seed/integral-float", 1.0, "valid"),
        ("seed/minus-zero", 0, "valid"),
        ("seed/2-to-the-53-plus-1", 2**53 + 1, "violating"),
        ("seed/2-to-the-63", 2**63, "violating"),
        ("seed/10-to-the-400", 10**400, "violating"),
        ("seed/text", "42", "violating"),
        ("duration/least-double", 5e-324, "valid"),
        ("duration/10-to-the-400", 10**400, "valid"),
        ("duration/beyond-the-prose", 31, "valid"),
    ],
)
def test_the_probes_of_one_field(name: str, value: Any, polarity: str) -> None:
    case = by_name[f"probe/{name}"]
    assert case.input[name.partition("/")[0]] == value
    assert case.polarity == polarity


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("seed/integral-float", '"seed":1.0}'),
        ("seed/exponent", '"seed":1e0}'),
        ("seed/minus-zero", '"seed":-0}'),
        ("duration/many-digits", "0.1000000000000000055511151231257827"),
    ],
)
def test_where_the_spelling_is_the_point_the_text_keeps_it(name: str, spelt: str) -> None:
    case = by_name[f"probe/{name}"]
    assert case.text is not None
    assert spelt in case.text
    assert same(loads(case.text), case.input)


def test_a_key_given_twice_has_a_text_that_gives_it_twice() -> None:
    case = by_name["probe/repeated-key/prompt"]
    assert case.text
    read = loads(case.text)
    assert read.repeated == ("prompt",)
    assert same(read, case.input)


def test_what_no_document_settles_is_gray() -> None:
    late = by_name["probe/keyframes/*/anyOf/0/seconds/after-the-end"]
    assert late.input["keyframes"][0]["seconds"] > late.input["duration"]
    assert late.polarity == "valid"
    both = by_name["probe/together/keyframes+prompt_images"]
    assert both.input.keys() == {"prompt", "video_uri", "keyframes", "prompt_images"}
    assert (both.polarity, both.portable) == ("valid", False)
    assert not by_name["combination/all"].portable
    assert {"keyframes", "prompt_images"} <= by_name["combination/all"].input.keys()


# --- realistic, and in company


def test_each_optional_field_alone_and_all_together() -> None:
    optional = {"keyframes", "prompt_images", "seed", "content_moderation", "duration"}
    for name in optional:
        alone = by_name[f"combination/only/{name}"]
        assert alone.input.keys() == {"prompt", "video_uri", name}
        assert alone.portable
        assert by_name[f"combination/only/{name}"].polarity == "valid"
    assert by_name["combination/all"].input.keys() == optional | {"prompt", "video_uri"}
    assert by_name["combination/all/but/keyframes"].portable


def test_every_maximum_at_once() -> None:
    most = by_name["combination/every-maximum"].input
    assert len(most["prompt"]) == 1000
    assert most["seed"] == 2**32 - 1
    assert [frame["seconds"] for frame in most["keyframes"]] == [30] * 5
    assert len(most["prompt_images"]) == 5
    other = by_name["combination/every-maximum-2"].input
    assert [frame["at"] for frame in other["keyframes"]] == [1] * 5
    least = by_name["combination/every-minimum"].input
    assert (len(least["prompt"]), least["seed"], least["keyframes"][0]["seconds"]) == (1, 0, 0)


def test_pairs_of_bounds_are_tried_at_once() -> None:
    pair = by_name["combination/pair/prompt/maxLength+seed/maximum"].input
    assert (len(pair["prompt"]), pair["seed"]) == (1000, 2**32 - 1)
    assert sum(name.startswith("combination/pair/") for name in by_name) > 80


def test_addresses_are_of_every_kind_that_the_service_takes() -> None:
    for place in ("video_uri", "keyframes/*/uri", "prompt_images/*/uri"):
        starts = {"https-with-query": "https://", "runway": "runway://", "data": "data:"}
        for label, start in starts.items():
            case = by_name[f"combination/uri/{place}/{label}"]
            assert case.portable
            assert any(
                isinstance(leaf, str) and leaf.startswith(start) for _, leaf in leaves(case.input)
            )


# --- for any other entry


@pytest.mark.parametrize("name", ENTRIES)
def test_another_entry_is_covered_without_a_line_for_it(name: str) -> None:
    contract = Contract.load(ENTRIES[name])
    validator = validator_for(contract)
    found = cases(contract)
    for case in found:
        if case.polarity == "valid":
            assert validator.is_valid(case.input), case.name
        else:
            assert case.certificate
            assert holds(case.certificate, contract.input_schema, case.input), case.name
    assert gaps(contract) == ()


def test_what_no_input_can_break_is_told_as_a_gap() -> None:
    """What is below 0 in the first branch is a number of the second, and valid by that."""
    union = {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "number", "maximum": 10}]}
    schema = {"input": union, "output": True}
    contract = Contract.from_entry({"model_id": "m", "schema_version": "1", "schema": schema})
    (gap,) = gaps(contract)
    assert (gap.constraint.key, gap.polarity) == ("oneOf/0/minimum", "violating")
    assert gap.reason == "no such input was found"


def test_the_other_entries_hold_every_keyword() -> None:
    def keywords(contract: Contract) -> set[str]:
        return {constraint.keyword for constraint in constraints(contract)}

    contracts = [Contract.load(path) for path in ENTRIES.values()]
    assert len(contracts) >= 20
    from aleph_contract.schema.boundaries import BOUNDARIES

    assert set().union(*map(keywords, contracts)) == set(BOUNDARIES)
    texts = "".join(path.read_text() for path in ENTRIES.values())
    for word in (
        "$ref", "$dynamicRef", "$anchor", "$defs", "allOf", "if", "then", "else", "prefixItems",
        "dependentSchemas", "patternProperties", "propertyNames", "format",
    ):  # fmt: skip
        assert f'"{word}"' in texts


def test_no_module_of_the_engine_names_a_model_or_a_limit_of_one() -> None:
    """What the documents leave open is known by name in one place; all else comes from the data."""
    fields = set(Contract.load().input_schema["properties"]) - {"duration", "seed"}
    engine = ROOT / "aleph_contract"
    cases_ = (engine / "cases" / f"{name}.py" for name in ("catalogue", "probes"))
    paths = [*cases_, *(engine / "schema").rglob("*.py")]
    assert len(paths) > 30
    for path in paths:
        tree = ast.parse(path.read_text())
        words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not fields & {word for word in words if isinstance(word, str)}


# --- the command


def test_the_command_prints_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cases", "--json", "--constraint", "seed/maximum", "--polarity", "violating"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {
        "name": "boundary/seed/maximum/above",
        "polarity": "violating",
        "portable": True,
        "constraint": {
            "instance": "/seed",
            "schema": "/properties/seed/maximum",
            "keyword": "maximum",
            "limit": 4294967295,
        },
        "input": by_name["boundary/seed/maximum/above"].input,
        "compound": False,
    }
    assert [line["name"] for line in lines[1:]] == [
        name for name in by_name if name.startswith(("probe/seed/2", "probe/seed/10"))
    ]


def test_the_command_prints_the_proofs_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    name = "boundary/seed/maximum/above"
    assert run(["cases", "--json", "--certificates", "--constraint", name]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["certificate"]["removed"] == ["/properties/seed/maximum"]
    assert told["note"].startswith("`/seed`:")


def test_the_command_prints_names_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cases", "--constraint", "*public_figure_threshold/type"]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = "content_moderation/public_figure_threshold/type"
    assert lines[0] == f"valid                boundary/{start}/on"
    assert lines[1] == f"violating  compound  boundary/{start}/null"


def test_the_command_takes_another_entry(capsys: pytest.CaptureFixture[str]) -> None:
    path = ENTRIES["pixelworks__canvas-3"]
    assert run(["cases", "--contract", str(path), "--constraint", "width/minimum"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["valid", "boundary/width/minimum/on"]
