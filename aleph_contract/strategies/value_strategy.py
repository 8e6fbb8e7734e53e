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
from aleph_contract.schema.generation.hints import hinted, name_key
from aleph_contract.schema.pointers import SchemaStep
from aleph_contract.strategies.arrays import arrays
from aleph_contract.strategies.objects import objects
from aleph_contract.strategies.options import (
    ANYWHERE,
    DEEP,
    Aim,
    DrawFailed,
    Option,
    index_below,
    option_of,
)
from aleph_contract.strategies.scalars import DrawMode, fractions, integers, texts

#: Most conjunctions that the unions of one value expand into.
_MAX_CONJUNCTIONS = 64

#: Keywords whose effect depends on other keywords: a value drawn for them must be checked.
_INTERACTING = frozenset(
    {
        *("$ref", "allOf", "oneOf", "not", "if", "dependentSchemas", "dependentRequired"),
        *("contains", "uniqueItems", "unevaluatedItems", "unevaluatedProperties"),
        *("patternProperties", "propertyNames", "minProperties", "maxProperties"),
        *("pattern", "multipleOf"),
    }
)

#: Draws at one location before it fails.
_MAX_DRAWS = 3


class StrategyBuilder:
    """Makes the value strategies of one document, each once.

    Args:
        document: The schema.
        hints: Realistic values by location, or by its last name.
        mode: How values are drawn.
        off_path_builder: If `document` lacks the keyword that the input breaks: makes the
            strategies of all values off the path to it.
    """

    def __init__(
        self,
        document: Document,
        hints: Mapping[str, Sequence[Any]],
        mode: DrawMode,
        off_path_builder: StrategyBuilder | None = None,
    ) -> None:
        self.document = document
        self.hints = hints
        self.mode = mode
        self.off_path_builder = off_path_builder
        self._strategies: dict[Any, ValueStrategy] = {}

    def root(self, aim: Aim = ANYWHERE) -> ValueStrategy:
        """The strategy for a whole input."""
        return self.strategy((Member(self.document.root, ""),), aim, "")

    def strategy(self, members: tuple[Member, ...], aim: Aim, location: str) -> ValueStrategy:
        """The strategy for a value that satisfies all of `members`; kept for equal arguments."""
        if self.off_path_builder and aim is ANYWHERE:
            whole = self.off_path_builder.document
            members = tuple(
                m if m.where is None else Member(whole.at(m.where), m.where) for m in members
            )
            return self.off_path_builder.strategy(members, aim, location)
        known = location if location in self.hints else name_key(location)
        key = (tuple(m.where or id(m.schema) for m in members), aim.path, id(aim.schemas), known)
        if key not in self._strategies:
            self._strategies[key] = ValueStrategy(self, members, aim, location)
        return self._strategies[key]

    def hinted(self, location: str) -> list[Any]:
        """Realistic scalar values for a location."""
        scalars = (h for h in hinted(self.hints, location) if isinstance(h, (str, int, float)))
        return [*dict.fromkeys(scalars)]


