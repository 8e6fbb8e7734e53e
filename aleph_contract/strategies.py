"""Hypothesis strategies for the inputs of a contract: valid, on the bounds, one step wrong.

The module, with those it draws by, is the only one that needs Hypothesis.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import combinations
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.boundaries import BOUNDARIES
from aleph_contract.case import Case
from aleph_contract.cases import cases
from aleph_contract.certificates import Certifier
from aleph_contract.constraints import Constraint, constraints, site
from aleph_contract.contract import Contract
from aleph_contract.drawing import Drawer, Plan
from aleph_contract.draws import Aim, Missed, index_below
from aleph_contract.errors import ArgumentError
from aleph_contract.portability import doubt
from aleph_contract.scalars import Manner
from aleph_contract.schema import Document, plain
from aleph_contract.witness import hints_from

__all__ = ["Violating", "boundary_inputs", "requests", "valid_inputs", "violating_inputs"]

#: Keywords that one value can break more than once.
_SEVERAL = ("required", "dependentRequired")

#: Whole inputs that are drawn before a known one stands in.
_TRIES = 4

#: Properties that are left out at most where an input must be beyond doubt.
_MOST_DROPPED = 3


@dataclass(frozen=True, slots=True)
class Violating:
    """An input that breaks exactly one constraint.

    Args:
        input: The input.
        constraint: The constraint that it breaks.
    """

    input: Any
    constraint: Constraint


def valid_inputs(
    contract: Contract | None = None, *, portable: bool = False
) -> SearchStrategy[Any]:
    """Inputs that the contract allows; its corners often, not once in a million.

    Args:
        contract: The contract; the shipped one by default.
        portable: Leave out what sane implementations differ over (`aleph_contract.portability`),
            such as texts beyond ASCII.
    """
    return _inputs(contract, Manner(portable=portable))


def boundary_inputs(
    contract: Contract | None = None, *, portable: bool = False
) -> SearchStrategy[Any]:
    """Valid inputs in which everything that has a bound sits on one, several at once.

    Each number is the least or the greatest, each text and array the shortest or the longest; what
    lies just outside comes from `violating_inputs`. Arguments as for `valid_inputs`.
    """
    return _inputs(contract, Manner(corners=True, portable=portable))


def requests(contract: Contract | None = None, *, portable: bool = False) -> SearchStrategy[Any]:
    """Whole bodies of valid REST requests: `{"model": …, "input": …}`; see `valid_inputs`."""
    contract = contract or Contract.load()
    inputs = valid_inputs(contract, portable=portable)
    return st.fixed_dictionaries({"model": st.just(contract.model), "input": inputs})


def violating_inputs(
    constraint: Constraint | str | None = None,
    *,
    contract: Contract | None = None,
    portable: bool = False,
) -> SearchStrategy[Violating]:
    """Inputs that break exactly one constraint, and which one.

    Args:
        constraint: Only this one, or those whose keys this glob matches, such as `seed/*`; any
            that can be broken alone by default.
        contract: The contract; the shipped one by default.
        portable: As for `valid_inputs`.

    Raises:
        ArgumentError: The contract has no such constraint, or none that can be broken alone.
    """
    contract = contract or Contract.load()
    chosen = _breakable(contract, constraint)
    manner = Manner(portable=portable)
    intact = Drawer(contract.document, _hints(contract), manner)
    breakers = [_Breaker(contract, each, intact) for each in chosen]

    @st.composite
    def violating(draw: DrawFn) -> Violating:
        return breakers[index_below(draw, len(breakers))].draw(draw)

    return violating()


def _known(draw: DrawFn, values: Sequence[Any]) -> Any:
    """A value that the catalogue holds; the draw is given up if it holds none."""
    return plain(values[index_below(draw, len(values))]) if values else reject()


class _Breaker:
    """Draws inputs that break one constraint: the rest of the contract is kept, and its opposite.

    Args:
        contract: The contract.
        constraint: The constraint.
        intact: Draws what lies beside the way to the constraint.
    """

    def __init__(self, contract: Contract, constraint: Constraint, intact: Drawer) -> None:
        document = contract.document
        self.constraint = constraint
        self._of_names = any(step.keyword == "propertyNames" for step in constraint.trail)
        self._portable = intact.manner.portable
        self._contract = contract
        self._certifier = Certifier(contract.input_schema, constraint, [constraint.schema])
        relaxed = document.without(constraint.schema)
        drawer = Drawer(relaxed, intact.hints, intact.manner, intact)
        self.plan = drawer.root(Aim(constraint.trail, _opposites(document, constraint)))

    def draw(self, draw: DrawFn) -> Violating:
        """Draw an input; where that fails too often, take one of the catalogue's."""
        for _ in range(_TRIES):
            with contextlib.suppress(Missed):
                value = self.plan.value(draw)
                if self._portable:
                    value = _beyond_doubt(self.plan, value)
                if self._isolates(value):
                    return Violating(value, self.constraint)
        return Violating(_known(draw, self.known), self.constraint)

    def _isolates(self, value: Any) -> bool:
        """Whether just the one constraint is broken, and once.

        It is if the rest of the contract is kept, for only the value aimed at was drawn without
        the constraint; unless one keyword can be broken several times by one value.
        """
        certifier = self._certifier
        if self.constraint.keyword in _SEVERAL or self._of_names:
            return certifier.isolates(value)
        return not certifier.validator.is_valid(value) and certifier.relaxed.is_valid(value)

    @cached_property
    def known(self) -> list[Any]:
        """Inputs of the catalogue that break the constraint alone."""
        found = cases(self._contract, polarity="violating")
        return [case.input for case in found if self._fits(case)]

    def _fits(self, case: Case) -> bool:
        own = case.constraint is not None and case.constraint.key == self.constraint.key
        return own and not case.compound and (case.portable or not self._portable)


