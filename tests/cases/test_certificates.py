"""Certificates: two validators confirm that a case breaks exactly its constraint."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from every_row import check_every
from sample_cases import BY_NAME, cases_of

from aleph_contract.cases import Case, cases, certificates
from aleph_contract.cases.certificates import Certifier, holds
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.schema.pointers import without
from aleph_contract.schema.validation.validator import Validator

LONE = [case for case in cases() if case.certificate and not case.compound]
SECONDS = "keyframes/*/anyOf/0/seconds"


def test_both_validators_report_only_the_violation_of_the_case() -> None:
    """Checks the certificate against the schema, with validators of its own."""
    schema = Contract.load().input_schema

    def check(case: Case) -> None:
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

    check_every(LONE, check, lambda case: case.name)


def test_every_violating_case_has_a_certificate_that_holds() -> None:
    schema = Contract.load().input_schema
    for case in cases(polarity="violating"):
        assert case.certificate, case.name
        assert holds(case.certificate, schema, case.input), case.name


def test_both_validators_accept_every_valid_case() -> None:
    validator = validator_for()
    for case in cases(polarity="valid"):
        assert validator.is_valid(case.input), case.name
        assert not validator.reference_violations(case.input), case.name


def test_a_false_certificate_does_not_hold() -> None:
    schema = Contract.load().input_schema
    case = BY_NAME["boundary/seed/maximum/above"]
    assert case.certificate
    assert not holds(case.certificate, schema, case.input | {"seed": 1})
    assert not holds(case.certificate, schema, case.input | {"prompt": ""})
    assert not holds(
        replace(case.certificate, removed=("/properties/seed/minimum",)), schema, case.input
    )
    assert not holds(replace(case.certificate, errors=()), schema, case.input)


def test_an_input_that_breaks_two_constraints_is_certified_for_neither() -> None:
    schema = Contract.load().input_schema
    case = BY_NAME["boundary/seed/maximum/above"]
    assert case.constraint
    certifier = Certifier(schema, case.constraint, [case.constraint.schema])
    assert certifier.certify(case.input)
    assert certifier.certify(case.input | {"prompt": ""}) is None
    assert certifier.certify(case.input | {"seed": 1}) is None


def test_a_certificate_without_a_reason_has_an_empty_one() -> None:
    case = BY_NAME["boundary/seed/maximum/above"]
    assert case.constraint
    certifier = Certifier(Contract.load().input_schema, case.constraint, [case.constraint.schema])
    certificate = certifier.certify(case.input)
    assert certificate
    assert certificate.reason == ""
    given = certifier.certify(case.input, "both bounds exclude each other")
    assert given
    assert given.reason == "both bounds exclude each other"


@pytest.mark.parametrize(
    ("part", "isolated"),
    [
        ({}, True),
        ({"seed": 1}, False),
        ({"seed": -1}, False),
        ({"prompt": ""}, False),
        ({"seed": 1, "prompt": ""}, False),
        ({"seed": "1"}, False),
    ],
)
def test_only_an_input_that_breaks_the_constraint_alone_is_isolated(
    part: dict[str, Any], isolated: bool
) -> None:
    case = BY_NAME["boundary/seed/maximum/above"]
    assert case.constraint
    certifier = Certifier(Contract.load().input_schema, case.constraint, [case.constraint.schema])
    assert certifier.isolates(case.input | part) is isolated
    assert (certifier.certify(case.input | part) is not None) is isolated


def test_an_input_of_a_schema_that_allows_null_is_isolated_and_certified() -> None:
    schema = {"properties": {"size": {"maximum": 3}}}
    case = cases_of(schema)["boundary/size/maximum/above"]
    assert case.constraint
    certifier = Certifier(schema, case.constraint, [case.constraint.schema])
    assert certifier.isolates(case.input)
    assert certifier.certify(case.input) == case.certificate


def test_a_constraint_of_a_recursive_schema_may_be_broken_inside_the_value() -> None:
    schema = {"maxProperties": 1, "additionalProperties": {"$ref": "#"}}
    case = cases_of(schema)["boundary/maxProperties/above"]
    assert case.constraint
    assert case.constraint.instance == ""
    certifier = Certifier(schema, case.constraint, [case.constraint.schema])
    certificate = certifier.certify({"a": {"b": 1, "c": 2}})
    assert certificate
    assert [violation.instance for violation in certificate.errors] == ["/a"]


@pytest.mark.parametrize(
    ("method", "whole", "found"),
    [("is_valid", True, True), ("is_valid", False, False), ("violations", True, ())],
)
def test_an_input_is_isolated_only_if_all_three_conditions_hold(
    method: str, whole: bool, found: Any
) -> None:
    case = BY_NAME["boundary/seed/maximum/above"]
    assert case.constraint
    certifier = Certifier(Contract.load().input_schema, case.constraint, [case.constraint.schema])
    name = "validator" if whole else "relaxed"
    setattr(certifier, name, Dissenter(getattr(certifier, name), method, found))
    assert not certifier.isolates(case.input)


def test_one_of_two_broken_constraints_may_be_outside_the_union_of_the_other() -> None:
    seed, late = (BY_NAME[f"boundary/{name}/maximum/above"] for name in ("seed", SECONDS))
    assert seed.constraint
    assert late.constraint
    removed = [seed.constraint.schema, late.constraint.schema]
    certifier = Certifier(Contract.load().input_schema, seed.constraint, removed)
    certificate = certifier.certify(late.input | {"seed": seed.input["seed"]})
    assert certificate
    assert certificate.branch == ("/properties/keyframes/items/anyOf/0",)


def test_a_certificate_holds_for_a_schema_other_than_the_shipped_one() -> None:
    schema = {"type": "object", "properties": {"size": {"maximum": 3}}}
    for case in cases_of(schema).values():
        if case.certificate:
            assert holds(case.certificate, schema, case.input), case.name


@pytest.mark.parametrize(
    ("keyword", "schema"),
    [
        ("unevaluatedProperties", {"properties": {"size": {"maximum": 3}}}),
        ("unevaluatedItems", {"prefixItems": [{"maximum": 3}]}),
    ],
)
def test_a_keyword_inside_a_closing_keyword_is_certified(
    keyword: str, schema: dict[str, Any]
) -> None:
    """Both validators name `unevaluatedItems` itself, not the broken keyword inside it."""
    case = cases_of(schema | {keyword: {"minimum": 2}})[f"boundary/{keyword}/minimum/below"]
    assert case.certificate
    assert case.certificate.removed == (f"/{keyword}/minimum",)
    for (violation,) in (case.certificate.errors, case.certificate.reference_errors):
        assert violation.schema == f"/{keyword}"


class Dissenter:
    """A validator of which one method returns a fixed result."""

    def __init__(self, validator: Validator, method: str, found: Any) -> None:
        self._validator = validator
        self._method = method
        self._found = found

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            return lambda _: self._found
        return getattr(self._validator, name)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("method", ["is_valid", "violations", "reference_violations"])
def test_no_certificate_is_issued_if_the_validators_disagree(method: str, whole: bool) -> None:
    schema = Contract.load().input_schema
    case, other = (BY_NAME[f"boundary/{name}/maximum/above"] for name in ("seed", SECONDS))
    assert case.constraint
    assert other.certificate
    certifier = Certifier(schema, case.constraint, [case.constraint.schema])
    if whole:
        found = True if method == "is_valid" else other.certificate.errors
        certifier.validator = Dissenter(certifier.validator, method, found)  # type: ignore[assignment]
    else:
        found = False if method == "is_valid" else other.certificate.errors
        certifier.relaxed = Dissenter(certifier.relaxed, method, found)  # type: ignore[assignment]
    untouched = (method, whole) == ("violations", False)  # `is_valid` already covers it
    assert (certifier.certify(case.input) is not None) is untouched


@pytest.mark.parametrize("method", ["violations", "reference_violations"])
@pytest.mark.parametrize("of", ["validator_for", "relaxed_validator"])
def test_a_certificate_holds_only_if_both_validators_agree(
    method: str, of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = Contract.load().input_schema
    case, other = (BY_NAME[f"boundary/{name}/maximum/above"] for name in ("seed", SECONDS))
    assert case.certificate
    assert other.certificate
    assert holds(case.certificate, schema, case.input)
    real = getattr(certificates, of)
    found = other.certificate.errors
    monkeypatch.setattr(certificates, of, lambda *given: Dissenter(real(*given), method, found))
    assert not holds(case.certificate, schema, case.input)


def test_a_certificate_is_plain_json() -> None:
    certificate = BY_NAME["boundary/keyframes/*/anyOf/0/seconds/maximum/above"].certificate
    assert certificate
    told = certificate.as_json()
    assert json.loads(json.dumps(told)) == told
    assert set(told) == {
        "constraint",
        "removed",
        "jsonschema-rs",
        "jsonschema",
        "branch",
        "reason",
    }
    assert told["constraint"] == certificate.constraint
    assert told["branch"] == ["/properties/keyframes/items/anyOf/0"]
    assert told["reason"] == ""
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