class ValueStrategy:
    """Draws one value.

    Args:
        builder: Makes the strategies of its parts.
        members: Schemas that the value satisfies.
        aim: The part that must exist.
        location: JSON Pointer pattern of the value.
    """

    def __init__(
        self, builder: StrategyBuilder, members: tuple[Member, ...], aim: Aim, location: str
    ) -> None:
        in_place = aim.in_place
        self.aim = aim.beyond(len(in_place))
        self.schemas = (True,) if self.aim.path else self.aim.schemas
        self.builder = builder
        self.members = members
        self.location = location
        self._chosen = frozenset(step.schema for step in in_place)
        self._measuring = False
        self._known_min_depth = math.inf

    def value(self, draw: DrawFn, depth: int = 0) -> Any:
        """Draw a value.

        Raises:
            DrawFailed: No draw satisfied the schemas.
        """
        options = self.options if depth < DEEP else self._shallow
        for _ in range(_MAX_DRAWS if options else 0):
            index = index_below(draw, len(options))
            value = options[index].draw(draw, depth)
            if not self._must_check or self.accepts(value):
                return value
        raise DrawFailed(self.location)

    def part(self, members: tuple[Member, ...], aim: Aim, location: str) -> ValueStrategy:
        """The strategy for a part that satisfies all of `members`."""
        return self.builder.strategy(members, aim, location)

    @property
    def bounds_only(self) -> bool:
        """Whether a bounded value is drawn only on its bounds."""
        return self.builder.mode.bounds_only

    @property
    def portable(self) -> bool:
        """Whether gray values are not drawn."""
        return self.builder.mode.portable

    @property
    def violating_one(self) -> bool:
        """Whether the input breaks one constraint, so that its other parts are kept short."""
        return self.builder.off_path_builder is not None

    @cached_property
    def _must_check(self) -> bool:
        """Whether a drawn value may violate a schema; the whole input is always checked."""
        schemas = (m.schema for m in self.members if isinstance(m.schema, dict))
        aimed = self.schemas != (True,)
        return (
            aimed
            or self.location == ""
            or any(_INTERACTING.intersection(schema) for schema in schemas)
        )

    @cached_property
    def accepts(self) -> Callable[[Any], bool]:
        """The test whether a value satisfies all the schemas."""
        schemas = [*map(referring, self.members), {"anyOf": list(self.schemas)}]
        return self.builder.document.accepts(schemas)

    @cached_property
    def options(self) -> list[Option]:
        """The options of finite depth; empty if the value cannot be drawn."""
        return [option for option in self._all_options if option.min_depth() < math.inf]

    @cached_property
    def _shallow(self) -> list[Option]:
        least = min((option.min_depth() for option in self.options), default=0)
        return [option for option in self.options if option.min_depth() == least]

    def min_depth(self) -> float:
        """The least depth of the required parts; infinite if the value cannot be drawn."""
        if self._known_min_depth == math.inf and not self._measuring:
            self._measuring = True
            self._known_min_depth = min(
                (option.min_depth() for option in self._all_options), default=math.inf
            )
            self._measuring = False
        return self._known_min_depth

    @cached_property
    def _all_options(self) -> list[Option]:
        document, choice = self.builder.document, _DistinctBranches(self._chosen)
        found: list[Option] = []
        for schema in self.schemas:
            conjuncts = expand_branches(document, (*self.members, Member(schema)), choice)
            found += (
                option
                for conjunct in islice(conjuncts, _MAX_CONJUNCTIONS)
                for option in self._of(conjunct)
            )
        return found

    def _of(self, conjuncts: tuple[Member, ...]) -> Iterator[Option]:
        schemas = [member.schema for member in conjuncts]
        listed = _listed(schemas)
        if listed is not None:
            fitting = [value for value in listed if self.accepts(value)]
            yield from option_of(st.sampled_from(fitting)) if fitting else ()
            return
        for type_name in _type_names(schemas, self.aim.path):
            if type_name == "object":
                yield from objects(self, conjuncts)
            elif type_name == "array":
                yield from arrays(self, conjuncts)
            elif not self.aim.path:
                yield from self._scalars(type_name, schemas)

    def _scalars(self, type_name: str, schemas: list[Any]) -> Iterator[Option]:
        mode = self.builder.mode
        if type_name == "string":
            hints = [hint for hint in self.builder.hinted(self.location) if isinstance(hint, str)]
            return texts(schemas, hints, mode)
        if type_name == "integer":
            return integers(schemas, mode)
        if type_name == "number":
            return fractions(schemas, mode)
        return option_of(st.none() if type_name == "null" else st.booleans())


class _DistinctBranches(Choice):
    """Takes each branch of an `anyOf` once, without the option in which the others fail."""

    def among(self, options: list[tuple[Member, ...]]) -> list[tuple[Member, ...]]:
        """The options to take, in order."""
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


_TYPE_NAMES = ("string", "integer", "number", "boolean", "object", "array", "null")


def _type_names(schemas: Sequence[Any], path: Sequence[SchemaStep]) -> list[str]:
    """Types that a value may have, the simplest first."""
    type_names = [*_TYPE_NAMES]
    if path:
        type_names = ["array" if "items" in path[0].keyword.lower() else "object"]
    for schema in schemas:
        type_names = [
            type_name for type_name in type_names if _is_a(type_name, schema.get("type", type_name))
        ]
        refused = schema.get("not", {}).get("type", [])
        type_names = [type_name for type_name in type_names if not _is_a(type_name, refused)]
    if "number" in type_names and "integer" in type_names:
        type_names.remove("integer")
    return type_names


def _is_a(type_name: str, allowed: str | list[str]) -> bool:
    names = [allowed] if isinstance(allowed, str) else allowed
    return type_name in names or (type_name == "integer" and "number" in names)
