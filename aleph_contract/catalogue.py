"""Build the catalogue of a contract: propose, build, certify, name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from aleph_contract.boundaries import BOUNDARIES, Proposal
from aleph_contract.case import Case, Gap, Polarity
from aleph_contract.certificates import Certificate, Certifier, deleted
from aleph_contract.combinations import Combination, pairs, realistic, together
from aleph_contract.constraints import Constraint, site, walk
from aleph_contract.contract import Contract
from aleph_contract.jsonvalue import dumps
from aleph_contract.nodes import Node, nodes
from aleph_contract.portability import doubt
from aleph_contract.probes import Probe, after_the_end, misfits, probes, replaced, spelt
from aleph_contract.schema import plain, slug
from aleph_contract.validation import Violation, validator_for
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
    bounds: list[Case] = []
    gaps: list[Gap] = []
    for constraint in workshop.constraints:
        made = list(workshop.cases_of(constraint))
        bounds += made
        gaps += _gaps(constraint, made)
    combined = list(workshop.combined(bounds))
    found = [*_examples(contract), *bounds, *combined, *workshop.probes()]
    return Catalogue(tuple(_named_apart(found)), tuple(gaps))


def _examples(contract: Contract) -> Iterator[Case]:
    for example in contract.examples:
        name = f"example/{slug(example.name.lower())}"
        note = "Stands in the documentation."
        yield Case(name, "valid", True, None, plain(example.input), note=note, kind="example")


def _gaps(constraint: Constraint, made: list[Case]) -> Iterator[Gap]:
    polarities: tuple[Polarity, ...] = ("valid", "violating")
    for polarity in polarities:
        if not any(case.polarity == polarity for case in made):
            yield Gap(constraint, polarity, "no such input was found")


def _named_apart(found: Iterable[Case]) -> Iterator[Case]:
    """The cases, without those whose name another has already."""
    seen: dict[str, None] = {}
    for case in found:
        if case.name not in seen:
            seen[case.name] = None
            yield case


class Workshop:
    """What the cases of one contract are made with."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.document = contract.document
        self.constraints = walk(self.document)
        self.validator = validator_for(contract)
        self.hints = hints_from([plain(example.input) for example in contract.examples])
        self.builder = Builder(self.document, self.hints)

    def is_valid(self, value: Any) -> bool:
        """Whether both validators find nothing wrong."""
        return self.validator.is_valid(value) and not self.validator.reference_violations(value)

    def cases_of(self, constraint: Constraint) -> Iterator[Case]:
        """The boundary cases of one constraint, as its boundary function orders them."""
        limit = self.document.at(constraint.schema)
        proposals = list(BOUNDARIES[constraint.keyword](limit, site(self.document, constraint)))
        found = dict(self._violating(constraint, proposals))
        seen: dict[str, None] = {}
        for proposal in proposals:
            value, certificate = found.get(proposal.label, (_NONE, None))
            if proposal.polarity == "valid":
                value = self._kept(constraint, proposal)
            if value is not _NONE and dumps(value) not in seen:
                seen[dumps(value)] = None
                yield _case(constraint, proposal, value, certificate)
        if constraint.keyword == "false":
            for value in islice(self.builder.values(constraint.trail[:-1]), 1):
                yield _case(constraint, Proposal("absent", "valid", (), "not there"), value, None)

    def combined(self, bounds: list[Case]) -> Iterator[Case]:
        """Valid inputs beyond single constraints."""
        made: list[Combination] = [
            *together(self.document, self.hints),
            *pairs(bounds),
            *realistic(self.document, self.hints),
        ]
        for name, value, note in made:
            if self.is_valid(value):
                gray = doubt(value)
                yield Case(
                    f"combination/{name}",
                    "valid",
                    not gray,
                    None,
                    value,
                    note=f"{note} {gray}".strip(),
                    kind="combination",
                )

    def probes(self) -> Iterator[Case]:
        """Inputs over which implementations differ."""
        for node in nodes(self.document):
            given = next(self.builder.values(node.trail), None)
            if given is None or any(step.keyword == "propertyNames" for step in node.trail):
                continue
            for probe in probes(node, self.hints):
                value, text = spelt(replaced(given, node.instance, probe.value))
                yield from self._probe(f"{node.key.lstrip('/')}/{probe.label}", node, probe, value, text)
            late = after_the_end(node, given)
            if late is not None:
                probe = Probe("after-the-end", 2, doubt(late))
                yield from self._probe(f"{node.key.lstrip('/')}/{probe.label}", node, probe, late, None)
        smallest = next(self.builder.values(), None)
        root = Node(self.document.root, "")
        if isinstance(smallest, dict):
            for label, value, text, note in misfits(smallest, closed=self._closed()):
                yield from self._probe(label, root, Probe(label, value, note), value, text)

    def _closed(self) -> bool:
        return any(c.keyword in ("additionalProperties", "unevaluatedProperties") and not c.instance for c in self.constraints)

    def _probe(self, name: str, node: Node, probe: Probe, value: Any, text: str | None) -> Iterator[Case]:
        asked = f"{node.where}/{probe.keyword}"
        constraint = next((c for c in self.constraints if c.schema == asked), None)
        broken = self.validator.reference_violations(value)
        certificate = None
        if broken:
            suspects = _named(broken)
            for candidate in (c for c in self.constraints if c.schema in suspects):
                certificate = Certifier(
                    self.contract.input_schema, candidate, [candidate.schema]
                ).certify(value)
                if certificate:
                    constraint = candidate
                    break
            else:
                return
        yield Case(
            f"probe/{name}",
            "violating" if broken else "valid",
            False,
            constraint,
            value,
            certificate=certificate,
            note=probe.note,
            text=text,
            kind="probe",
        )

    def _kept(self, constraint: Constraint, proposal: Proposal) -> Any:
        """A valid value for a proposal, portable if there is one."""
        values = self._values(self.builder, constraint, proposal)
        found = [*islice(filter(self.is_valid, values), _TRIES)]
        return next((value for value in found if not doubt(value)), found[0] if found else _NONE)

    def _violating(
        self, constraint: Constraint, proposals: list[Proposal]
    ) -> list[tuple[str, tuple[Any, Certificate]]]:
        wanted = [proposal for proposal in proposals if proposal.polarity == "violating"]
        alone = self._broken(constraint, wanted, [constraint.schema], "")
        if alone:
            return alone
        for other in self.constraints:
            if _together(other, constraint):
                removed = [constraint.schema, other.schema]
                found = self._broken(constraint, wanted, removed, self._reason(constraint, other))
                if found:
                    return found
        return []

    def _broken(
        self, constraint: Constraint, proposals: list[Proposal], removed: list[str], reason: str
    ) -> list[tuple[str, tuple[Any, Certificate]]]:
        """Certified values that break just the keywords at `removed`, by label."""
        certifier = Certifier(self.contract.input_schema, constraint, removed)
        relaxed = self.document.without(*map(deleted, removed))
        builders = [Builder(relaxed, self.hints, strict=self.document)]
        if any(step.keyword in ("anyOf", "oneOf") for step in constraint.trail):
            builders.append(Builder(relaxed, self.hints, alone=True, strict=self.document))
        found = []
        for proposal in proposals:
            tried = (v for b in builders for v in self._values(b, constraint, proposal))
            certified = ((value, certifier.certify(value, reason)) for value in tried)
            for value, certificate in certified:
                if certificate is not None:
                    found.append((proposal.label, (value, certificate)))
                    break
        return found

    def _values(self, builder: Builder, constraint: Constraint, proposal: Proposal) -> Iterator[Any]:
        for schema in proposal.schemas:
            yield from islice(builder.values(constraint.trail, schema), _TRIES)

    def _reason(self, constraint: Constraint, other: Constraint) -> str:
        """Why what breaks one constraint breaks the other too."""
        place = f"`{other.keyword}` at {other.schema}"
        if constraint.keyword == "type" and other.keyword in ("enum", "const"):
            listed = other.limit if other.keyword == "enum" else [other.limit]
            if all(map(self.document.accepts([{"type": constraint.limit}]), listed)):
                return f"Every value that {place} admits is of this type, so no other type is admitted."
        return f"No input was found that breaks `{constraint.keyword}` and not {place}."


