"""Build the catalogue of a contract: propose, build, certify, name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from aleph_contract.boundaries import BOUNDARIES, Proposal
from aleph_contract.case import Case, Gap, Polarity
from aleph_contract.certificates import Certificate, Certifier
from aleph_contract.constraints import Constraint, site, walk
from aleph_contract.contract import Contract
from aleph_contract.portability import doubt
from aleph_contract.schema import plain, slug
from aleph_contract.validation import validator_for
from aleph_contract.witness import Builder, hints_from

#: Values tried for one proposal.
_TRIES = 12


class Catalogue(NamedTuple):
    """The cases of a contract, and what no case was found for."""

    cases: tuple[Case, ...]
    gaps: tuple[Gap, ...]


def build(contract: Contract) -> Catalogue:
    """Build and certify every case of a contract."""
    workshop = Workshop(contract)
    found = [*_examples(contract)]
    gaps: list[Gap] = []
    for constraint in walk(workshop.document):
        made = list(workshop.cases_of(constraint))
        found += made
        gaps += workshop.gaps_of(constraint, made)
    return Catalogue(tuple(found), tuple(gaps))


def _examples(contract: Contract) -> Iterator[Case]:
    for example in contract.examples:
        name = f"example/{slug(example.name.lower())}"
        note = "Stands in the documentation."
        yield Case(name, "valid", True, None, plain(example.input), note=note, kind="example")


class Workshop:
    """What cases of one contract are made with."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.document = contract.document
        self.validator = validator_for(contract)
        self.hints = hints_from([plain(example.input) for example in contract.examples])
        self.builder = Builder(self.document, self.hints)

    def is_valid(self, value: Any) -> bool:
        """Whether both validators find nothing wrong."""
        return self.validator.is_valid(value) and not self.validator.reference_violations(value)

    def cases_of(self, constraint: Constraint) -> Iterator[Case]:
        """The boundary cases of one constraint."""
        limit = self.document.at(constraint.schema)
        proposals = list(BOUNDARIES[constraint.keyword](limit, site(self.document, constraint)))
        found = [*self._valid(constraint, proposals), *self._violating(constraint, proposals)]
        order = {id(proposal): index for index, proposal in enumerate(proposals)}
        seen: dict[str, None] = {}
        for proposal, value, certificate in sorted(found, key=lambda f: order[id(f[0])]):
            spelt = json.dumps(value)
            if spelt not in seen:
                seen[spelt] = None
                yield _case(constraint, proposal, value, certificate)

    def gaps_of(self, constraint: Constraint, made: list[Case]) -> Iterator[Gap]:
        """The polarities of which `made` holds no case."""
        polarities: tuple[Polarity, ...] = ("valid", "violating")
        for polarity in polarities:
            if not any(case.polarity == polarity for case in made):
                yield Gap(constraint, polarity, "no such input was found")

    def _valid(self, constraint: Constraint, proposals: list[Proposal]) -> Iterator[_Found]:
        for proposal in proposals:
            if proposal.polarity == "valid":
                values = self._values(self.builder, constraint, proposal)
                found = [*islice(filter(self.is_valid, values), _TRIES)]
                if found:
                    yield proposal, next((v for v in found if not doubt(v)), found[0]), None
        if constraint.keyword == "false":
            absent = Proposal("absent", "valid", (True,), "not there")
            for value in islice(self.builder.values(constraint.trail[:-1]), 1):
                proposals.append(absent)
                yield absent, value, None

    def _violating(self, constraint: Constraint, proposals: list[Proposal]) -> list[_Found]:
        wanted = [proposal for proposal in proposals if proposal.polarity == "violating"]
        alone = self._broken(constraint, wanted, [constraint.schema], "")
        if alone:
            return alone
        others = [other for other in walk(self.document) if _together(other, constraint)]
        for other in others:
            removed = [constraint.schema, other.schema]
            found = self._broken(constraint, wanted, removed, _reason(constraint, other))
            if found:
                return found
        return []

    def _broken(
        self, constraint: Constraint, proposals: list[Proposal], removed: list[str], reason: str
    ) -> list[_Found]:
        """Certified values that break just the keywords at `removed`."""
        certifier = Certifier(self.contract.input_schema, constraint, removed)
        relaxed = self.document.without(*removed)
        found: list[_Found] = []
        builders = [Builder(relaxed, self.hints)]
        if any(step.keyword in ("anyOf", "oneOf") for step in constraint.trail):
            builders.append(Builder(relaxed, self.hints, alone=True))
        for proposal in proposals:
            for builder in builders:
                certified = self._certified(builder, certifier, proposal, reason)
                if certified:
                    found.append((proposal, *certified))
                    break
        return found

    def _certified(
        self, builder: Builder, certifier: Certifier, proposal: Proposal, reason: str
    ) -> tuple[Any, Certificate] | None:
        for value in self._values(builder, certifier.constraint, proposal):
            certificate = certifier.certify(value, reason)
            if certificate is not None:
                return value, certificate
        return None

    def _values(self, builder: Builder, constraint: Constraint, proposal: Proposal) -> Iterator[Any]:
        for schema in proposal.schemas:
            yield from islice(builder.values(constraint.trail, schema), _TRIES)


_Found = tuple[Proposal, Any, Certificate | None]


def _together(one: Constraint, other: Constraint) -> bool:
    """Whether two constraints hold of the same value, whatever branches are taken."""
    return one.schema != other.schema and _choices(one) == _choices(other)


def _choices(constraint: Constraint) -> list[tuple[str, str | int | None]]:
    """The way to a constraint without the steps that leave no choice."""
    certain = ("$ref", "$dynamicRef", "allOf")
    return [step[:2] for step in constraint.trail if step.keyword not in certain]


def _reason(constraint: Constraint, other: Constraint) -> str:
    return (
        f"No input was found that breaks `{constraint.keyword}` alone: what it turns down,"
        f" `{other.keyword}` at {other.schema} turns down as well."
    )


def _case(
    constraint: Constraint, proposal: Proposal, value: Any, certificate: Certificate | None
) -> Case:
    gray = doubt(value)
    note = f"`{constraint.instance or '/'}`: {proposal.note}."
    if certificate and certificate.branch:
        note += f" Nearest branch: {certificate.branch[-1]}."
    compound = bool(certificate and certificate.reason)
    if certificate and compound:
        note += f" {certificate.reason}"
    return Case(
        f"boundary/{constraint.key}/{proposal.label}",
        proposal.polarity,
        not gray,
        constraint,
        value,
        compound,
        certificate,
        f"{note} {gray}".strip(),
    )
