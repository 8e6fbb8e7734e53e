"""Build values that satisfy a schema and contain a part that a given subschema describes.

`expand_branches` expands the unions, the builders of each type make values for the conjunctions,
and jsonschema-rs checks each value against the whole schema. The search is bounded: finding no
value does not prove that none exists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, takewhile, zip_longest
from typing import Any

from aleph_contract.schema.document import IN_PLACE, Document
from aleph_contract.schema.generation.arrays import arrays
from aleph_contract.schema.generation.branches import Choice, Member
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.generation.hints import hinted
from aleph_contract.schema.generation.interface import MISSING, Hints, Size
from aleph_contract.schema.generation.min_depth import min_depths
from aleph_contract.schema.generation.numbers import numbers
from aleph_contract.schema.generation.objects import objects
from aleph_contract.schema.generation.shared import results_of
from aleph_contract.schema.generation.strings import strings
from aleph_contract.schema.generation.value_types import likely_types, listed
from aleph_contract.schema.pointers import SchemaStep

#: Most values tried at one location, and for one whole input.
_MAX_TRIES = 200
_MAX_VALUES = 4_000

#: Most steps of a builder without a budget of its own.
MAX_STEPS = 20_000

#: Most conjunctions whose values are interleaved.
_MAX_OPEN = 8

#: So many listed values are checked in one step of the budget.
_LISTED_A_STEP = 32

#: Depths below the end of the path that are searched, one after the other.
_DEPTHS = (3, 6, 12)


class Builder:
    """Builds values of one document.

    Args:
        document: The schema.
        hints: Realistic values: by JSON Pointer pattern of the location, or by its last name.
        size: How much an object holds.
        exclusive: Whether the other branches of a union on the path must fail.
        branch: Index of the branch that comes first in a union off the path.
        off_path_document: The schema for every value off the path; `document` by default.
        budget: The steps of all its searches together; `MAX_STEPS` for each search if `None`.
    """

    def __init__(
        self,
        document: Document,
        hints: Hints,
        size: Size = "small",
        *,
        exclusive: bool = False,
        branch: int = 0,
        off_path_document: Document | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.document = document
        self.hints = hints
        self.size = size
        self.exclusive = exclusive
        self.branch = branch
        self.off_path_document = off_path_document or document
        self.budget = budget or Budget(MAX_STEPS)
        self._renewed = budget is None
        self._max_depth = 0
        self._depth_exceeded = False
        self._values_left = 0
        self._tries = _MAX_TRIES
        self._tested: tuple[Any, Callable[[Any], bool]] = (True, document.accepts([True]))

    def values(self, path: Sequence[SchemaStep] = (), schema: Any = True) -> Iterator[Any]:
        """Values of the whole document whose part at the end of `path` also satisfies `schema`."""
        if self._renewed:
            self.budget = Budget(MAX_STEPS)
        if self.budget.left <= 0:
            return
        root = Member(self.document.root, "")
        self._values_left, self._tries = _MAX_VALUES, _MAX_TRIES
        for more in self._depths():
            self._max_depth = len(path) + more
            self._depth_exceeded = False
            found = False
            if self._part_exists(path, schema):
                for value in self.instances((root,), tuple(path), schema, ""):
                    found = True
                    yield value
            if self._values_left <= 0 or self.budget.left <= 0:
                return
            if found or not self._depth_exceeded:
                return
        self.budget.cut = True

    def _depths(self) -> Iterator[int]:
        """Depths below the end of the path to search in, one after the other."""
        yield from _DEPTHS
        least = min_depths(self.document)[""]
        if _DEPTHS[-1] < least < math.inf:
            yield int(least) + 1

    def make_room(self, count: int) -> None:
        """Raise the search bounds so that `count` distinct values can be found."""
        more = 2 * count - self._tries
        if more > 0:
            self._tries += more
            self._values_left += more

    def _part_exists(self, path: Sequence[SchemaStep], schema: Any) -> bool:
        """Whether the part at the end of `path` can be built on its own: a cheap first check."""
        inside = [i for i, step in enumerate(path, 1) if step.keyword not in IN_PLACE]
        if not inside or path[inside[-1] - 1].keyword == "propertyNames":
            return True
        where, remaining = path[inside[-1] - 1].schema, tuple(path[inside[-1] :])
        end = Member(self.document.at(where), where)
        return next(self.instances((end,), remaining, schema, ""), MISSING) is not MISSING

    def instances(
        self, members: Sequence[Member], path: tuple[SchemaStep, ...], schema: Any, location: str
    ) -> Iterator[Any]:
        """As in `PartBuilder`."""
        off_path = not path and schema is True
        document = self.off_path_document if off_path else self.document
        members = [
            member if member.where is None else Member(document.at(member.where), member.where)
            for member in members
        ]
        if not self.budget.spend() or not self._within_reach(document, members, location):
            return
        in_place = tuple(takewhile(lambda step: step.keyword in IN_PLACE, path))
        remaining = path[len(in_place) :]
        members += (member for step in in_place for member in schemas_of_step(document, step))
        if not remaining and schema is not True:
            members.append(Member(schema))
        results = results_of(document)
        accepts = results.test(members)
        given = listed([member.schema for member in members])
        if given is not None:
            yield from filter(accepts, self._listed_on_path(given, remaining, schema))
            return
        chosen = frozenset(step.schema for step in in_place)
        choice = Choice(chosen, exclusive=self.exclusive, branch=self.branch)
        made = (
            self._candidates(conjuncts, remaining, schema, location)
            for conjuncts in results.expand(members, choice, self.budget)
        )
        for value in islice(_interleave(made), self._tries):
            self._values_left -= 1
            if not self.budget.spend():
                return
            if accepts(value):
                yield value
            if self._values_left <= 0:
                self.budget.cut = True
                return

    def _within_reach(self, document: Document, members: Sequence[Member], location: str) -> bool:
        """Whether a value for `members` fits into the depth limit."""
        least = min_depths(document)
        depth = max((least.get(m.where, 0) for m in members if m.where is not None), default=0)
        deep = location.count("/") + depth > self._max_depth
        self._depth_exceeded = self._depth_exceeded or (deep and math.isfinite(depth))
        return not deep

    def _candidates(
        self,
        conjuncts: tuple[Member, ...],
        remaining: tuple[SchemaStep, ...],
        schema: Any,
        location: str,
    ) -> Iterator[Any]:
        schemas = [member.schema for member in conjuncts]
        given = listed(schemas)
        if given is not None:
            yield from self._listed_on_path(given, remaining, schema)
            return
        for type_name in likely_types(schemas, remaining):
            if type_name == "object":
                yield from objects(self, conjuncts, remaining, schema, location)
            elif type_name == "array":
                yield from arrays(self, conjuncts, remaining, schema, location)
            elif not remaining:
                yield from self._scalars(type_name, schemas, location)

    def _listed_on_path(
        self, given: list[Any], remaining: tuple[SchemaStep, ...], schema: Any
    ) -> list[Any]:
        """The listed values that contain a part at the end of the path that satisfies `schema`."""
        if remaining or schema is not True:
            self.budget.spend(len(given) // _LISTED_A_STEP)
        wanted = self._part_test(schema)
        found = [value for value in given if any(map(wanted, parts_at(value, remaining)))]
        return found[::-1] if self.size == "largest" else found

    def _part_test(self, schema: Any) -> Callable[[Any], bool]:
        """The test for the part at the end of the path, compiled once for each search."""
        if self._tested[0] is not schema:
            self._tested = schema, self.document.accepts([schema])
        return self._tested[1]

    def _scalars(self, type_name: str, schemas: list[Any], location: str) -> Iterator[Any]:
        hints = hinted(self.hints, location)
        hints += [hint for s in schemas for hint in (*s.get("examples", ()), s.get("default"))]
        if type_name == "string":
            texts = [hint for hint in hints if isinstance(hint, str)]
            yield from strings(schemas, texts, self.size)
        elif type_name in ("integer", "number"):
            known = [h for h in hints if isinstance(h, (int, float)) and not isinstance(h, bool)]
            yield from numbers(schemas, known, self.size, whole=type_name == "integer")
        elif type_name == "boolean":
            yield from (True, False)
        else:
            yield None


def _interleave(sources: Iterator[Iterator[Any]]) -> Iterator[Any]:
    """The first value of each source, then the second of each; `_MAX_OPEN` sources at a time."""
    opened: list[Iterator[Any]] = []
    for source in sources:
        yield from islice(source, 1)
        opened.append(source)
        if len(opened) == _MAX_OPEN:
            yield from _drain(opened)
            opened = []
    yield from _drain(opened)


def _drain(sources: list[Iterator[Any]]) -> Iterator[Any]:
    for row in zip_longest(*sources, fillvalue=MISSING):
        yield from (value for value in row if value is not MISSING)


def schemas_of_step(document: Document, step: SchemaStep) -> Iterator[Member]:
    """The schemas that hold at a value when `step`, which stays at that value, is taken."""
    around = step.schema.rpartition("/")[0]
    if step.keyword in ("then", "else"):
        condition = document.at(f"{around}/if")
        yield Member(condition if step.keyword == "then" else {"not": condition})
    elif step.keyword == "dependentSchemas":
        yield Member({"required": [step.name]})
    yield Member(document.at(step.schema), step.schema)


def parts_at(value: Any, path: Sequence[SchemaStep]) -> Iterator[Any]:
    """The parts of `value` at the end of `path`; none if `value` lacks them."""
    if not path:
        yield value
        return
    step, remaining = path[0], path[1:]
    if step.keyword in IN_PLACE:
        yield from parts_at(value, remaining)
    elif step.keyword in ("properties", "prefixItems"):
        held = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(held, dict) and step.name in held:
            yield from parts_at(held[step.name], remaining)
    elif isinstance(value, (dict, list)):
        keys_only = step.keyword == "propertyNames"
        held = value.values() if isinstance(value, dict) and not keys_only else value
        yield from (part for child in held for part in parts_at(child, remaining))
