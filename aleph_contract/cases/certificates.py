"""Certificates: proof that an input breaks exactly the constraint it is said to break.

A certificate is data. It says what two independent validators find wrong with an input, and which
keywords must go from the schema for both to find nothing; anybody with the input, the schema and
a validator can check it, and `holds` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aleph_contract.cases.constraints import Constraint
from aleph_contract.contract.validate import validator_for
from aleph_contract.schema.pointers import parts, without
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import Violation


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof that an input breaks one constraint, and no other if it can be helped.

    Args:
        constraint: Key of the constraint.
        removed: JSON Pointers to the keywords without which the input is valid: the constraint's
            own; in a compound case also those that are broken along with it.
        errors: What jsonschema-rs finds: one violation; where it lies in a union, the union's,
            and in one of its branches the one.
        reference_errors: What jsonschema finds.
        branch: JSON Pointers to the branches that the input nearly met, outermost first.
        reason: Why more than one constraint is broken; empty if only one is.
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
        removed: JSON Pointers to the keywords that are expected to be broken, its own first.
    """

    def __init__(self, schema: Any, constraint: Constraint, removed: Sequence[str]) -> None:
        self.constraint = constraint
        self.removed = tuple(removed)
        self.validator = validator_for(schema)
        self.relaxed = Validator(without(schema, removed))

    def certify(self, value: Any, reason: str = "") -> Certificate | None:
        """The certificate for `value`; `None` if it does not break just what is expected."""
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
        """Whether the fast validator alone would certify `value`: for thousands of draws."""
        return (
            not self.validator.is_valid(value)
            and self.relaxed.is_valid(value)
            and self._branch(self.validator.violations(value)) is not None
        )

    def _branch(
        self, violations: Sequence[Violation], expected: Sequence[str] | None = None
    ) -> tuple[str, ...] | None:
        """The branches in which just what is expected is broken; `None` if there are none.

        Where several are expected, some may be broken around the union in which the others are.
        """
        expected = list(self.removed) if expected is None else expected
        here = [v for v in violations if v.schema in expected and self._meant(v)]
        rest = [where for where in expected if where not in [v.schema for v in here]]
        others = [v for v in violations if v not in here]
        if len(here) != len(expected) - len(rest) or len(others) != min(len(rest), 1):
            return None
        for union in others:
            for index, branch in enumerate(union.branches):
                inner = self._branch(branch, rest)
                if inner is not None:
                    return (f"{union.schema}/{index}", *inner)
        return None if others else ()

    def _meant(self, violation: Violation) -> bool:
        """Whether a violation lies where the constraint speaks, if it is the constraint's own."""
        own = violation.schema == self.removed[0]
        return not own or _within(self.constraint.instance, violation.instance)


def holds(certificate: Certificate, schema: Any, value: Any) -> bool:
    """Whether both validators still find of `value` what the certificate says."""
    whole = validator_for(schema)
    relaxed = Validator(without(schema, certificate.removed))
    return (
        whole.violations(value) == certificate.errors
        and whole.reference_violations(value) == certificate.reference_errors
        and certificate.errors != ()
        and not relaxed.violations(value)
        and not relaxed.reference_violations(value)
    )


def _within(pattern: str, instance: str) -> bool:
    """Whether an instance location is one that `pattern` means, or lies in it."""
    wanted, found = parts(pattern), parts(instance)
    return len(found) >= len(wanted) and all(
        w in ("*", f) for w, f in zip(wanted, found, strict=False)
    )