def _opposites(document: Document, constraint: Constraint) -> tuple[Any, ...]:
    """Schemas for what breaks the keyword: near misses, the plainest first, then anything else."""
    limit = document.at(constraint.schema)
    proposals = BOUNDARIES[constraint.keyword](limit, site(document, constraint))
    ways = [way for each in proposals if each.polarity == "violating" for way in each.schemas]
    ways = [*(_plainest(way) for way in ways if _plainest(way) != way), *ways]
    near: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for way in ways:
        stated = next((part["const"] for part in _parts(way) if "const" in part), _NONE)
        if stated is _NONE:
            others[json.dumps(way, sort_keys=True)] = _without_refusals(way)
        elif document.accepts([way])(stated):
            near[json.dumps(stated)] = stated
    plainest = [near[text] for text in sorted(near, key=len)]
    return (*([{"enum": plainest}] if plainest else []), *others.values())


def _plainest(way: Any) -> Any:
    """`way` with `true` for properties that may be anything: they should take no choice to draw."""
    held = way.get("properties", {})
    plain = {name: {"const": True} if held[name] in _ANYTHING else held[name] for name in held}
    return {**way, "properties": plain} if plain else way


_ANYTHING: tuple[Any, ...] = (True, {}, {"not": False})
_NONE = object()


def _parts(way: Any) -> list[Any]:
    return [way, *way.get("allOf", ())]


def _without_refusals(way: Any) -> Any:
    """`way` without a `not` beside other schemas: who draws tests for it, and seldom in vain."""
    parts = [part for part in way.get("allOf", ()) if set(part) != {"not"}]
    return {**way, "allOf": parts} if parts else way


def _inputs(contract: Contract | None, manner: Manner) -> SearchStrategy[Any]:
    contract = contract or Contract.load()
    plan = Drawer(contract.document, _hints(contract), manner).root()

    def known() -> list[Any]:
        found = cases(contract, polarity="valid")
        return [case.input for case in found if case.portable or not manner.portable]

    @st.composite
    def inputs(draw: DrawFn) -> Any:
        for _ in range(_TRIES):
            with contextlib.suppress(Missed):
                return (
                    _beyond_doubt(plan, plan.value(draw)) if manner.portable else plan.value(draw)
                )
        return _known(draw, known())

    return inputs()


def _beyond_doubt(plan: Plan, value: Any) -> Any:
    """`value` without the fewest of its properties that leave no doubt.

    Raises:
        Missed: There is none such.
    """
    names = list(value) if isinstance(value, dict) else []
    for number in range(min(len(names), _MOST_DROPPED) + 1):
        for gone in combinations(names, number):
            rest = {name: value[name] for name in names if name not in gone} if gone else value
            if not doubt(rest) and (not gone or plan.accepts(rest)):
                return rest
    raise Missed("")


def _hints(contract: Contract) -> dict[str, list[Any]]:
    return hints_from([plain(example.input) for example in contract.examples])


def _breakable(contract: Contract, wanted: Constraint | str | None) -> list[Constraint]:
    """The constraints that are meant, all of them such as can be broken alone."""
    known = constraints(contract)
    if not known:
        raise ArgumentError(f"{contract.model} allows everything: no input breaks it")
    glob = wanted.key if isinstance(wanted, Constraint) else wanted or "*"
    meant = [each for each in known if each.key == glob or fnmatchcase(each.key, glob)]
    if isinstance(wanted, Constraint):
        meant = [each for each in known if each == wanted]
    if not meant:
        near = get_close_matches(glob, [each.key for each in known], 3, 0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ArgumentError(f"{contract.model} has no constraint {glob!r}{hint}")
    violating = cases(contract, polarity="violating")
    alone = {case.constraint.key for case in violating if case.constraint and not case.compound}
    found = [each for each in meant if each.key in alone]
    if not found:
        raise ArgumentError(
            f"no input breaks {glob} alone: whatever breaks it breaks another constraint too"
        )
    return found
