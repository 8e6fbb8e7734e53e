"""A value that keeps a schema, and passes through a given place in it on the way.

The schema's unions are taken apart (`alternatives`), a value is built for what remains, and
jsonschema-rs is asked whether it keeps the schema after all. The search is bounded: not finding a
value proves nothing, so nobody takes it for a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import Any, Literal

from aleph_contract.alternatives import Member, alternatives, referring
from aleph_contract.arrays import arrays
from aleph_contract.numbers import numbers
from aleph_contract.objects import objects
from aleph_contract.schema import IN_PLACE, Document, Step
from aleph_contract.texts import strings

#: How much is put in where there is a choice: what is asked for; every property there is, with a
#: common value, the least or the most.
Size = Literal["small", "full", "smallest", "largest"]

Hints = Mapping[str, Sequence[Any]]

#: Bound on the values tried at one place, and in all.
_TRIES = 200
_BUDGET = 20_000


_NONE = object()


class Builder:
    """Builds values of one document.

    Args:
        document: The schema.
        hints: Realistic values: by JSON Pointer pattern of the place, or by the last name of it.
        size: How much is put in where there is a choice.
        alone: Whether of a union on the way all branches but the one must fail.
    """

    def __init__(
        self, document: Document, hints: Hints, size: Size = "small", *, alone: bool = False
    ) -> None:
        self.document = document
        self.hints = hints
        self.size = size
        self.alone = alone
        self._accepts: dict[tuple[str, ...], Callable[[Any], bool]] = {}
        self._deepest = 0
        self._cut = False
        self._budget = 0

    def values(self, trail: Sequence[Step] = (), schema: Any = True) -> Iterator[Any]:
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

    def _stands_alone(self, trail: Sequence[Step], schema: Any) -> bool:
        """Whether the end of `trail` leaves room for `schema`, whatever stands around it."""
        if not trail:
            return True
        where = trail[-1].schema
        end = Member(self.document.at(where), where)
        return next(self.instances((end,), (), schema, ""), _NONE) is not _NONE

    def instances(
        self, members: Sequence[Member], trail: tuple[Step, ...], schema: Any, place: str
    ) -> Iterator[Any]:
        """Values that keep all of `members`, for one place of the whole."""
        if place.count("/") > self._deepest:
            self._cut = True
            return
        near = tuple(takewhile(lambda step: step.keyword in IN_PLACE, trail))
        rest = trail[len(near) :]
        if not rest and schema is not True:
            members = (*members, Member(schema))
        accepts = self._test(members)
        listed = _listed([member.schema for member in members])
        if listed is not None:
            yield from filter(accepts, reversed(listed) if self.size == "largest" else listed)
            return
        chosen = frozenset(step.schema for step in near)
        seen = 0
        for flats in alternatives(self.document, members, chosen, alone=self.alone):
            for value in islice(self._candidates(flats, rest, schema, place), _TRIES):
                self._budget -= 1
                seen += 1
                if accepts(value):
                    yield value
                if self._budget <= 0:
                    return
            if seen > _TRIES:
                return

    def _test(self, members: Sequence[Member]) -> Callable[[Any], bool]:
        key = tuple(member.where for member in members if member.where is not None)
        if len(key) < len(members):
            return self.document.accepts(map(referring, members))
        if key not in self._accepts:
            self._accepts[key] = self.document.accepts(map(referring, members))
        return self._accepts[key]

    def _candidates(
        self, flats: tuple[Member, ...], rest: tuple[Step, ...], schema: Any, place: str
    ) -> Iterator[Any]:
        schemas = [member.schema for member in flats]
        listed = _listed(schemas)
        if listed is not None:
            yield from reversed(listed) if self.size == "largest" else listed
            return
        for kind in _kinds(schemas, rest):
            if kind == "object":
                yield from objects(self, flats, rest, schema, place)
            elif kind == "array":
                yield from arrays(self, flats, rest, schema, place)
            elif not rest:
                yield from self._scalars(kind, schemas, place)

    def _scalars(self, kind: str, schemas: list[Any], place: str) -> Iterator[Any]:
        hints = [*self.hints.get(place, ()), *self.hints.get(_word(place), ())]
        hints += [hint for s in schemas for hint in (*s.get("examples", ()), s.get("default"))]
        if kind == "string":
            texts = [hint for hint in hints if isinstance(hint, str)]
            yield from strings(schemas, texts, self.size)
        elif kind in ("integer", "number"):
            known = [h for h in hints if isinstance(h, (int, float)) and not isinstance(h, bool)]
            yield from numbers(schemas, known, self.size, whole=kind == "integer")
        else:
            yield from {"null": [None], "boolean": [True, False]}[kind]


def _listed(schemas: list[Any]) -> list[Any] | None:
    """All the values there can be, if some schema lists them."""
    schemas = [schema for schema in schemas if isinstance(schema, dict)]
    for schema in schemas:
        if "const" in schema:
            return [schema["const"]]
    return next((list(schema["enum"]) for schema in schemas if "enum" in schema), None)


#: What each type is recognised by where `type` is not given, the likeliest type first.
_SIGNS = {
    "object": (
        "properties required additionalProperties patternProperties propertyNames minProperties"
        " maxProperties dependentRequired dependentSchemas unevaluatedProperties"
    ).split(),
    "array": (
        "items prefixItems contains minItems maxItems uniqueItems unevaluatedItems"
        " minContains maxContains"
    ).split(),
    "string": ["minLength", "maxLength", "pattern", "format"],
    "number": ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
}
_ALL = ("string", "integer", "number", "boolean", "object", "array", "null")


def _kinds(schemas: list[Any], rest: tuple[Step, ...]) -> list[str]:
    """Types that a value may have, the likeliest first."""
    if rest:
        inside_array = rest[0].keyword in ("items", "prefixItems", "unevaluatedItems")
        return ["array" if inside_array else "object"]
    likely = [kind for kind, signs in _SIGNS.items() if any(s in schema for s in signs for schema in schemas)]
    kinds = list(dict.fromkeys([*likely, *_ALL]))
    for schema in schemas:
        if "type" in schema:
            allowed = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
            kinds = [kind for kind in kinds if kind in allowed or (kind == "integer" and "number" in allowed)]
            kinds.sort(key=lambda kind, order=allowed: order.index(kind) if kind in order else len(order))
        if "type" in schema.get("not", {}):
            refused = schema["not"]["type"]
            kinds = [kind for kind in kinds if kind not in refused]
    return kinds


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
