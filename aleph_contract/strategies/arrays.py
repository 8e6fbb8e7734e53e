"""Drawing arrays: how many items they have, each of them drawn by its own plan."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.schema.generation.arrays import item_members
from aleph_contract.schema.generation.branches import Member
from aleph_contract.strategies.options import (
    ANYWHERE,
    DEEP,
    Missed,
    Option,
    PartStrategy,
    index_below,
    part,
)

#: How many items beyond the fewest there are where nothing limits them; how many of a long array
#: are drawn apart, the others being the same again; draws for an item unlike the others.
_MORE = 4
_APART = 8
_TRIES = 4


def arrays(plan: PartStrategy, flats: tuple[Member, ...]) -> Iterator[Option]:
    """The way to draw arrays that keep all of `flats`, if there is one."""
    shape = _Arrays(plan, flats)
    if shape.fewest <= shape.most:
        yield Option(shape.draw, shape.height)


class _Arrays:
    """Arrays that keep several schemas without choice."""

    def __init__(self, plan: PartStrategy, flats: tuple[Member, ...]) -> None:
        self.plan = plan
        self.flats = flats
        self.schemas = [flat.schema for flat in flats]
        self.step = plan.aim.trail[0] if plan.aim.trail else None
        self.unique = any(schema.get("uniqueItems") for schema in self.schemas)
        self.twins = any("uniqueItems" in schema.get("not", ()) for schema in self.schemas)
        self.prefix = max((len(s.get("prefixItems", ())) for s in self.schemas), default=0)
        self.matches = [
            (
                flat.schema.get("minContains", 1),
                flat.child("contains"),
                "maxContains" in flat.schema,
            )
            for flat in flats
            if "contains" in flat.schema
        ]
        self.most = min((s.get("maxItems", math.inf) for s in self.schemas), default=math.inf)
        beside = 0 if self.step is None else 1  # what is aimed at need not match
        self.fewest = max(
            0,
            *(schema.get("minItems", 0) for schema in self.schemas),
            *(int(min(wanted + beside, max(wanted, self.most))) for wanted, _, _ in self.matches),
            2 * self.twins,
            1 + self._first_aimed if self.step else 0,
        )
        self._plans: dict[Any, PartStrategy] = {}
        self._items: dict[tuple[int, int], SearchStrategy[Any]] = {}

    @property
    def _first_aimed(self) -> int:
        """The first item through which the aim can lead."""
        fixed = self.step is not None and self.step.keyword == "prefixItems"
        return int(self.step.name or 0) if fixed and self.step else self.prefix

    def height(self) -> float:
        """As in `Option`."""
        needed = range(min(self.fewest, self.prefix + 1))
        return 1 + max((self._plan(index).height() for index in needed), default=0)

    def draw(self, draw: DrawFn, depth: int) -> list[Any]:
        """Draw an array."""
        lengths = self._lengths if depth < DEEP else [self.fewest]
        length = lengths[index_below(draw, len(lengths))]
        target = self._target(draw, length)
        more = self._matching(draw, length, target)
        items: list[Any] = []
        for index in range(length):
            if index < _APART or self.unique or index == target:
                plan = self._plan(index, more.get(index, ()), aimed=index == target)
                items += self._item(plan, items, draw, depth)
            else:
                items.append(items[_APART - 1])
        if self.twins:
            items[-1] = items[0]
        return items

    def _item(self, plan: PartStrategy, items: list[Any], draw: DrawFn, depth: int) -> list[Any]:
        """One item; none if it must be unlike all others and no such is found."""
        seen = {json.dumps(item, sort_keys=True) for item in items} if self.unique else ()
        for _ in range(_TRIES):
            item = draw(self._whole(plan, depth))
            if not seen or json.dumps(item, sort_keys=True) not in seen:
                return [item]
        return []

    def _whole(self, plan: PartStrategy, depth: int) -> SearchStrategy[Any]:
        if (id(plan), depth) not in self._items:
            self._items[id(plan), depth] = part(plan, depth + 1)
        return self._items[id(plan), depth]

    def _plan(
        self, index: int, more: tuple[Member, ...] = (), *, aimed: bool = False
    ) -> PartStrategy:
        """The plan for one item; those behind the prefix are alike."""
        key = (min(index, self.prefix), tuple(id(member.schema) for member in more), aimed)
        if key not in self._plans:
            aim = self.plan.aim.beyond(1) if aimed else ANYWHERE
            members = item_members(self.flats, index) + more + self._opposites
            self._plans[key] = self.plan.part(members, aim, f"{self.plan.place}/*")
        return self._plans[key]

    @cached_property
    def _opposites(self) -> tuple[Member, ...]:
        """What no item may be, where the array must not contain something."""
        refused = [schema["not"]["contains"] for schema in self.schemas if _refuses(schema)]
        return tuple(Member({"not": schema}) for schema in refused)

    @cached_property
    def _lengths(self) -> list[int]:
        """Lengths to choose from: short ones more than once, the longest too.

        Where something is to be broken mostly the shortest: what stands beside it matters less.
        """
        possible = self.most
        for index in range(self.fewest, self.prefix + 1):
            if self._plan(index).height() == math.inf:
                possible = min(possible, index)
        most = int(min(possible, self.fewest + _MORE if math.isinf(possible) else possible))
        if most < self.fewest:
            raise Missed(self.plan.place)
        if self.plan.corners:
            return sorted({self.fewest, most})
        few = [*range(self.fewest, min(most, self.fewest + _MORE) + 1)]
        longest = [most] if most not in few else []
        if self.plan.breaking:
            return [*few[:1] * len(few), *few, *longest]
        return [*few[:1] * 4, *few[:2], *few, *longest]

    def _target(self, draw: DrawFn, length: int) -> int | None:
        """The item through which the aim leads."""
        if self.step is None:
            return None
        first = self._first_aimed
        last = first if self.step.keyword == "prefixItems" else length - 1
        return first + index_below(draw, last - first + 1)

    def _matching(
        self, draw: DrawFn, length: int, target: int | None
    ) -> dict[int, tuple[Member, ...]]:
        """For each item what it must match, or must not, because the array contains so many."""
        more: dict[int, tuple[Member, ...]] = {}
        for (wanted, match, limited), opposite in zip(self.matches, self._unmatched, strict=True):
            free = [index for index in range(length) if index != target or length <= wanted]
            start = index_below(draw, len(free) - wanted + 1)
            chosen = free[start : start + wanted]
            for index in range(length):
                if index in chosen:
                    more[index] = (*more.get(index, ()), match)
                elif limited and index != target:
                    more[index] = (*more.get(index, ()), opposite)
        return more

    @cached_property
    def _unmatched(self) -> list[Member]:
        return [Member({"not": match.schema}) for _, match, _ in self.matches]


def _refuses(schema: Any) -> bool:
    return "contains" in schema.get("not", ())