def _named(violations: Iterable[Violation]) -> list[str]:
    """The keywords that `violations` and those in their branches are about."""
    return [
        where
        for violation in violations
        for where in (
            violation.schema,
            *(inner for branch in violation.branches for inner in _named(branch)),
        )
    ]


_NONE = object()


def _together(one: Constraint, other: Constraint) -> bool:
    """Whether `one` holds wherever `other` does."""
    same_place = one.schema != other.schema and one.instance == other.instance
    return same_place and all(branch in _branches(other) for branch in _branches(one))


def _branches(constraint: Constraint) -> list[str]:
    """The branches that are taken on the way to a constraint."""
    choices = ("anyOf", "oneOf", "then", "else", "dependentSchemas")
    return [step.schema for step in constraint.trail if step.keyword in choices]


def _case(
    constraint: Constraint, proposal: Proposal, value: Any, certificate: Certificate | None
) -> Case:
    gray = doubt(value)
    sentences = [f"`{constraint.instance or '/'}`: {proposal.note}."]
    if certificate and certificate.branch:
        sentences.append(f"Nearest branch: {certificate.branch[-1]}.")
    if certificate and certificate.reason:
        sentences.append(certificate.reason)
    return Case(
        f"boundary/{constraint.key}/{proposal.label}",
        proposal.polarity,
        not gray,
        constraint,
        value,
        bool(certificate and certificate.reason),
        certificate,
        " ".join([*sentences, gray]).strip(),
    )
