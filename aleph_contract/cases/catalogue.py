"""Build the catalogue of a contract: propose values, build inputs, certify and name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from aleph_contract.cases.case import Case, Gap, Polarity
from aleph_contract.cases.certificates import Certificate
from aleph_contract.cases.combinations import pairs, realistic, together
from aleph_contract.cases.constraints import Constraint, site
from aleph_contract.cases.doubt import Doubt
from aleph_contract.cases.isolation import MAX_TRIES, Isolator
from aleph_contract.cases.name_globs import NameGlobs
from aleph_contract.cases.portability import Portability
from aleph_contract.cases.probes import Probe, format_probes, left_open, probes, whole
from aleph_contract.cases.substitution import plain_and_text, replaced
from aleph_contract.contract import Contract
from aleph_contract.contract.doubts import doubts_of
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.schema.boundaries import BOUNDARIES, Proposal
from aleph_contract.schema.generation import arrays, objects
from aleph_contract.schema.generation.builder import Builder, hints_from
from aleph_contract.schema.generation.interface import MISSING
from aleph_contract.schema.generation.strings import MAX_LENGTH
from aleph_contract.schema.pointers import plain, slug
from aleph_contract.schema.subschemas import Node, nodes


class Catalogue(NamedTuple):
    """The cases of a contract, and the constraints without a case of one polarity."""

    cases: tuple[Case, ...]
    gaps: tuple[Gap, ...]


def build(contract: Contract) -> Catalogue:
    """Build and certify every case of a contract."""
    builder = CatalogueBuilder(contract)
    bounds: list[Case] = []
    gaps: list[Gap] = []
    for constraint in builder.isolator.constraints:
        made = list(builder.boundary(constraint))
        bounds += made
        gaps += _gaps(constraint, made)
    found = [*_examples(contract), *bounds, *builder.combined(bounds), *builder.probes()]
    return Catalogue(_distinct(found), tuple(gaps))


def build_matching(contract: Contract, globs: NameGlobs) -> tuple[Case, ...]:
    """The cases with a matching name, combinations apart, without building all the others.

    Each is equal to the case of that name in the whole catalogue. Combinations are left out
    because a combination of bounds needs the cases of every constraint.
    """
    builder = CatalogueBuilder(contract)
    found = [*_examples(contract)]
    for constraint in builder.isolator.constraints:
        if globs.may_match_below(f"boundary/{constraint.key}/"):
            found += builder.boundary(constraint)
    if globs.may_match_below("probe/"):
        found += builder.probes()
    return tuple(case for case in _distinct(found) if globs.match(case.name))


def _distinct(cases: list[Case]) -> tuple[Case, ...]:
    """`cases` without repeated names; the first of each name stays."""
    return tuple({case.name: case for case in reversed(cases)}.values())[::-1]


def _examples(contract: Contract) -> Iterator[Case]:
    for example in contract.examples:
        name = f"example/{slug(example.name.lower())}"
        note = "An example of the documentation."
        yield Case(name, "valid", None, plain(example.input), note=note, kind="example")


def _gaps(constraint: Constraint, made: list[Case]) -> Iterator[Gap]:
    polarities: tuple[Polarity, ...] = ("valid", "violating")
    for polarity in polarities:
        if not any(case.polarity == polarity for case in made):
            yield Gap(constraint, polarity, _gap_reason(constraint))


#: The largest size that the builders build, by the keyword that limits it.
_BUILT = {
    "maxLength": MAX_LENGTH,
    "maxItems": arrays.MAX_ITEMS,
    "maxProperties": objects.MAX_PROPERTIES,
}


def _gap_reason(constraint: Constraint) -> str:
    most = _BUILT.get(constraint.keyword)
    if most is not None and constraint.limit >= most:
        return f"beyond the largest input that is built: `{constraint.keyword}` {most}"
    return "no such input was found"


def distinct_labels(proposals: Iterable[Proposal]) -> list[Proposal]:
    """`proposals` with distinct labels: `1` and `"1"` in an `enum` become `on-1` and `on-1-2`."""
    found: dict[str, Proposal] = {}
    for proposal in proposals:
        label, number = proposal.label, 2
        while label in found:
            label, number = f"{proposal.label}-{number}", number + 1
        found[label] = proposal._replace(label=label)
    return list(found.values())


class CatalogueBuilder:
    """Builds the cases of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.document = contract.document
        self.validator = validator_for(contract)
        self.hints = hints_from([plain(example.input) for example in contract.examples])
        self.isolator = Isolator(contract.input_schema, self.document, self.hints)
        self.builder = Builder(self.document, self.hints)
        self.portability = Portability(contract)
        self.doubts = doubts_of(contract.model)

    def is_valid(self, value: Any) -> bool:
        """Whether both validators accept `value`."""
        return self.validator.is_valid(value) and not self.validator.reference_violations(value)

    def boundary(self, constraint: Constraint) -> Iterator[Case]:
        """The cases of one constraint, in the order of its boundary function."""
        limit = self.document.at(constraint.schema)
        proposals = distinct_labels(
            BOUNDARIES[constraint.keyword](limit, site(self.document, constraint))
        )
        broken = self.isolator.broken(constraint, proposals)
        seen: dict[str, None] = {}
        built: dict[str, None] = {}
        for proposal in proposals:
            if proposal.instead_of in built:
                continue
            value, certificate = broken.get(proposal.label, (MISSING, None))
            if proposal.polarity == "valid":
                value = self._valid_input(constraint, proposal)
            if value is MISSING:
                continue
            built[proposal.label] = None
            if dumps(value) not in seen:
                seen[dumps(value)] = None
                yield self._case(constraint, proposal, value, certificate)
        if constraint.keyword == "false":
            for value in islice(self.builder.values(constraint.path[:-1]), 1):
                absent = Proposal("absent", "valid", (), "absent")
                yield self._case(constraint, absent, value, None)

    def combined(self, bounds: list[Case]) -> Iterator[Case]:
        """Valid inputs that combine several properties or bounds."""
        combined = together(self.document, self.hints, self.portability.reason)
        real = realistic(self.document, self.hints)
        for name, value, note in (*combined, *pairs(bounds), *real):
            if self.is_valid(value):
                doubt = self.portability.doubt(value)
                yield Case(
                    f"combination/{name}",
                    "valid",
                    None,
                    value,
                    note=f"{note} {doubt.reason if doubt else ''}".strip(),
                    kind="combination",
                    doubt=doubt,
                )

    def probes(self) -> Iterator[Case]:
        """Inputs that real clients treat wrongly or differently, most of them gray."""
        for node in nodes(self.document):
            given = next(self.builder.values(node.path), MISSING)
            if given is MISSING or any(step.keyword == "propertyNames" for step in node.path):
                continue
            for probe in probes(node, self.hints):
                yield from self._probe(node, probe, replaced(given, node.instance, probe.value))
            for probe, texts in format_probes(node, self.hints):
                for value in self._with_one_of(node, texts):
                    yield from self._probe(node, probe, value)
            for probe in left_open(node, given, self.doubts):
                yield from self._probe(node, probe, probe.value)
        root = Node(self.document.root, "")
        smallest = next(self.builder.values(), None)
        full = next(Builder(self.document, self.hints, "full").values(), None)
        if isinstance(smallest, dict) and isinstance(full, dict):
            for probe in whole(smallest, full, self.doubts):
                yield from self._probe(root, probe, probe.value)

    def _with_one_of(self, node: Node, texts: list[str]) -> Iterator[Any]:
        """The first valid input with one of `texts` at a node; none if no text fits there."""
        tried = islice(self.builder.values(node.path, {"enum": texts}), MAX_TRIES)
        return islice(filter(self.is_valid, tried), 1)

    def _probe(self, node: Node, probe: Probe, given: Any) -> Iterator[Case]:
        value, text = plain_and_text(given)
        text = probe.text or text
        doubt = self.portability.doubt(value, text)
        if probe.doubt and (doubt is None or doubt.kind == "acceptance"):
            doubt = Doubt(probe.doubt, probe.note)
        asked = f"{node.where}/{probe.keyword}"
        constraint = next((c for c in self.isolator.constraints if c.schema == asked), None)
        violations = self.validator.reference_violations(value)
        broken = self.isolator.proof(value, violations) if violations else None
        if violations and broken is None:
            return
        certificate = broken.certificate if broken else None
        yield Case(
            f"probe/{node.key}/{probe.label}".replace("//", "/"),
            "violating" if broken else "valid",
            constraint=self.isolator.of(certificate) if certificate else constraint,
            input=value,
            certificate=certificate,
            note=probe.note,
            text=text,
            kind="probe",
            doubt=doubt,
        )

    def _valid_input(self, constraint: Constraint, proposal: Proposal) -> Any:
        """The valid input closest to a proposal, a portable one where several are as close."""
        for schema in proposal.schemas:
            tried = islice(self.builder.values(constraint.path, schema), MAX_TRIES)
            first = MISSING
            for value in filter(self.is_valid, tried):
                if not self.portability.reason(value):
                    return value
                first = value if first is MISSING else first
            if first is not MISSING:
                return first
        return MISSING

    def _case(
        self,
        constraint: Constraint,
        proposal: Proposal,
        value: Any,
        certificate: Certificate | None,
    ) -> Case:
        doubt = self.portability.doubt(value)
        sentences = [f"`{constraint.instance or '/'}`: {proposal.note}."]
        if certificate and certificate.branch:
            sentences.append(f"Nearest branch: {certificate.branch[-1]}.")
        if certificate and certificate.reason:
            sentences.append(certificate.reason)
        if doubt:
            sentences.append(doubt.reason)
        return Case(
            f"boundary/{constraint.key}/{proposal.label}",
            proposal.polarity,
            constraint,
            value,
            bool(certificate and certificate.reason),
            certificate,
            " ".join(sentences),
            doubt=doubt,
            on_bound=not proposal.instead_of,
        )
