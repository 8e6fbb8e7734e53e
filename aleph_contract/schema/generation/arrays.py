"""Build arrays: the number of items that the schemas require, each item by its own schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Literal

from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.generation.interface import MISSING, PartBuilder
from aleph_contract.schema.pointers import SchemaStep

#: The largest array that is built (items).
MAX_ITEMS = 5_000

#: Arrays nested deeper than this hold only the items that the schemas require.
_MAX_OPTIONAL_DEPTH = 4

#: Further values tried for each item after the first array.
_MAX_ALTERNATIVES = 24

#: So many items of an array are copied and checked in one step of the budget.
_ITEMS_A_STEP = 64


#: The places of the items that match `contains`: the first ones; the last ones; or different ones
#: for each of several `contains`, where no item can match two of them.
_Placement = Literal["first", "last", "apart"]


def arrays(
    builder: PartBuilder,
    conjuncts: tuple[Member, ...],
    remaining: tuple[SchemaStep, ...],
    schema: Any,
    location: str,
) -> Iterator[list[Any]]:
    """Arrays that satisfy the array keywords of all `conjuncts`, the shortest first."""
    schemas = [conjunct.schema for conjunct in conjuncts]
    path_index = _path_index(schemas, remaining)
    length = _length(builder, schemas, path_index, location)
    if length is None:
        return
    unique = any(conjunct.get("uniqueItems") for conjunct in schemas)
    if unique:
        builder.make_room(length)
    for size, placement in _attempts(schemas, length):
        values = _ItemValues(builder, f"{location}/*", unique=unique)
        base = []
        for index, members in enumerate(_item_schemas(conjuncts, size, placement)):
            path, wanted = (remaining[1:], schema) if index == path_index else ((), True)
            base.append(values.item(index, members, path, wanted))
        if any(item is MISSING for item in base) or not builder.budget.spend(size // _ITEMS_A_STEP):
            continue
        yield base
        for index, source in values.sources.values():
            for other in islice(source, _MAX_ALTERNATIVES):
                if builder.budget.spend(size // _ITEMS_A_STEP):
                    yield [*base[:index], other, *base[index + 1 :]]


def _attempts(schemas: Sequence[Any], length: int) -> Iterator[tuple[int, _Placement]]:
    """The number of items of each attempt, and the places of those that match `contains`."""
    counts = [schema.get("minContains", 1) for schema in schemas if "contains" in schema]
    if len(counts) > 1 and max(counts) > 1:  # else one item often matches all
        yield max(length, sum(counts)), "apart"
    yield from ((length, "first"), (length, "last"), (length + sum(counts), "last"))


def _path_index(schemas: Sequence[Any], remaining: tuple[SchemaStep, ...]) -> int | None:
    """Index of the item on the path; `None` if the path ends at the array."""
    if not remaining:
        return None
    if remaining[0].keyword == "prefixItems":
        return int(remaining[0].name or 0)
    return max(len(schema.get("prefixItems", ())) for schema in schemas)


def _length(
    builder: PartBuilder, schemas: Sequence[Any], path_index: int | None, location: str
) -> int | None:
    least = max((schema.get("minItems", 0) for schema in schemas), default=0)
    least = max(least, 0 if path_index is None else path_index + 1)
    for schema in schemas:
        if "contains" in schema:
            least = max(least, schema.get("minContains", 1))
        if "uniqueItems" in schema.get("not", ()):
            least = max(least, 2)
    most = min((s["maxItems"] for s in schemas if "maxItems" in s), default=None)
    if least > (MAX_ITEMS if most is None else min(most, MAX_ITEMS)):
        return None
    if builder.size == "small" or location.count("/") >= _MAX_OPTIONAL_DEPTH:
        return least
    return min(most, MAX_ITEMS) if builder.size == "largest" and most is not None else max(least, 1)


def _item_schemas(
    conjuncts: Sequence[Member], length: int, placement: _Placement
) -> list[tuple[Member, ...]]:
    """For each item the schemas that it must satisfy.

    Args:
        conjuncts: Schemas without unions that hold together.
        length: Number of items.
        placement: The places of the items that match `contains`.
    """
    start = 0
    item_schemas = [item_members(conjuncts, index) for index in range(length)]
    for conjunct in conjuncts:
        if "contains" in conjunct.schema:
            wanted = conjunct.schema.get("minContains", 1)
            first = length - wanted if placement == "last" else start
            chosen = range(first, first + wanted)
            start += wanted if placement == "apart" else 0
            match = conjunct.child("contains")
            free = conjunct.schema.get("maxContains", length) - wanted
            for index in range(length):
                if index in chosen:
                    item_schemas[index] += (match,)
                elif free > 0:
                    free -= 1
                else:
                    item_schemas[index] += (Member({"not": match.schema}),)
        elif "contains" in conjunct.schema.get("not", ()):
            opposite = Member({"not": conjunct.schema["not"]["contains"]})
            item_schemas = [(*members, opposite) for members in item_schemas]
    return item_schemas


def item_members(conjuncts: Sequence[Member], index: int) -> tuple[Member, ...]:
    """The schemas that the item at `index` must satisfy."""
    found: list[Member] = []
    loose: list[Member] = []
    for conjunct in conjuncts:
        if index < len(conjunct.schema.get("prefixItems", ())):
            found.append(conjunct.child("prefixItems", index))
        elif "items" in conjunct.schema:
            found.append(conjunct.child("items"))
        elif "unevaluatedItems" in conjunct.schema:
            loose.append(conjunct.child("unevaluatedItems"))
    evaluated = any(member.where is not None for member in found)
    return tuple(found if evaluated else [*found, *loose])


class _ItemValues:
    """Supplies a value for each item; items with the same schemas share one generator.

    Args:
        builder: Builds the items.
        location: JSON Pointer pattern of the items.
        unique: Whether all items must differ.
    """

    def __init__(self, builder: PartBuilder, location: str, *, unique: bool) -> None:
        self.builder = builder
        self.location = location
        self.unique = unique
        self.sources: dict[tuple[str, ...], tuple[int, Iterator[Any]]] = {}
        self._first: dict[tuple[str, ...], Any] = {}
        self._taken: dict[str, None] = {}

    def item(
        self, index: int, members: Sequence[Member], path: tuple[SchemaStep, ...], schema: Any
    ) -> Any:
        """A value for the item at `index`; `MISSING` if none was found."""
        key = (str(bool(path) or schema is not True), *(m.where or repr(m.schema) for m in members))
        if key not in self.sources:
            made = self.builder.instances(members, path, schema, self.location)
            self.sources[key] = (index, made)
            if not self.unique:
                self._first[key] = next(made, MISSING)
        return self._distinct(self.sources[key][1]) if self.unique else self._first[key]

    def _distinct(self, source: Iterator[Any]) -> Any:
        for value in source:
            text = json.dumps(value, sort_keys=True)
            if text not in self._taken:
                self._taken[text] = None
                return value
        return MISSING
