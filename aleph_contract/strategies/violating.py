"""Draw inputs that break exactly one constraint: its negation is drawn, the rest stays valid."""

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
from aleph_contract.schema.generation.interface import MISSING
from aleph_contract.strategies.options import Aim, DrawFailed, index_below
from aleph_contract.strategies.value_strategy import StrategyBuilder, ValueStrategy

#: Draws of a whole input before one of the catalogue replaces it.
MAX_DRAWS = 4

#: Most properties that are left out to make an input portable.
_MAX_DROPPED = 3


@dataclass(frozen=True, slots=True)
class Violating:
    """An input that breaks exactly one constraint.

    Args:
        input: The input.
        constraint: The constraint that it breaks.
    """

    input: Any
    constraint: Constraint


class ViolatingStrategy:
    """Draws inputs that satisfy the negation of one constraint and the rest of the contract.

    Args:
        contract: The contract.
        constraint: The constraint.
        off_path_builder: Makes the strategies of all values off the path to the constraint.
    """

    def __init__(
        self, contract: Contract, constraint: Constraint, off_path_builder: StrategyBuilder
    ) -> None:
        document = contract.document
        self.constraint = constraint
        self._portable = off_path_builder.mode.portable
        self._portability = Portability(contract)
        self._contract = contract
        self._certifier = Certifier(contract.input_schema, constraint, [constraint.schema])
        relaxed = document.without(constraint.schema)
        builder = StrategyBuilder(
            relaxed, off_path_builder.hints, off_path_builder.mode, off_path_builder
        )
        self.strategy = builder.root(Aim(constraint.path, _negations(document, constraint)))

    def draw(self, draw: DrawFn) -> Violating:
        """Draw an input; after `MAX_DRAWS` failures, take one of the catalogue."""
        for _ in range(MAX_DRAWS):
            with contextlib.suppress(DrawFailed):
                value = self.strategy.value(draw)
                if self._portable:
                    value = without_gray_parts(self.strategy, self._portability, value)
                if self._isolates(value):
                    return Violating(value, self.constraint)
        return Violating(known_value(draw, self.known), self.constraint)

    def _isolates(self, value: Any) -> bool:
        """Whether `value` breaks exactly the one constraint, and once.

        It does if the rest of the contract holds, because only the value at the constraint was
        drawn without it; but that value may break a `dependentRequired` for several properties.
        """
        certifier = self._certifier
        if self.constraint.keyword == "dependentRequired":
            return certifier.isolates(value)
        return not certifier.validator.is_valid(value) and certifier.relaxed.is_valid(value)

    @cached_property
    def known(self) -> list[Any]:
        """Inputs of the catalogue that break only the constraint."""
        found = cases(self._contract, polarity="violating")
        return [case.input for case in found if self._fits(case)]

    def _fits(self, case: Case) -> bool:
        own = case.constraint is not None and case.constraint.key == self.constraint.key
        return own and not case.compound and (case.portable or not self._portable)


def _negations(document: Document, constraint: Constraint) -> tuple[Any, ...]:
    """Schemas whose values break the keyword: near misses, the simplest first, then all others."""
    limit = document.at(constraint.schema)
    proposals = BOUNDARIES[constraint.keyword](limit, site(document, constraint))
    schemas = [
        schema for each in proposals if each.polarity == "violating" for schema in each.schemas
    ]
    schemas = [*(_simplest(schema) for schema in schemas if _simplest(schema) != schema), *schemas]
    near: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for schema in schemas:
        stated = next((part["const"] for part in _parts(schema) if "const" in part), MISSING)
        if stated is MISSING:
            others[json.dumps(schema, sort_keys=True)] = _without_not(schema)
        elif document.accepts([schema])(stated):
            near[json.dumps(stated)] = stated
    simplest = [near[text] for text in sorted(near, key=len)]
    return (*([{"enum": simplest}] if simplest else []), *others.values())


def _simplest(schema: Any) -> Any:
    """`schema` with `true` for properties that may be anything: these take no choice to draw."""
    held = schema.get("properties", {})
    plain = {name: {"const": True} if held[name] in _ANYTHING else held[name] for name in held}
    return {**schema, "properties": plain} if plain else schema


_ANYTHING: tuple[Any, ...] = (True, {}, {"not": False})


def _parts(schema: Any) -> list[Any]:
    return [schema, *schema.get("allOf", ())]


def _without_not(schema: Any) -> Any:
    """`schema` without a `not` beside other schemas: the drawn value is checked anyway."""
    parts = [part for part in schema.get("allOf", ()) if set(part) != {"not"}]
    return {**schema, "allOf": parts} if parts else schema


def known_value(draw: DrawFn, values: Sequence[Any]) -> Any:
    """One of the catalogue's values; without any, Hypothesis rejects the draw."""
    return plain(values[index_below(draw, len(values))]) if values else reject()


def without_gray_parts(strategy: ValueStrategy, portability: Portability, value: Any) -> Any:
    """`value` without the fewest properties whose removal makes it portable.

    Raises:
        DrawFailed: No removal does.
    """
    if not portability.reason(value):
        return value
    names = list(value) if isinstance(value, dict) else []
    gray = {name for name in names if portability.is_gray_anywhere({name: value[name]})}
    for number in range(max(1, len(gray)), min(len(names), _MAX_DROPPED) + 1):
        for gone in filter(gray.issubset, combinations(names, number)):
            partial = {name: value[name] for name in names if name not in gone}
            if not portability.reason(partial) and strategy.accepts(partial):
                return partial
    raise DrawFailed("")
