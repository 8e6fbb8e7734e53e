"""Which constraints an input hits: those whose bound one of its values is on, and those it breaks.

Example: `{"seed": 0}` hits `seed/minimum` as valid, `{"seed": -1}` hits it as violating.

A case of the catalogue names the constraint it probes. Here the constraints are found from the
input alone, for traffic; a test checks that both agree on every certified case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from aleph_contract.cases.constraints import Constraint, constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import same
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import Violation, nearest

Polarity = Literal["valid", "violating"]


class ConstraintHits:
    """Finds the constraints that an input hits: call it with the input."""

    def __init__(self, contract: Contract | None = None) -> None:
        contract = contract or Contract.load()
        self._validator = validator_for(contract)
        known = constraints(contract)
        unions = [c for c in known if c.keyword in _UNIONS]
        self._probes = tuple(_Probe.of(c, unions, contract.input_schema) for c in known)

    def __call__(self, value: Any) -> Iterator[tuple[str, Polarity]]:
        """Yield pairs of constraint key and polarity, each at most once.

        A valid input hits each constraint that has one of its values on the bound. A violating
        input hits each constraint that it breaks.
        """
        violations = tuple(_deep(self._validator.violations(value)))
        for probe in self._probes:
            if any(map(probe.broken_by, violations)):
                yield probe.constraint.key, "violating"
            elif not violations and probe.hit_by(value):
                yield probe.constraint.key, "valid"


#: Keywords whose value is a list of branches, one of which has to match.
_UNIONS = ("anyOf", "oneOf")

#: For keywords with a bound: whether a value is on it. A value counts as on an exclusive bound if
#: it differs by at most 1, the step of an integer (our choice). Other keywords have no bound: any
#: value that satisfies them is a hit.
_ON_BOUND: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": same,
    "maximum": same,
    "exclusiveMinimum": lambda value, limit: _is_number(value) and abs(value - limit) <= 1,
    "exclusiveMaximum": lambda value, limit: _is_number(value) and abs(value - limit) <= 1,
    "minLength": lambda value, limit: isinstance(value, str) and len(value) == limit,
    "maxLength": lambda value, limit: isinstance(value, str) and len(value) == limit,
    "minItems": lambda value, limit: isinstance(value, list) and len(value) == limit,
    "maxItems": lambda value, limit: isinstance(value, list) and len(value) == limit,
    "minProperties": lambda value, limit: isinstance(value, dict) and len(value) == limit,
    "maxProperties": lambda value, limit: isinstance(value, dict) and len(value) == limit,
}


@dataclass(frozen=True, slots=True)
class _Probe:
    """One constraint, prepared for the search.

    Args:
        constraint: The constraint.
        path: Its instance location, split into parts; `*` stands for every item.
        branches: For each branch of a union that contains it: the depth of the union in `path`,
            and a validator of the branch.
    """

    constraint: Constraint
    path: tuple[str, ...]
    branches: tuple[tuple[int, Validator], ...]

    @classmethod
    def of(cls, constraint: Constraint, unions: list[Constraint], schema: Any) -> _Probe:
        branches = []
        for union in unions:
            if constraint.schema.startswith(union.schema + "/"):
                index = constraint.schema[len(union.schema) + 1 :].partition("/")[0]
                branch = {"$defs": schema.get("$defs", {}), **union.limit[int(index)]}
                branches.append((len(_parts(union.instance)), Validator(branch)))
        return cls(constraint, _parts(constraint.instance), tuple(branches))

    def broken_by(self, violation: Violation) -> bool:
        """Whether a violation is of this constraint, at any item."""
        own = self.constraint
        return violation.schema == own.schema and _matches(_parts(violation.instance), self.path)

    def hit_by(self, value: Any) -> bool:
        """Whether a valid input has a value on the bound, in the branch it matches."""
        on_bound = _ON_BOUND.get(self.constraint.keyword)
        return any(
            on_bound is None or on_bound(values[-1], self.constraint.limit)
            for values in _descents(value, self.path)
            if all(validator.is_valid(values[depth]) for depth, validator in self.branches)
        )


def _deep(violations: Iterable[Violation]) -> Iterator[Violation]:
    """The violations, and those inside the union branches that the value was likely meant for.

    These are the branch with the nearest match, and every branch with a single violation.
    """
    for violation in violations:
        yield violation
        near = nearest(violation)
        single = (branch for branch in violation.branches if len(branch) == 1 and branch != near)
        yield from _deep(chain(near, *single))


def _parts(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _matches(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(
        expected in ("*", part) for part, expected in zip(path, pattern, strict=True)
    )


def _descents(value: Any, pattern: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """For each value at the pattern: the values on the path to it, from the root to itself.

    `{"a": [1, 2]}` with `a/*` gives `({"a": [1, 2]}, [1, 2], 1)` and the same path to 2.
    """
    if not pattern:
        yield (value,)
        return
    for child in _children(value, pattern[0]):
        for values in _descents(child, pattern[1:]):
            yield (value, *values)


def _children(value: Any, part: str) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values() if part == "*" else [value[part]] if part in value else ()
    if isinstance(value, list) and part == "*":
        return value
    return ()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
