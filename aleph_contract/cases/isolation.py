"""Inputs that break one constraint and nothing else; or, where that cannot be, one thing more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple

from aleph_contract.cases.certificates import Certificate, Certifier
from aleph_contract.cases.constraints import Constraint, walk
from aleph_contract.contract.validate import validator_for
from aleph_contract.schema.boundaries import Proposal
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.interface import Hints
from aleph_contract.schema.validation.violations import Violation

#: Values tried for one schema of a proposal.
TRIES = 6


class Broken(NamedTuple):
    """A violating input and its proof."""

    input: Any
    certificate: Certificate


class Isolator:
    """Finds and certifies violating inputs of one contract.

    Args:
        schema: The input schema as published.
        document: The same with its references found.
        hints: Realistic values by place.
    """

    def __init__(self, schema: Any, document: Document, hints: Hints) -> None:
        self.schema = schema
        self.document = document
        self.hints = hints
        self.constraints = walk(document)
        self.validator = validator_for(schema)
        self._alone = lru_cache(maxsize=None)(self._certifier)

    def broken(self, constraint: Constraint, proposals: Iterable[Proposal]) -> dict[str, Broken]:
        """For the label of each violating proposal a certified input, as far as there is one.

        Where no proposal can be isolated, all are compound with the fewest other constraints that
        make it so.
        """
        wanted = [proposal for proposal in proposals if proposal.polarity == "violating"]
        close = [c for c in self.constraints if _holds_wherever(c, constraint)]
        close.sort(key=lambda other: other.instance != constraint.instance)
        close = list({other.schema: other for other in close}.values())
        for others in ([], *([other] for other in close), close):
            found = self._breaking(constraint, wanted, others)
            if found:
                return found
        return {}

    def proof(self, value: Any, violations: Iterable[Violation]) -> Broken | None:
        """The certificate for an input that was made otherwise, if it breaks one constraint."""
        suspects = list(_named(violations))
        for constraint in self.constraints:
            if constraint.schema in suspects:
                certificate = self._alone(constraint).certify(value)
                if certificate is not None:
                    return Broken(value, certificate)
        return None

    def of(self, certificate: Certificate) -> Constraint:
        """The constraint that a certificate speaks of."""
        return next(c for c in self.constraints if c.key == certificate.constraint)

    def _certifier(self, constraint: Constraint) -> Certifier:
        return Certifier(self.schema, constraint, [constraint.schema])

    def _breaking(
        self, constraint: Constraint, proposals: list[Proposal], others: list[Constraint]
    ) -> dict[str, Broken]:
        """Certified inputs that break a constraint, and with it no others than `others`."""
        removed = [constraint.schema, *(other.schema for other in others)]
        if any(map(self.document.refers_into, removed)):
            return {}
        relaxed = self.document.without(*removed)
        builders = [Builder(relaxed, self.hints, strict=self.document)]
        if any(step.keyword in ("anyOf", "oneOf") for step in constraint.trail):
            builders.append(Builder(relaxed, self.hints, strict=self.document, alone=True))
        certify = self._certifying(constraint, others)
        found = {}
        for proposal in proposals:
            tried = (v for b in builders for v in values(b, constraint, proposal))
            broken = next(filter(None, map(certify, tried)), None)
            if broken is not None:
                found[proposal.label] = broken
        return found

    def _certifying(
        self, constraint: Constraint, others: list[Constraint]
    ) -> Callable[[Any], Broken | None]:
        """What certifies an input that breaks a constraint and all of `others`, or some if many."""

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
        """Why what breaks one constraint breaks others too; empty if there are none."""
        places = " and ".join(f"`{other.keyword}` at {other.schema}" for other in others)
        if constraint.keyword == "type" and any(map(partial(self._implies, constraint), others)):
            return f"Whatever {places} admits is of this type, so no other type ever passes it."
        return (
            f"No input was found that breaks `{constraint.keyword}` and not {places}."
            if others
            else ""
        )

    def _implies(self, constraint: Constraint, other: Constraint) -> bool:
        """Whether all that `other` lists is of the type that `constraint` asks for."""
        if other.keyword not in ("enum", "const"):
            return False
        listed = other.limit if other.keyword == "enum" else [other.limit]
        return all(map(self.document.accepts([{"type": constraint.limit}]), listed))


def values(builder: Builder, constraint: Constraint, proposal: Proposal) -> Iterator[Any]:
    """Whole inputs whose part at the constraint is what is proposed, the closest first."""
    for schema in proposal.schemas:
        yield from islice(builder.values(constraint.trail, schema), TRIES)


def _holds_wherever(one: Constraint, other: Constraint) -> bool:
    """Whether `one` holds of the value of which `other` does, or of one around or within it."""
    way = [*(step.schema for step in other.trail), other.schema]
    if any(_within(place, one.schema) for place in way) or _within(one.schema, other.schema):
        return False  # without the one there is no way to the other
    related = _within(one.instance, other.instance) or _within(other.instance, one.instance)
    return related and all(branch in _branches(other) for branch in _branches(one))


def _within(inner: str, outer: str) -> bool:
    """Whether one JSON Pointer leads to what another does, or to something inside that."""
    return f"{inner}/".startswith(f"{outer}/")


def _branches(constraint: Constraint) -> list[str]:
    """The branches that are taken on the way to a constraint."""
    choices = ("anyOf", "oneOf", "then", "else", "dependentSchemas")
    return [step.schema for step in constraint.trail if step.keyword in choices]


def _named(violations: Iterable[Violation]) -> Iterator[str]:
    """The keywords that `violations` and those in their branches are about."""
    for violation in violations:
        yield violation.schema
        for branch in violation.branches:
            yield from _named(branch)
