"""Certificates: two validators confirm that a case breaks exactly its constraint."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sample_cases import BY_NAME

from aleph_contract.cases import Case, cases, certificates
from aleph_contract.cases.certificates import Certifier, holds
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.schema.pointers import without
from aleph_contract.schema.validation.validator import Validator

LONE = [case for case in cases() if case.certificate and not case.compound]
SECONDS = "keyframes/*/anyOf/0/seconds"


@pytest.mark.parametrize("case", LONE, ids=lambda case: case.name)
def test_both_validators_report_only_the_violation_of_the_case(case: Case) -> None:
    """Checks the certificate against the schema, with validators of its own."""
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
@pytest.mark.parametrize("of", ["validator_for", "Validator"])
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
    monkeypatch.setattr(certificates, of, lambda given: Dissenter(real(given), method, found))
    assert not holds(case.certificate, schema, case.input)


def test_a_certificate_is_plain_json() -> None:
    certificate = BY_NAME["boundary/keyframes/*/anyOf/0/seconds/maximum/above"].certificate
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
