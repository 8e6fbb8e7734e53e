"""Build the catalogue of a contract: propose values, build inputs, certify and name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, NamedTuple

from aleph_contract.cases.case import Case, Gap
from aleph_contract.cases.certificates import Certificate
from aleph_contract.cases.combinations import pairs, realistic, together
from aleph_contract.cases.constraints import Constraint, site
from aleph_contract.cases.doubt import Doubt
from aleph_contract.cases.gaps import POLARITIES, Search, cut_short, unvisited
from aleph_contract.cases.isolation import MAX_TRIES, Isolator
from aleph_contract.cases.name_globs import NameGlobs
from aleph_contract.cases.portability import Portability
from aleph_contract.cases.probes import Probe, format_probes, left_open, probes, whole
from aleph_contract.cases.substitution import plain_and_text, replaced
from aleph_contract.contract import Contract
from aleph_contract.contract.doubts import doubts_of
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import dumps, weight
from aleph_contract.schema.boundaries import BOUNDARIES, Proposal
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.hints import hints_from
from aleph_contract.schema.generation.interface import MISSING
from aleph_contract.schema.pointers import plain, slug
from aleph_contract.schema.subschemas import Node, nodes


class Catalogue(NamedTuple):
    """The cases of a contract, and the constraints without a case of one polarity."""

    cases: tuple[Case, ...]
    gaps: tuple[Gap, ...]


def build(contract: Contract) -> Catalogue:
    """Build and certify every case of a contract."""
    builder = CatalogueBuilder(contract)
    searches = builder.boundaries(builder.isolator.constraints)
    bounds = [case for search in searches for case in search.cases]
    combining, probing = Budget(_MAX_COMBINING), Budget(_MAX_PROBING)
    combined = list(builder.combined(bounds, combining))
    probed = list(builder.probes(probing))
    gaps = (
        *(gap for search in searches for gap in search.gaps()),
        *cut_short({"combinations": combining, "probes": probing}),
        *unvisited(contract.document),
    )
    return Catalogue(_distinct([*_examples(contract), *bounds, *combined, *probed]), gaps)


def build_matching(contract: Contract, globs: NameGlobs) -> tuple[Case, ...]:
    """The cases with a matching name, combinations apart, without building all the others.

    Each is equal to the case of that name in the whole catalogue. Combinations are left out
    because a combination of bounds needs the cases of every constraint. If the whole catalogue
    was cut off, cases that are left out there may be here.
    """
    builder = CatalogueBuilder(contract)
    found = [*_examples(contract)]
    asked = [
        constraint
        for constraint in builder.isolator.constraints
        if globs.may_match_below(f"boundary/{constraint.key}/")
    ]
    found += (case for search in builder.boundaries(asked) for case in search.cases)
    if globs.may_match_below("probe/"):
        found += builder.probes(Budget(_MAX_PROBING))
    return tuple(case for case in _distinct(found) if globs.match(case.name))


def _distinct(cases: list[Case]) -> tuple[Case, ...]:
    """`cases` without repeated names; the first of each name stays."""
    return tuple({case.name: case for case in reversed(cases)}.values())[::-1]


def _examples(contract: Contract) -> Iterator[Case]:
    for example in contract.examples:
        name = f"example/{slug(example.name.lower())}"
        note = "An example of the documentation."
        yield Case(name, "valid", None, plain(example.input), note=note, kind="example")


def distinct_labels(proposals: Iterable[Proposal]) -> list[Proposal]:
    """`proposals` with distinct labels: `1` and `"1"` in an `enum` become `on-1` and `on-1-2`."""
    found: dict[str, Proposal] = {}
    for proposal in proposals:
        label, number = proposal.label, 2
        while label in found:
            label, number = f"{proposal.label}-{number}", number + 1
        found[label] = proposal._replace(label=label)
    return list(found.values())


#: The most steps for all constraints of one contract, and for one constraint and one polarity in
#: each round.
MAX_STEPS = 76_000
_ROUNDS = (600, 4_000, 20_000)

#: The most steps for all combinations, and for all probes.
_MAX_COMBINING = 20_000
_MAX_PROBING = 20_000


class CatalogueBuilder:
    """Builds the cases of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.document = contract.document
        self.validator = validator_for(contract)
        self.hints = hints_from([plain(example.input) for example in contract.examples])
        self.isolator = Isolator(contract.input_schema, self.document, self.hints)
        self._proposals = lru_cache(maxsize=None)(self._proposals_for)
        self.portability = Portability(contract)
        self.doubts = doubts_of(contract.model)

    def is_valid(self, value: Any) -> bool:
        """Whether both validators accept `value`."""
        return self.validator.is_valid(value) and not self.validator.reference_violations(value)

    def boundaries(self, constraints: Sequence[Constraint]) -> list[Search]:
        """The searches for the cases of `constraints`, in order.

        Every search gets few steps at first. Those that are cut off are repeated with more, as
        long as steps are left, so that a hard constraint does not take the steps of the others.
        """
        searches: dict[str, Search] = {}
        left: float = MAX_STEPS
        for steps in _ROUNDS:
            for constraint in constraints:
                known = searches.get(constraint.key)
                if known is None or (known.cut_off and left > 0):
                    search = self.boundary(constraint, min(steps, max(left, 0)))
                    left -= search.spent
                    searches[constraint.key] = search
        return list(searches.values())

    def boundary(self, constraint: Constraint, steps: float) -> Search:
        """The cases of one constraint, in the order of its boundary function.

        Args:
            constraint: The constraint.
            steps: The most steps for each polarity. More steps add cases and change none.
        """
        search = Search(constraint, {polarity: Budget(steps) for polarity in POLARITIES})
        if steps > 0:
            search.cases += self._boundary(search)
        return search

    def _boundary(self, search: Search) -> Iterator[Case]:
        constraint = search.constraint
        proposals = self._proposals(constraint)
        broken = self.isolator.broken(constraint, proposals, search.budgets["violating"])
        builder = Builder(self.document, self.hints, budget=search.budgets["valid"])
        seen: dict[str, None] = {}
        built: dict[str, None] = {}
        for proposal in proposals:
            if proposal.instead_of in built:
                continue
            value, certificate = broken.get(proposal.label, (MISSING, None))
            if proposal.polarity == "valid":
                value = self._valid_input(builder, constraint, proposal)
            if value is MISSING:
                search.missing[proposal.polarity] += 1
                continue
            built[proposal.label] = None
            if dumps(value) not in seen:
                seen[dumps(value)] = None
                yield self._case(constraint, proposal, value, certificate)
        if constraint.keyword == "false":
            value = next(builder.values(constraint.path[:-1]), MISSING)
            absent = Proposal("absent", "valid", (), "absent")
            if value is MISSING:
                search.missing["valid"] += 1
            else:
                yield self._case(constraint, absent, value, None)

    def _proposals_for(self, constraint: Constraint) -> list[Proposal]:
        limit = self.document.at(constraint.schema)
        return distinct_labels(
            BOUNDARIES[constraint.keyword](limit, site(self.document, constraint))
        )

    def combined(self, bounds: list[Case], budget: Budget) -> Iterator[Case]:
        """Valid inputs that combine several properties or bounds, until the budget is empty."""
        combined = together(self.document, self.hints, self.portability.reason, budget)
        real = realistic(self.document, self.hints, budget)
        for name, value, note in chain(combined, pairs(bounds), real):
            if not budget.spend(2 * self.isolator.cost(value)):
                return
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

    def probes(self, budget: Budget) -> Iterator[Case]:
        """Inputs that real clients treat wrongly or differently, until the budget is empty."""
        for node, probe, value in self._probed(budget):
            if not budget.spend(2 * self.isolator.cost(value)):
                return
            yield from self._probe(node, probe, value)

    def _probed(self, budget: Budget) -> Iterator[tuple[Node, Probe, Any]]:
        """Every probe, with its location and its input, valid or not."""
        builder = Builder(self.document, self.hints, budget=budget)
        for node in nodes(self.document):
            given = next(builder.values(node.path), MISSING)
            if given is MISSING or any(step.keyword == "propertyNames" for step in node.path):
                continue
            for probe in probes(node, self.hints):
                yield node, probe, replaced(given, node.instance, probe.value)
            for probe, texts in format_probes(node, self.hints):
                for value in self._with_one_of(builder, node, texts):
                    yield node, probe, value
            for probe in left_open(node, given, self.doubts):
                yield node, probe, probe.value
        root = Node(self.document.root, "")
        smallest = next(builder.values(), None)
        full = next(Builder(self.document, self.hints, "full", budget=budget).values(), None)
        if isinstance(smallest, dict) and isinstance(full, dict):
            for probe in whole(smallest, full, self.doubts):
                yield root, probe, probe.value

    def _with_one_of(self, builder: Builder, node: Node, texts: list[str]) -> Iterator[Any]:
        """The first valid input with one of `texts` at a node; none if no text fits there."""
        tried = islice(builder.values(node.path, {"enum": texts}), MAX_TRIES)
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

    def _valid_input(self, builder: Builder, constraint: Constraint, proposal: Proposal) -> Any:
        """The valid input closest to a proposal, a portable one where several are as close."""
        for schema in proposal.schemas:
            tried = islice(builder.values(constraint.path, schema), MAX_TRIES)
            first = MISSING
            for value in filter(self.is_valid, tried):
                if not builder.budget.spend(weight(value)):
                    return MISSING
                if not self.portability.reason(value):
                    return value
                first = value if first is MISSING else first
            if builder.budget.left <= 0:
                return MISSING
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
