"""The catalogue that is built in advance is the one that would be built now."""

from __future__ import annotations

import json

import pytest

from aleph_contract.cases import Case, cases, gaps
from aleph_contract.cases.catalogue import build
from aleph_contract.cases.shipped import catalogue_of
from aleph_contract.contract import Contract


@pytest.fixture(scope="module")
def built() -> dict[str, Case]:
    return {case.name: case for case in build(Contract.load()).cases}


def test_it_holds_the_cases_that_would_be_built(built: dict[str, Case]) -> None:
    assert {case.name: case for case in cases()} == built, (
        "after an intended change: python -m aleph_contract.cases.shipped"
    )
    assert [case.name for case in cases()] == list(built)
    assert gaps() == ()


def test_the_certificates_are_those_that_would_be_issued(built: dict[str, Case]) -> None:
    """Equality of cases leaves the certificates out."""
    for case in cases():
        assert repr(case.certificate) == repr(built[case.name].certificate)
        assert case.certificate == built[case.name].certificate


def test_an_equal_entry_has_the_same_cases_and_a_changed_one_its_own() -> None:
    shipped = Contract.load()
    assert catalogue_of(Contract.from_entry(json.loads(json.dumps(shipped.entry)))) is not None
    changed = json.loads(json.dumps(shipped.entry))
    changed["schema"]["input"]["properties"]["prompt"]["maxLength"] = 999
    assert catalogue_of(Contract.from_entry(changed)) is None
    [above] = cases(Contract.from_entry(changed), names=["boundary/prompt/maxLength/above"])
    assert len(above.input["prompt"]) == 1000


def test_chosen_names_are_those_of_the_whole_catalogue() -> None:
    for glob in ("boundary/seed/*", "probe/*", "combination/*", "none"):
        chosen = cases(names=[glob])
        start = glob.rstrip("*")
        assert chosen == tuple(case for case in cases() if case.name.startswith(start))
