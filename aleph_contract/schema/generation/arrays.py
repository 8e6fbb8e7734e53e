"""Arrays to order: as many items as are asked for, each built by its own schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.generation.interface import PartBuilder
from aleph_contract.schema.pointers import SchemaStep

#: The largest array that is built (items).
LARGEST = 5_000

#: How deep items are put in that nobody asked for.
_DEEP = 4

#: Values tried for each item, once one of each has been found.
_OTHERS = 24


def arrays(
    builder: PartBuilder,
    flats: tuple[Member, ...],
    rest: tuple[SchemaStep, ...],
    schema: Any,
    place: str,
) -> Iterator[list[Any]]:
    """Arrays that keep the array keywords of all `flats`, the shortest first."""
    schemas = [flat.schema for flat in flats]
    steered = _steered_index(schemas, rest)
    length = _length(builder, schemas, steered, place)
    if length is None:
        return
    unique = any(flat.get("uniqueItems") for flat in schemas)
    if unique:
        builder.make_room(length)
    roomy = length + sum(flat.get("minContains", 1) for flat in schemas if "contains" in flat)
    for size, late in ((length, False), (length, True), (roomy, True)):
        filler = _Filler(builder, f"{place}/*", unique=unique)
        base = []
        for index, plan in enumerate(_plans(flats, size, late=late)):
            way, wanted = (rest[1:], schema) if index == steered else ((), True)
            base.append(filler.item(index, plan, way, wanted))
        if any(item is _NONE for item in base):
            continue
        yield base
        for index, source in filler.sources.values():
            for other in islice(source, _OTHERS):
                yield [*base[:index], other, *base[index + 1 :]]


def _steered_index(schemas: Sequence[Any], rest: tuple[SchemaStep, ...]) -> int | None:
    """The item through which the way leads on."""
    if not rest:
        return None
    if rest[0].keyword == "prefixItems":
        return int(rest[0].name or 0)
    return max(len(schema.get("prefixItems", ())) for schema in schemas)


def _length(
    builder: PartBuilder, schemas: Sequence[Any], steered: int | None, place: str
) -> int | None:
    least = max((schema.get("minItems", 0) for schema in schemas), default=0)
    least = max(least, 0 if steered is None else steered + 1)
    for schema in schemas:
        if "contains" in schema:
            least = max(least, schema.get("minContains", 1))
        if "uniqueItems" in schema.get("not", ()):
            least = max(least, 2)
    most = min((s["maxItems"] for s in schemas if "maxItems" in s), default=None)
    if least > (LARGEST if most is None else min(most, LARGEST)):
        return None
    if builder.size == "small" or place.count("/") >= _DEEP:
        return least
    return min(most, LARGEST) if builder.size == "largest" and most is not None else max(least, 1)


def _plans(flats: Sequence[Member], length: int, *, late: bool) -> list[tuple[Member, ...]]:
    """The schemas that hold for each item.

    Args:
        flats: Schemas without choice that hold together.
        length: How many items there are.
        late: Whether what the array must contain stands at its end, not at its start.
    """
    plans = [item_members(flats, index) for index in range(length)]
    for flat in flats:
        if "contains" in flat.schema:
            wanted = flat.schema.get("minContains", 1)
            chosen = range(length - wanted, length) if late else range(wanted)
            match = flat.child("contains")
            free = flat.schema.get("maxContains", length) - wanted
            for index in range(length):
                if index in chosen:
                    plans[index] += (match,)
                elif free > 0:
                    free -= 1
                else:
                    plans[index] += (Member({"not": match.schema}),)
        elif "contains" in flat.schema.get("not", ()):
            opposite = Member({"not": flat.schema["not"]["contains"]})
            plans = [(*plan, opposite) for plan in plans]
    return plans


def item_members(flats: Sequence[Member], index: int) -> tuple[Member, ...]:
    """The schemas that hold for the item at `index`."""
    found: list[Member] = []
    loose: list[Member] = []
    for flat in flats:
        if index < len(flat.schema.get("prefixItems", ())):
            found.append(flat.child("prefixItems", index))
        elif "items" in flat.schema:
            found.append(flat.child("items"))
        elif "unevaluatedItems" in flat.schema:
            loose.append(flat.child("unevaluatedItems"))
    evaluated = any(member.where is not None for member in found)
    return tuple(found if evaluated else [*found, *loose])


class _Filler:
    """Takes a value for each item, from one source for all items that are alike.

    Args:
        builder: Builds the items.
        place: JSON Pointer pattern of the items.
        unique: Whether no two may be the same.
    """

    def __init__(self, builder: PartBuilder, place: str, *, unique: bool) -> None:
        self.builder = builder
        self.place = place
        self.unique = unique
        self.sources: dict[tuple[str, ...], tuple[int, Iterator[Any]]] = {}
        self._first: dict[tuple[str, ...], Any] = {}
        self._taken: dict[str, None] = {}

    def item(
        self, index: int, plan: Sequence[Member], trail: tuple[SchemaStep, ...], schema: Any
    ) -> Any:
        """A value for the item at `index`; `_NONE` if there is none."""
        key = (str(bool(trail) or schema is not True), *(m.where or repr(m.schema) for m in plan))
        if key not in self.sources:
            made = self.builder.instances(plan, trail, schema, self.place)
            self.sources[key] = (index, made)
            if not self.unique:
                self._first[key] = next(made, _NONE)
        return self._distinct(self.sources[key][1]) if self.unique else self._first[key]

    def _distinct(self, source: Iterator[Any]) -> Any:
        for value in source:
            spelt = json.dumps(value, sort_keys=True)
            if spelt not in self._taken:
                self._taken[spelt] = None
                return value
        return _NONE


_NONE = object()
