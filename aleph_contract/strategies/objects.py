"""Draw objects: the names of their properties, and each property by its own strategy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, count, islice
from typing import Any

from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.generation.interface import MISSING
from aleph_contract.schema.generation.objects import property_members
from aleph_contract.schema.keywords import PREFERRED
from aleph_contract.schema.regex_samples import matching
from aleph_contract.strategies.options import (
    ANYWHERE,
    DEEP,
    Aim,
    DrawFailed,
    Option,
    PartStrategy,
    index_below,
    part,
)

#: Most names tried for properties that the schema does not declare, and the most such properties
#: that are optional parts of a draw.
_MAX_NAMES = 12
_MAX_UNDECLARED = 2

#: In one of this many draws most optional properties are present, in the others few.
_DENSITY_ODDS = 4


#: The schema of every property name.
_TEXT = Member({"type": "string"})


def objects(strategy: PartStrategy, conjuncts: tuple[Member, ...]) -> Iterator[Option]:
    """The option to draw objects that satisfy all of `conjuncts`; none if there are no such."""
    shape = _Objects(strategy, conjuncts)
    if max(shape.fewest, len(shape.required)) <= shape.most:
        yield Option(shape.draw, shape.min_depth)


class _Objects:
    """Draws objects that satisfy several schemas without unions."""

    def __init__(self, strategy: PartStrategy, conjuncts: tuple[Member, ...]) -> None:
        self.strategy = strategy
        self.conjuncts = conjuncts
        self.schemas = [conjunct.schema for conjunct in conjuncts]
        self.step = strategy.aim.path[0] if strategy.aim.path else None
        self._dependent = any("dependentRequired" in schema for schema in self.schemas)
        self.fewest = max((s.get("minProperties", 0) for s in self.schemas), default=0)
        self.most = min((s.get("maxProperties", math.inf) for s in self.schemas), default=math.inf)
        asked = [name for schema in self.schemas for name in schema.get("required", ())]
        if strategy.portable:
            asked += (name for schema in self.schemas for name in schema.get(PREFERRED, ()))
        if self.step and self.step.keyword == "properties":
            asked.append(str(self.step.name))
        self.required = self._with_dependents(asked)
        self._parts: dict[tuple[str, bool], PartStrategy] = {}
        self._maybe: dict[tuple[str, int, bool], SearchStrategy[Any]] = {}

    def min_depth(self) -> float:
        """As in `Option`."""
        return 1 + max((self._part(name).min_depth() for name in self.required), default=0)

    def draw(self, draw: DrawFn, depth: int) -> dict[str, Any]:
        """Draw an object."""
        target = self._target(draw, depth)
        value: dict[str, Any] = {}
        self._put(value, self.required, draw, depth, target)
        if target is not None:
            self._put(value, self._with_dependents([target]), draw, depth, target)
        often = depth < DEEP and self._often(draw)
        for name in self._optional if depth < DEEP and often is not None else ():
            names = self._with_dependents([name])
            if name not in value and len(value) + len(names) <= self.most:
                drawn = draw(self._optional_part(name, depth, often=bool(often)))
                if drawn is not MISSING:
                    value[name] = drawn
                    self._put(value, names, draw, depth, target)
        others = chain(self._optional, self._undeclared, self._drawn_names(draw, depth))
        while len(value) < self.fewest:
            self._put(value, [self._next(others)], draw, depth, target)
        return value

    def _put(
        self,
        value: dict[str, Any],
        names: Iterable[str],
        draw: DrawFn,
        depth: int,
        target: str | None,
    ) -> None:
        for name in names:
            if name not in value:
                strategy = self._part(name, aimed=name == target)
                value[name] = strategy.value(draw, depth + 1)

    def _often(self, draw: DrawFn) -> bool | None:
        """Whether optional properties are present often or rarely; `None` for never.

        Never often in a violating input: its other parts matter less.
        """
        if not self._optional[1:]:
            return False
        index = index_below(draw, _DENSITY_ODDS)
        if not self.strategy.violating_one:
            return index == 1
        return False if index == 1 else None

    def _optional_part(self, name: str, depth: int, *, often: bool) -> SearchStrategy[Any]:
        if (name, depth, often) not in self._maybe:
            strategy = self._part(name, aimed=False)
            self._maybe[name, depth, often] = part(strategy, depth + 1, often=often)
        return self._maybe[name, depth, often]

    def _next(self, names: Iterator[str]) -> str:
        for name in names:
            return name
        raise DrawFailed(self.strategy.location)

    def _with_dependents(self, names: Iterable[str]) -> list[str]:
        found = dict.fromkeys(names)
        waiting = list(found) if self._dependent else []
        while waiting:
            trigger = waiting.pop()
            for schema in self.schemas:
                asked = schema.get("dependentRequired", {}).get(trigger, ())
                waiting += (name for name in asked if name not in found)
                found.update(dict.fromkeys(asked))
        return list(found)

    def _part(self, name: str, *, aimed: bool | None = None) -> PartStrategy:
        """The strategy for one property; by default aimed if the aim names that property."""
        if aimed is None:
            aimed = self.step is not None and self.step[:2] == ("properties", name)
        if (name, aimed) not in self._parts:
            named = self.step is not None and self.step.keyword == "propertyNames"
            aim = self.strategy.aim.beyond(1) if aimed and not named else ANYWHERE
            members = property_members(self.conjuncts, name)
            location = self.strategy.location + pointer([name])
            self._parts[name, aimed] = self.strategy.part(members, aim, location)
        return self._parts[name, aimed]

    @cached_property
    def _optional(self) -> list[str]:
        """Names of the optional properties that can be drawn."""
        declared = [name for schema in self.schemas for name in schema.get("properties", ())]
        names = dict.fromkeys([*declared, *self._undeclared[:_MAX_UNDECLARED]])
        return [name for name in names if name not in self.required and self._can_add(name)]

    @cached_property
    def _undeclared(self) -> list[str]:
        """Names of properties that no schema declares but that are allowed."""
        patterns = [p for schema in self.schemas for p in schema.get("patternProperties", ())]
        names = chain(*(islice(matching(pattern), 3) for pattern in patterns), self._fresh())
        return [name for name in names if self._can_add(name)]

    def _can_add(self, name: str) -> bool:
        return self._names.accepts(name) and self._part(name).min_depth() < math.inf

    @cached_property
    def _names(self) -> PartStrategy:
        """The strategy for property names."""
        return self._names_to(ANYWHERE)

    @cached_property
    def _aimed_names(self) -> PartStrategy:
        """The strategy for a name that must satisfy the aim."""
        return self._names_to(self.strategy.aim.beyond(1))

    def _names_to(self, aim: Aim) -> PartStrategy:
        members = [
            conjunct.child("propertyNames")
            for conjunct in self.conjuncts
            if _limits_names(conjunct)
        ]
        members.append(_TEXT)
        return self.strategy.part(tuple(members), aim, f"{self.strategy.location}/~name")

    def _drawn_names(self, draw: DrawFn, depth: int) -> Iterator[str]:
        for _ in range(_MAX_NAMES):
            name = self._names.value(draw, depth + 1)
            if self._can_add(name):
                yield name

    def _fresh(self) -> list[str]:
        known = {name for schema in self.schemas for name in schema.get("properties", ())}
        names = chain(["note"], (f"note_{number}" for number in count(2)))
        return list(islice((name for name in names if name not in known), _MAX_NAMES))

    def _target(self, draw: DrawFn, depth: int) -> str | None:
        """Name of the property on the path; `None` without an aim."""
        if self.step is None:
            return None
        if self.step.keyword == "properties":
            return str(self.step.name)
        if self.step.keyword == "propertyNames":
            return str(self._aimed_names.value(draw, depth + 1))
        names = self._fresh()
        if self.step.keyword == "patternProperties":
            names = list(islice(matching(str(self.step.name)), _MAX_NAMES))
        names = [name for name in names if self._names.accepts(name)]
        if not names:
            raise DrawFailed(self.strategy.location)
        return names[index_below(draw, len(names))]


def _limits_names(conjunct: Member) -> bool:
    return "propertyNames" in conjunct.schema
