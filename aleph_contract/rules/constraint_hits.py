"""Which constraints an input touches: on whose bound it sits, and which it breaks.

The catalogue knows of its own cases what they probe; this tells it of any input, by the bytes
alone. The two must agree on every certified case.
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
    """Tells which constraints an input touches: called with it, yields key and polarity."""

    def __init__(self, contract: Contract | None = None) -> None:
        contract = contract or Contract.load()
        self._validator = validator_for(contract)
        known = constraints(contract)
        unions = [c for c in known if c.keyword in _UNIONS]
        self._probes = tuple(_Probe.of(c, unions, contract.input_schema) for c in known)

    def __call__(self, value: Any) -> Iterator[tuple[str, Polarity]]:
        """Pairs of constraint key and polarity, each at most once.

        A valid input touches the constraints on whose bound one of its values sits; a violating
        one those that it breaks.
        """
        violations = tuple(_deep(self._validator.violations(value)))
        for probe in self._probes:
            if any(map(probe.broken_by, violations)):
                yield probe.constraint.key, "violating"
            elif not violations and probe.touched_by(value):
                yield probe.constraint.key, "valid"


#: Keywords whose value is a list of branches of which one has to fit.
_UNIONS = ("anyOf", "oneOf")

#: For keywords with a bound: whether a value sits on it. An exclusive bound is near within one,
#: a whole step of an integer (our choice). Other keywords have no bound: any value that keeps
#: them will do.
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
    """One constraint, ready to be looked for.

    Args:
        constraint: The constraint.
        path: Its instance pattern, in parts.
        branches: The branches of unions that it stands in: how deep in `path` the union is, and
            the branch's validator.
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
        """Whether the violation is one of this constraint, at any item."""
        own = self.constraint
        return (
            violation.schema == own.schema
            and _matches(_parts(violation.instance), self.path)
            and (own.keyword != "required" or violation.limit in _names(own.limit))
        )

    def touched_by(self, value: Any) -> bool:
        """Whether a valid input holds a value that sits on the bound."""
        on_bound = _ON_BOUND.get(self.constraint.keyword)
        return any(
            on_bound is None or on_bound(way[-1], self.constraint.limit)
            for way in _chains(value, self.path)
            if all(validator.is_valid(way[depth]) for depth, validator in self.branches)
        )


def _deep(violations: Iterable[Violation]) -> Iterator[Violation]:
    """The violations, and those in the branches of unions that speak of what was tried.

    That is the branch the value came closest to, and every branch that one violation alone keeps
    from fitting.
    """
    for violation in violations:
        yield violation
        near = nearest(violation)
        alone = (branch for branch in violation.branches if len(branch) == 1 and branch != near)
        yield from _deep(chain(near, *alone))


def _parts(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _matches(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(
        wanted in ("*", part) for part, wanted in zip(path, pattern, strict=True)
    )


def _chains(value: Any, pattern: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Every way down from `value` along the pattern: the values passed, the last one meant."""
    if not pattern:
        yield (value,)
        return
    for child in _children(value, pattern[0]):
        for way in _chains(child, pattern[1:]):
            yield (value, *way)


def _children(value: Any, part: str) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values() if part == "*" else [value[part]] if part in value else ()
    if isinstance(value, list) and part == "*":
        return value
    return ()


def _names(limit: Any) -> Any:
    return limit if isinstance(limit, (list, tuple)) else (limit,)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
