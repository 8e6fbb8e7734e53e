"""A value that keeps a schema, and passes through a given place in it on the way.

The schema's unions are taken apart (`expand_branches`), a value is built for what remains, and
jsonschema-rs is asked whether it keeps the schema after all. The search is bounded: not finding a
value proves nothing, so nobody takes it for a proof.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, takewhile, zip_longest
from typing import Any

from aleph_contract.schema.document import IN_PLACE, Document
from aleph_contract.schema.generation.arrays import arrays
from aleph_contract.schema.generation.branches import Choice, Member, expand_branches, referring
from aleph_contract.schema.generation.interface import Hints, Size
from aleph_contract.schema.generation.min_depth import min_depths
from aleph_contract.schema.generation.numbers import numbers
from aleph_contract.schema.generation.objects import objects
from aleph_contract.schema.generation.strings import strings
from aleph_contract.schema.generation.value_types import likely_types, listed
from aleph_contract.schema.pointers import SchemaStep

#: Bound on the values tried at one place, and in all.
_TRIES = 200

#: How many alternatives are drawn from in turn.
_AT_ONCE = 8
_BUDGET = 4_000


_NONE = object()


class Builder:
    """Builds values of one document.

    Args:
        document: The schema.
        hints: Realistic values: by JSON Pointer pattern of the place, or by the last name of it.
        size: How much is put in where there is a choice.
        alone: Whether of a union on the way all branches but the one must fail.
        turn: Which branch of a union comes first where there is a choice.
        strict: What holds beside the way that is gone; the same document if not given.
    """

    def __init__(
        self,
        document: Document,
        hints: Hints,
        size: Size = "small",
        *,
        alone: bool = False,
        turn: int = 0,
        strict: Document | None = None,
    ) -> None:
        self.document = document
        self.hints = hints
        self.size = size
        self.alone = alone
        self.turn = turn
        self.strict = strict or document
        self._accepts: dict[tuple[object, ...], Callable[[Any], bool]] = {}
        self._deepest = 0
        self._cut = False
        self._budget = 0
        self._tries = _TRIES

    def values(self, trail: Sequence[SchemaStep] = (), schema: Any = True) -> Iterator[Any]:
        """Values of the whole document whose part at the end of `trail` also keeps `schema`."""
        root = Member(self.document.root, "")
        self._budget = _BUDGET
        for more in (3, 6, 12):
            self._deepest = len(trail) + more
            self._cut = False
            found = False
            if self._stands_alone(trail, schema):
                for value in self.instances((root,), tuple(trail), schema, ""):
                    found = True
                    yield value
            if found or not self._cut or self._budget <= 0:
                return

    def make_room(self, count: int) -> None:
        """Let as many values be tried as it takes to find `count` that are all different."""
        more = 2 * count - self._tries
        if more > 0:
            self._tries += more
            self._budget += more

    def _stands_alone(self, trail: Sequence[SchemaStep], schema: Any) -> bool:
        """Whether the value at the end of `trail` can be had by itself, without what is around."""
        inside = [i for i, step in enumerate(trail, 1) if step.keyword not in IN_PLACE]
        if not inside or trail[inside[-1] - 1].keyword == "propertyNames":
            return True
        where, rest = trail[inside[-1] - 1].schema, tuple(trail[inside[-1] :])
        end = Member(self.document.at(where), where)
        return next(self.instances((end,), rest, schema, ""), _NONE) is not _NONE

    def instances(
        self, members: Sequence[Member], trail: tuple[SchemaStep, ...], schema: Any, place: str
    ) -> Iterator[Any]:
        """Values that keep all of `members`, for one place of the whole."""
        off_trail = not trail and schema is True
        document = self.strict if off_trail else self.document
        members = [
            member if member.where is None else Member(document.at(member.where), member.where)
            for member in members
        ]
        if not self._within_reach(document, members, place):
            return
        near = tuple(takewhile(lambda step: step.keyword in IN_PLACE, trail))
        rest = trail[len(near) :]
        members += (member for step in near for member in taken(document, step))
        if not rest and schema is not True:
            members.append(Member(schema))
        accepts = self._test(document, members)
        given = listed([member.schema for member in members])
        if given is not None:
            yield from filter(accepts, self._leading(given, rest, schema))
            return
        chosen = frozenset(step.schema for step in near)
        choice = Choice(chosen, alone=self.alone, turn=self.turn)
        made = (
            self._candidates(flats, rest, schema, place)
            for flats in expand_branches(document, members, choice)
        )
        for value in islice(_in_turn(made), self._tries):
            self._budget -= 1
            if accepts(value):
                yield value
            if self._budget <= 0:
                return

    def _within_reach(self, document: Document, members: Sequence[Member], place: str) -> bool:
        """Whether there is room for a value before it gets too deep."""
        least = min_depths(document)
        height = max((least.get(m.where, 0) for m in members if m.where is not None), default=0)
        deep = place.count("/") + height > self._deepest
        self._cut = self._cut or (deep and math.isfinite(height))
        return not deep

    def _test(self, document: Document, members: Sequence[Member]) -> Callable[[Any], bool]:
        places = tuple(member.where for member in members if member.where is not None)
        if len(places) < len(members):
            return document.accepts(map(referring, members))
        key = (document is self.strict, *places)
        if key not in self._accepts:
            self._accepts[key] = document.accepts(map(referring, members))
        return self._accepts[key]

    def _candidates(
        self, flats: tuple[Member, ...], rest: tuple[SchemaStep, ...], schema: Any, place: str
    ) -> Iterator[Any]:
        schemas = [member.schema for member in flats]
        given = listed(schemas)
        if given is not None:
            yield from self._leading(given, rest, schema)
            return
        for kind in likely_types(schemas, rest):
            if kind == "object":
                yield from objects(self, flats, rest, schema, place)
            elif kind == "array":
                yield from arrays(self, flats, rest, schema, place)
            elif not rest:
                yield from self._scalars(kind, schemas, place)

    def _leading(self, given: list[Any], rest: tuple[SchemaStep, ...], schema: Any) -> list[Any]:
        """Those of all possible values through which the way leads to what is asked for."""
        wanted = self.document.accepts([schema])
        found = [value for value in given if any(map(wanted, reached(value, rest)))]
        return found[::-1] if self.size == "largest" else found

    def _scalars(self, kind: str, schemas: list[Any], place: str) -> Iterator[Any]:
        hints = [*self.hints.get(place, ()), *self.hints.get(_word(place), ())]
        hints += [hint for s in schemas for hint in (*s.get("examples", ()), s.get("default"))]
        if kind == "string":
            texts = [hint for hint in hints if isinstance(hint, str)]
            yield from strings(schemas, texts, self.size)
        elif kind in ("integer", "number"):
            known = [h for h in hints if isinstance(h, (int, float)) and not isinstance(h, bool)]
            yield from numbers(schemas, known, self.size, whole=kind == "integer")
        elif kind == "boolean":
            yield from (True, False)
        else:
            yield None


def _in_turn(sources: Iterator[Iterator[Any]]) -> Iterator[Any]:
    """The first value of each source, then the next of each; so many sources at a time."""
    opened: list[Iterator[Any]] = []
    for source in sources:
        yield from islice(source, 1)
        opened.append(source)
        if len(opened) == _AT_ONCE:
            yield from _drained(opened)
            opened = []
    yield from _drained(opened)


def _drained(sources: list[Iterator[Any]]) -> Iterator[Any]:
    for row in zip_longest(*sources, fillvalue=_NONE):
        yield from (value for value in row if value is not _NONE)


def hints_from(values: Sequence[Any]) -> dict[str, list[Any]]:
    """What `values`, documented inputs say, suggests for each place and for each name."""
    found: dict[str, list[Any]] = {}
    for value in values:
        _collect(value, "", found)
    return found


def _collect(value: Any, place: str, found: dict[str, list[Any]]) -> None:
    if isinstance(value, dict):
        for name, child in value.items():
            _collect(child, f"{place}/{name}", found)
    elif isinstance(value, list):
        for child in value:
            _collect(child, f"{place}/*", found)
    else:
        for key in (place, _word(place)):
            known = found.setdefault(key, [])
            if value not in known:
                known.append(value)


def _word(place: str) -> str:
    """The last name of a place, however it is spelt."""
    return place.rpartition("/")[2].replace("_", "").lower()


def taken(document: Document, step: SchemaStep) -> Iterator[Member]:
    """The schemas that hold where a step in place is taken."""
    around = step.schema.rpartition("/")[0]
    if step.keyword in ("then", "else"):
        condition = document.at(f"{around}/if")
        yield Member(condition if step.keyword == "then" else {"not": condition})
    elif step.keyword == "dependentSchemas":
        yield Member({"required": [step.name]})
    yield Member(document.at(step.schema), step.schema)


def reached(value: Any, trail: Sequence[SchemaStep]) -> Iterator[Any]:
    """The parts of a given value to which `trail` leads; none if it lacks them."""
    if not trail:
        yield value
        return
    step, rest = trail[0], trail[1:]
    if step.keyword in IN_PLACE:
        yield from reached(value, rest)
    elif step.keyword in ("properties", "prefixItems"):
        held = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(held, dict) and step.name in held:
            yield from reached(held[step.name], rest)
    elif isinstance(value, (dict, list)):
        keys_only = step.keyword == "propertyNames"
        held = value.values() if isinstance(value, dict) and not keys_only else value
        yield from (part for child in held for part in reached(child, rest))
