"""Draw arrays: the number of their items, and each item by its own strategy."""

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
    DrawFailed,
    Option,
    PartStrategy,
    index_below,
    part,
)

#: Most items beyond the least number where there is no limit; most items of a long array that are
#: drawn separately (the others repeat the last); most draws for an item unlike the others.
_MAX_EXTRA = 4
_MAX_DISTINCT = 8
_MAX_DRAWS = 4


def arrays(strategy: PartStrategy, conjuncts: tuple[Member, ...]) -> Iterator[Option]:
    """The option to draw arrays that satisfy all of `conjuncts`; none if there are no such."""
    shape = _Arrays(strategy, conjuncts)
    if shape.fewest <= shape.most:
        yield Option(shape.draw, shape.min_depth)


class _Arrays:
    """Draws arrays that satisfy several schemas without unions."""

    def __init__(self, strategy: PartStrategy, conjuncts: tuple[Member, ...]) -> None:
        self.strategy = strategy
        self.conjuncts = conjuncts
        self.schemas = [conjunct.schema for conjunct in conjuncts]
        self.step = strategy.aim.path[0] if strategy.aim.path else None
        self.unique = any(schema.get("uniqueItems") for schema in self.schemas)
        self.repeated = any("uniqueItems" in schema.get("not", ()) for schema in self.schemas)
        self.prefix = max((len(s.get("prefixItems", ())) for s in self.schemas), default=0)
        self.matches = [
            (
                conjunct.schema.get("minContains", 1),
                conjunct.child("contains"),
                "maxContains" in conjunct.schema,
            )
            for conjunct in conjuncts
            if "contains" in conjunct.schema
        ]
        self.most = min((s.get("maxItems", math.inf) for s in self.schemas), default=math.inf)
        beside = 0 if self.step is None else 1  # the item on the path need not match `contains`
        self.fewest = max(
            0,
            *(schema.get("minItems", 0) for schema in self.schemas),
            *(int(min(wanted + beside, max(wanted, self.most))) for wanted, _, _ in self.matches),
            2 * self.repeated,
            1 + self._first_aimed if self.step else 0,
        )
        self._strategies: dict[Any, PartStrategy] = {}
        self._items: dict[tuple[int, int], SearchStrategy[Any]] = {}

    @property
    def _first_aimed(self) -> int:
        """Index of the first item that can be on the path."""
        fixed = self.step is not None and self.step.keyword == "prefixItems"
        return int(self.step.name or 0) if fixed and self.step else self.prefix

    def min_depth(self) -> float:
        """As in `Option`."""
        needed = range(min(self.fewest, self.prefix + 1))
        return 1 + max((self._item_strategy(index).min_depth() for index in needed), default=0)

    def draw(self, draw: DrawFn, depth: int) -> list[Any]:
        """Draw an array."""
        lengths = self._lengths if depth < DEEP else [self.fewest]
        length = lengths[index_below(draw, len(lengths))]
        target = self._target(draw, length)
        more = self._matching(draw, length, target)
        items: list[Any] = []
        for index in range(length):
            if index < _MAX_DISTINCT or self.unique or index == target:
                strategy = self._item_strategy(index, more.get(index, ()), aimed=index == target)
                items += self._item(strategy, items, draw, depth)
            else:
                items.append(items[_MAX_DISTINCT - 1])
        if self.repeated:
            items[-1] = items[0]
        return items

    def _item(
        self, strategy: PartStrategy, items: list[Any], draw: DrawFn, depth: int
    ) -> list[Any]:
        """One item in a list; an empty list if no draw differs from all other items."""
        seen = {json.dumps(item, sort_keys=True) for item in items} if self.unique else ()
        for _ in range(_MAX_DRAWS):
            item = draw(self._drawn(strategy, depth))
            if not seen or json.dumps(item, sort_keys=True) not in seen:
                return [item]
        return []

    def _drawn(self, strategy: PartStrategy, depth: int) -> SearchStrategy[Any]:
        if (id(strategy), depth) not in self._items:
            self._items[id(strategy), depth] = part(strategy, depth + 1)
        return self._items[id(strategy), depth]

    def _item_strategy(
        self, index: int, more: tuple[Member, ...] = (), *, aimed: bool = False
    ) -> PartStrategy:
        """The strategy for one item; all items after `prefixItems` share one."""
        key = (min(index, self.prefix), tuple(id(member.schema) for member in more), aimed)
        if key not in self._strategies:
            aim = self.strategy.aim.beyond(1) if aimed else ANYWHERE
            members = item_members(self.conjuncts, index) + more + self._opposites
            self._strategies[key] = self.strategy.part(members, aim, f"{self.strategy.location}/*")
        return self._strategies[key]

    @cached_property
    def _opposites(self) -> tuple[Member, ...]:
        """Schemas that every item must satisfy because of `not: {"contains": …}`."""
        refused = [schema["not"]["contains"] for schema in self.schemas if _refuses(schema)]
        return tuple(Member({"not": schema}) for schema in refused)

    @cached_property
    def _lengths(self) -> list[int]:
        """Lengths to choose from: short ones several times, and the longest.

        In a violating input mostly the shortest: its other parts matter less.
        """
        possible = self.most
        for index in range(self.fewest, self.prefix + 1):
            if self._item_strategy(index).min_depth() == math.inf:
                possible = min(possible, index)
        most = int(min(possible, self.fewest + _MAX_EXTRA if math.isinf(possible) else possible))
        if most < self.fewest:
            raise DrawFailed(self.strategy.location)
        if self.strategy.bounds_only:
            return sorted({self.fewest, most})
        few = [*range(self.fewest, min(most, self.fewest + _MAX_EXTRA) + 1)]
        longest = [most] if most not in few else []
        if self.strategy.violating_one:
            return [*few[:1] * len(few), *few, *longest]
        return [*few[:1] * 4, *few[:2], *few, *longest]

    def _target(self, draw: DrawFn, length: int) -> int | None:
        """Index of the item on the path; `None` without an aim."""
        if self.step is None:
            return None
        first = self._first_aimed
        last = first if self.step.keyword == "prefixItems" else length - 1
        return first + index_below(draw, last - first + 1)

    def _matching(
        self, draw: DrawFn, length: int, target: int | None
    ) -> dict[int, tuple[Member, ...]]:
        """For the index of an item the schemas that `contains` and its limits add."""
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
