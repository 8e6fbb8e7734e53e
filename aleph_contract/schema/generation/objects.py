"""Build objects: the properties that the schemas require, each by its own schemas."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain, count, islice
from typing import Any

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.generation.interface import PartBuilder
from aleph_contract.schema.keywords import PREFERRED
from aleph_contract.schema.pointers import SchemaStep
from aleph_contract.schema.regex import compiled
from aleph_contract.schema.regex_samples import matching

#: The largest object that is built (properties).
MAX_PROPERTIES = 2_000

#: Objects nested deeper than this hold only the properties that the schemas require.
_MAX_OPTIONAL_DEPTH = 4

#: Further values tried for each property after the first object.
_MAX_ALTERNATIVES = 24

#: Names that are tried beyond the number that is needed.
_SPARE_NAMES = 20


def objects(
    builder: PartBuilder,
    conjuncts: tuple[Member, ...],
    remaining: tuple[SchemaStep, ...],
    schema: Any,
    location: str,
) -> Iterator[dict[str, Any]]:
    """Objects that satisfy the object keywords of all `conjuncts`, the smallest first."""
    path_name = None
    if remaining:
        path_name = _path_name(builder, conjuncts, remaining, schema, location)
        if path_name is None:
            return
    names = _names(builder, conjuncts, path_name, location)
    if names is None:
        return
    choices = []
    for name in names:
        on_path = name == path_name and remaining[0].keyword != "propertyNames"
        path, wanted = (remaining[1:], schema) if on_path else ((), True)
        child = builder.instances(
            property_members(conjuncts, name), path, wanted, location + pointer([name])
        )
        values = list(islice(child, 1))
        if not values:
            return
        choices.append((values[0], child))
    base = {name: value for name, (value, _) in zip(names, choices, strict=True)}
    yield base
    for name, (_, child) in zip(names, choices, strict=True):
        yield from ({**base, name: other} for other in islice(child, _MAX_ALTERNATIVES))


def property_members(conjuncts: Sequence[Member], name: str) -> tuple[Member, ...]:
    """The schemas that the property `name` must satisfy."""
    found: list[Member] = []
    loose: list[Member] = []
    for conjunct in conjuncts:
        own = list(_declared(conjunct, name))
        if not own and "additionalProperties" in conjunct.schema:
            own = [conjunct.child("additionalProperties")]
        if not own and "unevaluatedProperties" in conjunct.schema:
            loose.append(conjunct.child("unevaluatedProperties"))
        found += own
    evaluated = any(member.where is not None for member in found)
    return tuple(found if evaluated else [*found, *loose])


def _declared(conjunct: Member, name: str) -> Iterator[Member]:
    if name in conjunct.schema.get("properties", ()):
        yield conjunct.child("properties", name)
    for pattern in conjunct.schema.get("patternProperties", ()):
        if compiled(pattern).search(name):
            yield conjunct.child("patternProperties", pattern)


def _path_name(
    builder: PartBuilder,
    conjuncts: Sequence[Member],
    remaining: tuple[SchemaStep, ...],
    schema: Any,
    location: str,
) -> str | None:
    """Name of the property on the path; `None` if none was found."""
    step = remaining[0]
    if step.keyword == "properties":
        return str(step.name)
    if step.keyword == "propertyNames":
        found = builder.instances(
            _name_members(conjuncts), remaining[1:], schema, f"{location}/~name"
        )
        return next((name for name in found if isinstance(name, str)), None)
    if step.keyword == "patternProperties":
        return next(_allowed(builder, conjuncts, matching(str(step.name)), location), None)
    undeclared = (
        n
        for n in islice(_fresh(), 2 * _SPARE_NAMES)
        if not any(True for conjunct in conjuncts for _ in _declared(conjunct, n))
    )
    return next(_allowed(builder, conjuncts, undeclared, location), None)


def _name_members(conjuncts: Sequence[Member]) -> tuple[Member, ...]:
    names = [
        conjunct.child("propertyNames")
        for conjunct in conjuncts
        if "propertyNames" in conjunct.schema
    ]
    return (*names, Member({"type": "string"}))


def _allowed(
    builder: PartBuilder, conjuncts: Sequence[Member], names: Iterator[str], location: str
) -> Iterator[str]:
    """The `names` that `propertyNames` allows, then names built from it."""
    members = _name_members(conjuncts)
    if len(members) == 1:
        return names
    accepts = builder.document.accepts([member.schema for member in members])
    made = builder.instances(members, (), True, f"{location}/~name")
    return chain(filter(accepts, names), made)


def _fresh() -> Iterator[str]:
    """Names that schemas rarely declare, from all parts of the alphabet."""
    yield from ("note", "extra", "a", "b", "Z", "0", "_", "-", " ")
    yield from (f"note_{number}" for number in count(2))


def _names(
    builder: PartBuilder, conjuncts: Sequence[Member], path_name: str | None, location: str
) -> list[str] | None:
    """Names of the properties to build; `None` if no set of names fits the limits."""
    schemas = [conjunct.schema for conjunct in conjuncts]
    fewest = max((s.get("minProperties", 0) for s in schemas), default=0)
    if fewest > MAX_PROPERTIES:
        return None
    most = min((s["maxProperties"] for s in schemas if "maxProperties" in s), default=math.inf)
    names = dict.fromkeys(name for s in schemas for name in s.get("required", ()))
    if path_name is not None:
        names[path_name] = None
    _add_dependent(schemas, names)
    for name in (name for s in schemas for name in s.get(PREFERRED, ())):
        if len(names) < most:
            _add(conjuncts, name, names)
    everything = builder.size != "small" and location.count("/") < _MAX_OPTIONAL_DEPTH
    if everything:
        for name in _declared_names(schemas):
            if len(names) < most:
                _add(conjuncts, name, names)
    more = _optional(builder, conjuncts, location, fewest) if len(names) < fewest else iter(())
    while len(names) < fewest and (another := next(more, None)) is not None:
        _add(conjuncts, another, names)
    return list(names) if fewest <= len(names) <= most else None


def _add(conjuncts: Sequence[Member], name: str, names: dict[str, None]) -> None:
    if all(member.schema is not False for member in property_members(conjuncts, name)):
        names[name] = None
        _add_dependent([conjunct.schema for conjunct in conjuncts], names)


def _declared_names(schemas: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(name for s in schemas for name in s.get("properties", ())))


def _add_dependent(schemas: list[Any], names: dict[str, None]) -> None:
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        for schema in schemas:
            for other in schema.get("dependentRequired", {}).get(name, ()):
                if other not in names:
                    names[other] = None
                    waiting.append(other)


def _optional(
    builder: PartBuilder, conjuncts: Sequence[Member], location: str, fewest: int
) -> Iterator[str]:
    """Names of properties that no schema requires, the declared ones first."""
    schemas = [conjunct.schema for conjunct in conjuncts]
    patterns = [pattern for s in schemas for pattern in s.get("patternProperties", ())]
    made = (
        name for pattern in patterns for name in islice(matching(pattern), fewest + _SPARE_NAMES)
    )
    invented = chain(made, islice(_fresh(), fewest + _SPARE_NAMES))
    yield from _declared_names(schemas)
    yield from islice(_allowed(builder, conjuncts, invented, location), fewest + _SPARE_NAMES)
