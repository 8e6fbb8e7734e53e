"""The catalogue of the shipped contract, built in advance: a verification starts a second earlier.

`python -m aleph_contract.cases.shipped` writes it. A test builds the catalogue and compares, with
several versions of Python and of both validators.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from aleph_contract.cases.case import Case, Gap
from aleph_contract.cases.catalogue import Catalogue, build
from aleph_contract.cases.certificates import Certificate
from aleph_contract.cases.constraints import Constraint, constraints
from aleph_contract.cases.doubt import Doubt
from aleph_contract.contract import Contract
from aleph_contract.schema.validation.violations import Violation

FILE = Path(__file__).with_name("shipped.json")

_NAMES = frozenset({"additionalProperties", "unevaluatedProperties"})


def catalogue_of(contract: Contract) -> Catalogue | None:
    """The catalogue of the shipped contract; `None` for another contract."""
    return _read() if is_shipped(contract) else None


def is_shipped(contract: Contract) -> bool:
    """Whether a contract is that of the shipped entry."""
    shipped = Contract.load()
    return contract is shipped or contract.entry == shipped.entry


def write() -> None:
    """Build the catalogue and write it, one case a line."""
    found = build(Contract.load())
    write_cases(FILE, found.cases)
    if found.gaps:
        raise ValueError(f"the file holds no gaps: {found.gaps}")


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """Write cases of the shipped contract to a file, one a line."""
    lines = [json.dumps(_encoded(case)) for case in cases]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def read_cases(path: Path) -> tuple[Case, ...]:
    """The cases in a file of `write_cases`."""
    by_key = {constraint.key: constraint for constraint in constraints()}
    return tuple(_decoded(item, by_key) for item in json.loads(path.read_bytes()))


@lru_cache(maxsize=1)
def _read() -> Catalogue:
    gaps: tuple[Gap, ...] = ()
    return Catalogue(read_cases(FILE), gaps)


def _encoded(case: Case) -> dict[str, Any]:
    """A case without the members that have their defaults."""
    given = _without_defaults(case)
    if case.constraint is not None:
        given["constraint"] = case.constraint.key
    if case.doubt is not None:
        given["doubt"] = [case.doubt.kind, case.doubt.reason]
    if case.certificate is not None:
        given["certificate"] = _certificate_encoded(case.certificate)
    return given


def _certificate_encoded(certificate: Certificate) -> dict[str, Any]:
    """A certificate; both validators mostly report the same errors, which then stand once."""
    given = _without_defaults(certificate)
    given["errors"] = list(map(_violation_encoded, certificate.errors))
    given["reference_errors"] = list(map(_violation_encoded, certificate.reference_errors))
    if given["reference_errors"] == given["errors"]:
        del given["reference_errors"]
    return given


def _violation_encoded(violation: Violation) -> dict[str, Any]:
    given = _without_defaults(violation)
    if violation.branches:
        given["branches"] = [list(map(_violation_encoded, b)) for b in violation.branches]
    return given


def _without_defaults(record: Any) -> dict[str, Any]:
    return {
        each.name: value
        for each in fields(record)
        if (value := getattr(record, each.name)) != each.default
    }


def _decoded(item: dict[str, Any], by_key: Mapping[str, Constraint]) -> Case:
    given = {"constraint": None, "input": None, **item}
    if given["constraint"] is not None:
        given["constraint"] = by_key[given["constraint"]]
    if "doubt" in given:
        given["doubt"] = Doubt(*given["doubt"])
    if "certificate" in given:
        given["certificate"] = _certificate(given["certificate"])
    return Case(**given)


def _certificate(item: dict[str, Any]) -> Certificate:
    errors = _violations(item["errors"])
    reference = item.get("reference_errors")
    return Certificate(
        item["constraint"],
        tuple(item["removed"]),
        errors,
        errors if reference is None else _violations(reference),
        tuple(item.get("branch", ())),
        item.get("reason", ""),
    )


def _violations(items: Sequence[dict[str, Any]]) -> tuple[Violation, ...]:
    return tuple(map(_violation, items))


def _violation(item: dict[str, Any]) -> Violation:
    given = {**item, "branches": tuple(map(_violations, item.get("branches", ())))}
    if item["keyword"] in _NAMES:
        given["actual"] = tuple(item["actual"])
    return Violation(**given)


if __name__ == "__main__":
    write()
