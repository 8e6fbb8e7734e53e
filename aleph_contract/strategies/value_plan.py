"""Hypothesis strategies from schemas: one `ValueStrategy` for each value.

Unions are expanded into conjunctions, as for the catalogue (`expand_branches`). Each conjunction is
drawn keyword by keyword; jsonschema-rs then checks the drawn value against the schema.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.branches import Choice, Member, expand_branches, referring
from aleph_contract.schema.pointers import SchemaStep
from aleph_contract.strategies.arrays import arrays
from aleph_contract.strategies.objects import objects
from aleph_contract.strategies.options import (
    ANYWHERE,
    DEEP,
    Aim,
    Missed,
    Option,
    index_below,
    option_of,
)
from aleph_contract.strategies.scalars import Manner, fractions, integers, texts

#: Bound on the conjunctions that the unions of one value are taken apart into.
_OPTIONS = 64

#: Keywords that are not sure to be kept by what minds each keyword alone.
_DOUBTFUL = frozenset(
    {
        *("$ref", "allOf", "oneOf", "not", "if", "dependentSchemas", "dependentRequired"),
        *("contains", "uniqueItems", "unevaluatedItems", "unevaluatedProperties"),
        *("patternProperties", "propertyNames", "minProperties", "maxProperties"),
        *("pattern", "multipleOf"),
    }
)

#: Draws at one place before it is given up.
_TRIES = 3


class StrategyBuilder:
    """Makes the plans of one document.

    Args:
        document: The schema.
        hints: Realistic values by place, or by the last name of it.
        manner: How values are drawn.
        intact: Where `document` lacks a keyword that one value is to break: makes the plans of
            all values beside the way to that one.
    """

    def __init__(
        self,
        document: Document,
        hints: Mapping[str, Sequence[Any]],
        manner: Manner,
        intact: StrategyBuilder | None = None,
    ) -> None:
        self.document = document
        self.hints = hints
        self.manner = manner
        self.intact = intact
        self._plans: dict[Any, ValueStrategy] = {}

    def root(self, aim: Aim = ANYWHERE) -> ValueStrategy:
        """The plan for a whole value."""
        return self.plan((Member(self.document.root, ""),), aim, "")

    def plan(self, members: tuple[Member, ...], aim: Aim, place: str) -> ValueStrategy:
        """The plan for a value that keeps all of `members`; the same one for the same question."""
        if self.intact and aim is ANYWHERE:
            whole = self.intact.document
            members = tuple(
                m if m.where is None else Member(whole.at(m.where), m.where) for m in members
            )
            return self.intact.plan(members, aim, place)
        known = place if place in self.hints else place.rpartition("/")[2]
        key = (tuple(m.where or id(m.schema) for m in members), aim.trail, id(aim.ways), known)
        if key not in self._plans:
            self._plans[key] = ValueStrategy(self, members, aim, place)
        return self._plans[key]

    def hinted(self, place: str) -> list[Any]:
        """Realistic values for a place."""
        name = place.rpartition("/")[2]
        return [*dict.fromkeys([*self._hashable(place), *self._hashable(name)])]

    def _hashable(self, key: str) -> list[Any]:
        return [hint for hint in self.hints.get(key, ()) if isinstance(hint, (str, int, float))]


class ValueStrategy:
    """How to draw one value.

    Args:
        drawer: Makes the plans of its parts.
        members: Schemas that the value keeps.
        aim: Where the draw must pass.
        place: JSON Pointer pattern of the value.
    """

    def __init__(
        self, drawer: StrategyBuilder, members: tuple[Member, ...], aim: Aim, place: str
    ) -> None:
        near = aim.near
        self.aim = aim.beyond(len(near))
        self.ways = (True,) if self.aim.trail else self.aim.ways
        self.drawer = drawer
        self.members = members
        self.place = place
        self._chosen = frozenset(step.schema for step in near)
        self._measuring = False
        self._measured = math.inf

    def value(self, draw: DrawFn, depth: int = 0) -> Any:
        """Draw a value.

        Raises:
            Missed: No draw kept the schemas.
        """
        options = self.options if depth < DEEP else self._shallow
        for _ in range(_TRIES if options else 0):
            index = index_below(draw, len(options))
            value = options[index].draw(draw, depth)
            if not self._doubtful or self.accepts(value):
                return value
        raise Missed(self.place)

    def part(self, members: tuple[Member, ...], aim: Aim, place: str) -> ValueStrategy:
        """The strategy for a part that keeps all of `members`."""
        return self.drawer.plan(members, aim, place)

    @property
    def corners(self) -> bool:
        """Whether only values on a bound are drawn, where there is one."""
        return self.drawer.manner.corners

    @property
    def breaking(self) -> bool:
        """Whether one constraint is to be broken, so that the other parts are kept short."""
        return self.drawer.intact is not None

    @cached_property
    def _doubtful(self) -> bool:
        """Whether some keyword may be broken though each was minded; the whole always is tested."""
        schemas = (m.schema for m in self.members if isinstance(m.schema, dict))
        aimed = self.ways != (True,)
        return (
            aimed or self.place == "" or any(_DOUBTFUL.intersection(schema) for schema in schemas)
        )

    @cached_property
    def accepts(self) -> Callable[[Any], bool]:
        """The test whether a value keeps all the schemas."""
        schemas = [*map(referring, self.members), {"anyOf": list(self.ways)}]
        return self.drawer.document.accepts(schemas)

    @cached_property
    def options(self) -> list[Option]:
        """The ways to draw the value that come to an end; empty if none is known."""
        return [way for way in self._ways if way.height() < math.inf]

    @cached_property
    def _shallow(self) -> list[Option]:
        least = min((option.height() for option in self.options), default=0)
        return [option for option in self.options if option.height() == least]

    def height(self) -> float:
        """How deep the required parts go at least; infinite if the value cannot be."""
        if self._measured == math.inf and not self._measuring:
            self._measuring = True
            self._measured = min((way.height() for way in self._ways), default=math.inf)
            self._measuring = False
        return self._measured

    @cached_property
    def _ways(self) -> list[Option]:
        document, choice = self.drawer.document, _Once(self._chosen)
        found: list[Option] = []
        for way in self.ways:
            flats = expand_branches(document, (*self.members, Member(way)), choice)
            found += (option for flat in islice(flats, _OPTIONS) for option in self._of(flat))
        return found

    def _of(self, flats: tuple[Member, ...]) -> Iterator[Option]:
        schemas = [member.schema for member in flats]
        listed = _listed(schemas)
        if listed is not None:
            fitting = [value for value in listed if self.accepts(value)]
            yield from option_of(st.sampled_from(fitting)) if fitting else ()
            return
        for kind in _kinds(schemas, self.aim.trail):
            if kind == "object":
                yield from objects(self, flats)
            elif kind == "array":
                yield from arrays(self, flats)
            elif not self.aim.trail:
                yield from self._scalars(kind, schemas)

    def _scalars(self, kind: str, schemas: list[Any]) -> Iterator[Option]:
        manner = self.drawer.manner
        if kind == "string":
            hints = [hint for hint in self.drawer.hinted(self.place) if isinstance(hint, str)]
            return texts(schemas, hints, manner)
        if kind == "integer":
            return integers(schemas, manner)
        if kind == "number":
            return fractions(schemas, manner)
        return option_of(st.none() if kind == "null" else st.booleans())


class _Once(Choice):
    """Takes each branch of an `anyOf` once, and not again with all the others failing."""

    def among(self, options: list[tuple[Member, ...]]) -> list[tuple[Member, ...]]:
        """Those of `options` that are taken."""
        taken = super().among(options)
        first = {option[0].where: option for option in reversed(taken)}
        any_of = all("/anyOf/" in (option[0].where or "") for option in taken)
        return [*reversed(first.values())] if any_of else taken


def _listed(schemas: Sequence[Any]) -> list[Any] | None:
    """All the values there can be, if some schema lists them."""
    for schema in schemas:
        if "const" in schema:
            return [schema["const"]]
    return next((list(schema["enum"]) for schema in schemas if "enum" in schema), None)


_KINDS = ("string", "integer", "number", "boolean", "object", "array", "null")


def _kinds(schemas: Sequence[Any], trail: Sequence[SchemaStep]) -> list[str]:
    """Types that a value may have, in the order in which a person would try them."""
    kinds = [*_KINDS]
    if trail:
        kinds = ["array" if "items" in trail[0].keyword.lower() else "object"]
    for schema in schemas:
        kinds = [kind for kind in kinds if _is_a(kind, schema.get("type", kind))]
        refused = schema.get("not", {}).get("type", [])
        kinds = [kind for kind in kinds if not _is_a(kind, refused)]
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    return kinds


def _is_a(kind: str, allowed: str | list[str]) -> bool:
    names = [allowed] if isinstance(allowed, str) else allowed
    return kind in names or (kind == "integer" and "number" in names)
