"""Certificates: proof that an input breaks exactly the constraint that its case names.

A certificate is data: the violations that two independent validators report, and the keywords
whose deletion makes the input valid for both. `holds` checks it again from the input and the
schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aleph_contract.cases.constraints import Constraint
from aleph_contract.contract.validate import relaxed_validator, validator_for
from aleph_contract.schema.pointers import parts
from aleph_contract.schema.validation.violations import Violation


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof that an input breaks one constraint, and in a compound case which others.

    Args:
        constraint: Key of the constraint.
        removed: JSON Pointers to the keywords whose deletion makes the input valid: that of the
            constraint, and in a compound case those of the other broken constraints.
        errors: The violations by jsonschema-rs: one; inside a union, one of the union, of
            which one branch has one.
        reference_errors: The violations by jsonschema.
        branch: JSON Pointers to the branches that the input nearly satisfies, outermost first.
        reason: Why several constraints are broken; empty if only one is.
    """

    constraint: str
    removed: tuple[str, ...]
    errors: tuple[Violation, ...] = field(repr=False)
    reference_errors: tuple[Violation, ...] = field(repr=False)
    branch: tuple[str, ...] = ()
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The certificate as plain JSON."""
        return {
            "constraint": self.constraint,
            "removed": list(self.removed),
            "jsonschema-rs": [_as_json(error) for error in self.errors],
            "jsonschema": [_as_json(error) for error in self.reference_errors],
            "branch": list(self.branch),
            "reason": self.reason,
        }


def _as_json(violation: Violation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "instance": violation.instance,
        "schema": violation.schema,
        "keyword": violation.keyword,
    }
    if violation.branches:
        found["branches"] = [[_as_json(v) for v in branch] for branch in violation.branches]
    return found


class Certifier:
    """Issues certificates for one constraint of one schema.

    Args:
        schema: The schema as published.
        constraint: The constraint.
        removed: JSON Pointers to the keywords that an input must break; first the constraint's.
    """

    def __init__(self, schema: Any, constraint: Constraint, removed: Sequence[str]) -> None:
        self.constraint = constraint
        self.removed = tuple(removed)
        self.validator = validator_for(schema)
        self.relaxed = relaxed_validator(schema, removed)

    def certify(self, value: Any, reason: str = "") -> Certificate | None:
        """The certificate for `value`; `None` if `value` breaks other keywords, or fewer."""
        if self.validator.is_valid(value) or not self.relaxed.is_valid(value):
            return None
        if self.relaxed.reference_violations(value):
            return None
        errors = self.validator.violations(value)
        branch = self._branch(errors)
        if branch is None:
            return None
        reference = self.validator.reference_violations(value)
        if self._branch(reference) != branch:
            return None
        key = self.constraint.key
        return Certificate(key, self.removed, errors, reference, branch, reason)

    def isolates(self, value: Any) -> bool:
        """Whether jsonschema-rs alone would certify `value`; fast enough for thousands of draws."""
        return (
            not self.validator.is_valid(value)
            and self.relaxed.is_valid(value)
            and self._branch(self.validator.violations(value)) is not None
        )

    def _branch(
        self, violations: Sequence[Violation], expected: Sequence[str] | None = None
    ) -> tuple[str, ...] | None:
        """The branches in which exactly the expected keywords are broken; `None` if none.

        Of several expected keywords, some may be outside the union that contains the others.
        """
        expected = list(self.removed) if expected is None else expected
        direct = [v for v in violations if _names(v, expected) and self._located(v)]
        remaining = [where for where in expected if not any(_names(v, [where]) for v in direct)]
        others = [v for v in violations if v not in direct]
        if len(direct) != len(expected) - len(remaining) or len(others) != min(len(remaining), 1):
            return None
        for union in others:
            for index, branch in enumerate(union.branches):
                inner = self._branch(branch, remaining)
                if inner is not None:
                    return (f"{union.schema}/{index}", *inner)
        return None if others else ()

    def _located(self, violation: Violation) -> bool:
        """Whether a violation of the constraint's own keyword is at the constraint's location."""
        if violation.schema != self.removed[0]:
            return True
        return _within(self.constraint.instance, violation.instance)


def holds(certificate: Certificate, schema: Any, value: Any) -> bool:
    """Whether both validators report for `value` exactly the violations of the certificate."""
    whole = validator_for(schema)
    relaxed = relaxed_validator(schema, certificate.removed)
    return (
        whole.violations(value) == certificate.errors
        and whole.reference_violations(value) == certificate.reference_errors
        and certificate.errors != ()
        and not relaxed.violations(value)
        and not relaxed.reference_violations(value)
    )


def _names(violation: Violation, expected: Sequence[str]) -> bool:
    """Whether a violation names one of the `expected` keywords.

    The validators name `unevaluatedProperties` and `unevaluatedItems`, not the keyword inside.
    """
    if violation.keyword in ("unevaluatedProperties", "unevaluatedItems"):
        return any(f"{where}/".startswith(f"{violation.schema}/") for where in expected)
    return violation.schema in expected


def _within(pattern: str, instance: str) -> bool:
    """Whether `instance` matches the location `pattern`, or is inside a match."""
    wanted, found = parts(pattern), parts(instance)
    return len(found) >= len(wanted) and all(
        w in ("*", f) for w, f in zip(wanted, found, strict=False)
    )
