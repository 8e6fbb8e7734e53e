"""Find inputs that break exactly one constraint, or one and the fewest others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial
from itertools import islice, takewhile
from typing import Any, NamedTuple

from aleph_contract.cases.certificates import Certificate, Certifier
from aleph_contract.cases.constraints import Constraint, walk
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import weight
from aleph_contract.schema.boundaries import Proposal
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.interface import Hints
from aleph_contract.schema.generation.min_depth import min_depths
from aleph_contract.schema.subschemas import nodes
from aleph_contract.schema.validation.violations import Violation

#: Values tried for one schema of a proposal.
MAX_TRIES = 6

#: So many schemas of a document are prepared for a search in one step of the budget.
_SCHEMAS_A_STEP = 8

#: So many branches of the widest union are checked in one step.
_BRANCHES_A_STEP = 2


class Broken(NamedTuple):
    """A violating input and its certificate."""

    input: Any
    certificate: Certificate


class Isolator:
    """Finds and certifies violating inputs of one contract.

    Args:
        schema: The input schema as published.
        document: The same schema with its references resolved.
        hints: Realistic values by location.
    """

    def __init__(self, schema: Any, document: Document, hints: Hints) -> None:
        self.schema = schema
        self.document = document
        self.hints = hints
        self.constraints = walk(document)
        self.validator = validator_for(schema)
        schemas = [node.schema for node in nodes(document) if isinstance(node.schema, dict)]
        self._has_formats = any("format" in schema for schema in schemas)
        self._widest_union = max(
            (len(s.get(word, ())) for s in schemas for word in ("anyOf", "oneOf")), default=0
        )
        self._certifier_of = lru_cache(maxsize=None)(self._certifier)

    def broken(
        self, constraint: Constraint, proposals: Iterable[Proposal], budget: Budget
    ) -> dict[str, Broken]:
        """Certified inputs by the label of their violating proposal; a label may be absent.

        If no proposal breaks the constraint alone, all inputs are compound: they break the
        fewest other constraints with which an input was found. A larger budget adds inputs and
        changes none.
        """
        wanted = [proposal for proposal in proposals if proposal.polarity == "violating"]
        for others in self._others(constraint):
            found = self._breaking(constraint, wanted, others, budget)
            if found or budget.left <= 0:
                return found
        return {}

    def _others(self, constraint: Constraint) -> Iterator[list[Constraint]]:
        """The constraints that may be broken too: none, then each close one, then all of those."""
        yield []
        close = [c for c in self.constraints if _applies_near(c, constraint)]
        close.sort(key=lambda other: other.instance != constraint.instance)
        close = list({other.schema: other for other in close}.values())
        yield from ([other] for other in close)
        yield close

    def proof(self, value: Any, violations: Iterable[Violation]) -> Broken | None:
        """The input with its certificate if it breaks exactly one constraint, else `None`."""
        suspects = list(_named(violations))
        for constraint in self.constraints:
            if constraint.schema in suspects:
                certificate = self._certifier_of(constraint).certify(value)
                if certificate is not None:
                    return Broken(value, certificate)
        return None

    def of(self, certificate: Certificate) -> Constraint:
        """The constraint of a certificate."""
        return next(c for c in self.constraints if c.key == certificate.constraint)

    def _certifier(self, constraint: Constraint) -> Certifier:
        return Certifier(self.schema, constraint, [constraint.schema])

    def _breaking(
        self,
        constraint: Constraint,
        proposals: list[Proposal],
        others: list[Constraint],
        budget: Budget,
    ) -> dict[str, Broken]:
        """Certified inputs that break `constraint` and at most `others`."""
        removed = [constraint.schema, *(other.schema for other in others)]
        if any(map(self.document.refers_into, removed)):
            return {}
        relaxed = self.document.without(*removed)
        budget.spend(len(min_depths(relaxed)) // _SCHEMAS_A_STEP)
        in_union = any(step.keyword in ("anyOf", "oneOf") for step in constraint.path)
        builders = [
            Builder(
                relaxed,
                self.hints,
                off_path_document=self.document,
                exclusive=exclusive,
                budget=budget,
            )
            for exclusive in ((False, True) if in_union else (False,))
        ]
        certify = self._certifying(constraint, others)
        found = {}
        for proposal in proposals:
            if budget.left <= 0:
                break
            tried = (v for b in builders for v in values(b, constraint, proposal))
            affordable = takewhile(lambda v: budget.spend(self.cost(v)), tried)
            broken = next(filter(None, map(certify, affordable)), None)
            if broken is not None:
                found[proposal.label] = broken
                budget.spend(_reported(broken))
        kept = self._with_formats(relaxed, found)
        return kept if budget.left <= 0 else kept or found

    def cost(self, value: Any) -> int:
        """The steps of a check of `value` by both validators."""
        return weight(value) + self._widest_union // _BRANCHES_A_STEP

    def _with_formats(self, relaxed: Document, found: dict[str, Broken]) -> dict[str, Broken]:
        r"""Those of `found` that keep every `format`.

        A server that asserts `format` would refuse the others for another reason than the case
        names. Example: `one-short` of the pattern `@acme\.com$` is `@acme.co`, no address.
        """
        if not self._has_formats:
            return found
        keeps = relaxed.strictly()
        return {label: broken for label, broken in found.items() if keeps(broken.input)}

    def _certifying(
        self, constraint: Constraint, others: list[Constraint]
    ) -> Callable[[Any], Broken | None]:
        """A function that certifies an input: it must break `constraint`, and each of `others`.

        With several `others`, breaking some of them is enough.
        """

        @cache
        def certifier(*along: Constraint) -> Certifier:
            removed = [constraint.schema, *(other.schema for other in along)]
            return Certifier(self.schema, constraint, removed)

        def certify(value: Any) -> Broken | None:
            along = others
            if len(others) > 1:
                named = list(_named(self.validator.violations(value)))
                along = [other for other in others if other.schema in named]
            certificate = certifier(*along).certify(value, self._reason(constraint, along))
            return Broken(value, certificate) if certificate else None

        return certify

    def _reason(self, constraint: Constraint, others: list[Constraint]) -> str:
        """Why an input that breaks `constraint` breaks `others` too; empty without others."""
        places = " and ".join(f"`{other.keyword}` at {other.schema}" for other in others)
        if constraint.keyword == "type" and any(map(partial(self._implies, constraint), others)):
            return (
                f"All values that {places} admits are of this type,"
                " so no value of another type passes it."
            )
        return (
            f"No input was found that breaks `{constraint.keyword}` but not {places}."
            if others
            else ""
        )

    def _implies(self, constraint: Constraint, other: Constraint) -> bool:
        """Whether every value that `other` lists has the type that `constraint` requires."""
        if other.keyword not in ("enum", "const"):
            return False
        listed = other.limit if other.keyword == "enum" else [other.limit]
        return all(map(self.document.accepts([{"type": constraint.limit}]), listed))


def _reported(broken: Broken) -> int:
    """The number of violations in a certificate, those of branches included."""
    certificate = broken.certificate
    return sum(1 for _ in _named((*certificate.errors, *certificate.reference_errors)))


def values(builder: Builder, constraint: Constraint, proposal: Proposal) -> Iterator[Any]:
    """Whole inputs with the proposed value at the constraint, the closest first."""
    for schema in proposal.schemas:
        yield from islice(builder.values(constraint.path, schema), MAX_TRIES)


def _applies_near(one: Constraint, other: Constraint) -> bool:
    """Whether `one` applies to the value of `other`, or to one around or within it."""
    pointers = [*(step.schema for step in other.path), other.schema]
    if any(_within(each, one.schema) for each in pointers) or _within(one.schema, other.schema):
        return False  # without `one`, no path leads to `other`
    related = _within(one.instance, other.instance) or _within(other.instance, one.instance)
    return related and all(branch in _branches(other) for branch in _branches(one))


def _within(inner: str, outer: str) -> bool:
    """Whether the JSON Pointer `inner` is `outer` or points into it."""
    return f"{inner}/".startswith(f"{outer}/")


def _branches(constraint: Constraint) -> list[str]:
    """JSON Pointers to the branches on the path to a constraint."""
    choices = ("anyOf", "oneOf", "then", "else", "dependentSchemas")
    return [step.schema for step in constraint.path if step.keyword in choices]


def _named(violations: Iterable[Violation]) -> Iterator[str]:
    """JSON Pointers to the keywords of `violations`, those in their branches included."""
    for violation in violations:
        yield violation.schema
        for branch in violation.branches:
            yield from _named(branch)
