"""Drawing inputs that break just one constraint: its opposite drawn, and all else kept."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from hypothesis import reject
from hypothesis.strategies import DrawFn

from aleph_contract.cases import cases
from aleph_contract.cases.case import Case
from aleph_contract.cases.certificates import Certifier
from aleph_contract.cases.constraints import Constraint, site
from aleph_contract.cases.portability import Portability
from aleph_contract.contract import Contract
from aleph_contract.schema.boundaries import BOUNDARIES
from aleph_contract.schema.document import Document, plain
from aleph_contract.strategies.options import Aim, Missed, index_below
from aleph_contract.strategies.value_plan import StrategyBuilder, ValueStrategy

#: Whole inputs that are drawn before a known one stands in.
TRIES = 4

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


class Breaker:
    """Draws inputs that break one constraint: the rest of the contract is kept, and its opposite.

    Args:
        contract: The contract.
        constraint: The constraint.
        intact: Draws what lies beside the way to the constraint.
    """

    def __init__(self, contract: Contract, constraint: Constraint, intact: StrategyBuilder) -> None:
        document = contract.document
        self.constraint = constraint
        self._portable = intact.manner.portable
        self._doubts = Portability(contract)
        self._contract = contract
        self._certifier = Certifier(contract.input_schema, constraint, [constraint.schema])
        relaxed = document.without(constraint.schema)
        drawer = StrategyBuilder(relaxed, intact.hints, intact.manner, intact)
        self.plan = drawer.root(Aim(constraint.trail, _opposites(document, constraint)))

    def draw(self, draw: DrawFn) -> Violating:
        """Draw an input; where that fails too often, take one of the catalogue's."""
        for _ in range(TRIES):
            with contextlib.suppress(Missed):
                value = self.plan.value(draw)
                if self._portable:
                    value = beyond_doubt(self.plan, self._doubts, value)
                if self._isolates(value):
                    return Violating(value, self.constraint)
        return Violating(known_value(draw, self.known), self.constraint)

    def _isolates(self, value: Any) -> bool:
        """Whether just the one constraint is broken, and once.

        It is if the rest of the contract is kept, for only the value aimed at was drawn without
        the constraint; but that value may break a `dependentRequired` for several properties.
        """
        certifier = self._certifier
        if self.constraint.keyword == "dependentRequired":
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


def known_value(draw: DrawFn, values: Sequence[Any]) -> Any:
    """A value that the catalogue holds; the draw is given up if it holds none."""
    return plain(values[index_below(draw, len(values))]) if values else reject()


def beyond_doubt(plan: ValueStrategy, portability: Portability, value: Any) -> Any:
    """`value` without the fewest of its properties that leave no doubt.

    Raises:
        Missed: There is none such.
    """
    names = list(value) if isinstance(value, dict) else []
    for number in range(min(len(names), _MOST_DROPPED) + 1):
        for gone in combinations(names, number):
            rest = {name: value[name] for name in names if name not in gone} if gone else value
            if not portability.reason(rest) and (not gone or plan.accepts(rest)):
                return rest
    raise Missed("")
