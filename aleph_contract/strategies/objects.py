"""Drawing objects: which properties they have, each of them drawn by its own plan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, count, islice
from typing import Any

from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.generation.objects import property_members
from aleph_contract.schema.regex_samples import matching
from aleph_contract.strategies.options import (
    ABSENT,
    ANYWHERE,
    DEEP,
    Aim,
    Missed,
    Option,
    PartStrategy,
    index_below,
    part,
)

#: Names tried for properties that the schema does not name, and how many of them are put in
#: though nobody asks for them.
_NAMES = 12
_UNASKED = 2

#: Most optional properties are there in one of so many draws, few in the others.
_OFTEN = 4


#: What every name is.
_TEXT = Member({"type": "string"})


def objects(plan: PartStrategy, flats: tuple[Member, ...]) -> Iterator[Option]:
    """The way to draw objects that keep all of `flats`, if there is one."""
    shape = _Objects(plan, flats)
    if max(shape.fewest, len(shape.required)) <= shape.most:
        yield Option(shape.draw, shape.height)


class _Objects:
    """Objects that keep several schemas without choice."""

    def __init__(self, plan: PartStrategy, flats: tuple[Member, ...]) -> None:
        self.plan = plan
        self.flats = flats
        self.schemas = [flat.schema for flat in flats]
        self.step = plan.aim.trail[0] if plan.aim.trail else None
        self._dependent = any("dependentRequired" in schema for schema in self.schemas)
        self.fewest = max((s.get("minProperties", 0) for s in self.schemas), default=0)
        self.most = min((s.get("maxProperties", math.inf) for s in self.schemas), default=math.inf)
        asked = [name for schema in self.schemas for name in schema.get("required", ())]
        if self.step and self.step.keyword == "properties":
            asked.append(str(self.step.name))
        self.required = self._with_dependents(asked)
        self._parts: dict[tuple[str, bool], PartStrategy] = {}
        self._maybe: dict[tuple[str, int, bool], SearchStrategy[Any]] = {}

    def height(self) -> float:
        """As in `Option`."""
        return 1 + max((self._part(name).height() for name in self.required), default=0)

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
                drawn = draw(self._perhaps(name, depth, often=bool(often)))
                if drawn is not ABSENT:
                    value[name] = drawn
                    self._put(value, names, draw, depth, target)
        others = chain(self._optional, self._undeclared, self._made_up(draw, depth))
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
                plan = self._part(name, aimed=name == target)
                value[name] = plan.value(draw, depth + 1)

    def _often(self, draw: DrawFn) -> bool | None:
        """Whether optional properties are there often, or seldom, or not at all (`None`).

        Where something is to be broken never often: what stands beside it matters less.
        """
        if not self._optional[1:]:
            return False
        index = index_below(draw, _OFTEN)
        if not self.plan.breaking:
            return index == 1
        return False if index == 1 else None

    def _perhaps(self, name: str, depth: int, *, often: bool) -> SearchStrategy[Any]:
        if (name, depth, often) not in self._maybe:
            plan = self._part(name, aimed=False)
            self._maybe[name, depth, often] = part(plan, depth + 1, often=often)
        return self._maybe[name, depth, often]

    def _next(self, names: Iterator[str]) -> str:
        for name in names:
            return name
        raise Missed(self.plan.place)

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
        """The plan for one property; aimed if nothing else is said and the aim names it."""
        if aimed is None:
            aimed = self.step is not None and self.step[:2] == ("properties", name)
        if (name, aimed) not in self._parts:
            named = self.step is not None and self.step.keyword == "propertyNames"
            aim = self.plan.aim.beyond(1) if aimed and not named else ANYWHERE
            members = property_members(self.flats, name)
            place = f"{self.plan.place}/{name}"
            self._parts[name, aimed] = self.plan.part(members, aim, place)
        return self._parts[name, aimed]

    @cached_property
    def _optional(self) -> list[str]:
        """Properties that may be there, and can be."""
        declared = [name for schema in self.schemas for name in schema.get("properties", ())]
        names = dict.fromkeys([*declared, *self._undeclared[:_UNASKED]])
        return [name for name in names if name not in self.required and self._possible(name)]

    @cached_property
    def _undeclared(self) -> list[str]:
        """Properties that no schema names, but that may be there."""
        patterns = [p for schema in self.schemas for p in schema.get("patternProperties", ())]
        names = chain(*(islice(matching(pattern), 3) for pattern in patterns), self._fresh())
        return [name for name in names if self._possible(name)]

    def _possible(self, name: str) -> bool:
        return self._names.accepts(name) and self._part(name).height() < math.inf

    @cached_property
    def _names(self) -> PartStrategy:
        """The plan for names."""
        return self._names_to(ANYWHERE)

    @cached_property
    def _aimed_names(self) -> PartStrategy:
        """The plan for the name through which the aim leads."""
        return self._names_to(self.plan.aim.beyond(1))

    def _names_to(self, aim: Aim) -> PartStrategy:
        members = [flat.child("propertyNames") for flat in self.flats if _limits_names(flat)]
        members.append(_TEXT)
        return self.plan.part(tuple(members), aim, f"{self.plan.place}/~name")

    def _made_up(self, draw: DrawFn, depth: int) -> Iterator[str]:
        for _ in range(_NAMES):
            name = self._names.value(draw, depth + 1)
            if self._possible(name):
                yield name

    def _fresh(self) -> list[str]:
        known = {name for schema in self.schemas for name in schema.get("properties", ())}
        names = chain(["note"], (f"note_{number}" for number in count(2)))
        return list(islice((name for name in names if name not in known), _NAMES))

    def _target(self, draw: DrawFn, depth: int) -> str | None:
        """The property through which the aim leads."""
        if self.step is None:
            return None
        if self.step.keyword == "properties":
            return str(self.step.name)
        if self.step.keyword == "propertyNames":
            return str(self._aimed_names.value(draw, depth + 1))
        names = self._fresh()
        if self.step.keyword == "patternProperties":
            names = list(islice(matching(str(self.step.name)), _NAMES))
        names = [name for name in names if self._names.accepts(name)]
        if not names:
            raise Missed(self.plan.place)
        return names[index_below(draw, len(names))]


def _limits_names(flat: Member) -> bool:
    return "propertyNames" in flat.schema
