"""Objects to order: the properties that are asked for, each built by its own schemas."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain, count, islice
from typing import Any

from aleph_contract.schema.generation.branches import Member
from aleph_contract.schema.generation.interface import PartBuilder
from aleph_contract.schema.pointers import SchemaStep
from aleph_contract.schema.regex import compiled
from aleph_contract.schema.regex_samples import matching

#: The largest object that is built (properties).
LARGEST = 2_000

#: How deep optional properties are put in where every property is asked for.
_DEEP = 4

#: Values tried for each property, once one of each has been found.
_OTHERS = 24

#: Names that are tried beyond as many as are needed.
_SPARE = 20


def objects(
    builder: PartBuilder,
    flats: tuple[Member, ...],
    rest: tuple[SchemaStep, ...],
    schema: Any,
    place: str,
) -> Iterator[dict[str, Any]]:
    """Objects that keep the object keywords of all `flats`, the smallest first."""
    steered = None
    if rest:
        steered = _steered_name(builder, flats, rest, schema, place)
        if steered is None:
            return
    names = _names(builder, flats, steered, place)
    if names is None:
        return
    choices = []
    for name in names:
        on_the_way = name == steered and rest[0].keyword != "propertyNames"
        trail, wanted = (rest[1:], schema) if on_the_way else ((), True)
        child = builder.instances(property_members(flats, name), trail, wanted, f"{place}/{name}")
        values = list(islice(child, 1))
        if not values:
            return
        choices.append((values[0], child))
    base = {name: value for name, (value, _) in zip(names, choices, strict=True)}
    yield base
    for name, (_, child) in zip(names, choices, strict=True):
        yield from ({**base, name: other} for other in islice(child, _OTHERS))


def property_members(flats: Sequence[Member], name: str) -> tuple[Member, ...]:
    """The schemas that hold for the property `name`."""
    found: list[Member] = []
    loose: list[Member] = []
    for flat in flats:
        own = list(_declared(flat, name))
        if not own and "additionalProperties" in flat.schema:
            own = [flat.child("additionalProperties")]
        if not own and "unevaluatedProperties" in flat.schema:
            loose.append(flat.child("unevaluatedProperties"))
        found += own
    evaluated = any(member.where is not None for member in found)
    return tuple(found if evaluated else [*found, *loose])


def _declared(flat: Member, name: str) -> Iterator[Member]:
    if name in flat.schema.get("properties", ()):
        yield flat.child("properties", name)
    for pattern in flat.schema.get("patternProperties", ()):
        if compiled(pattern).search(name):
            yield flat.child("patternProperties", pattern)


def _steered_name(
    builder: PartBuilder,
    flats: Sequence[Member],
    rest: tuple[SchemaStep, ...],
    schema: Any,
    place: str,
) -> str | None:
    """The property through which the way leads on."""
    step = rest[0]
    if step.keyword == "properties":
        return str(step.name)
    if step.keyword == "propertyNames":
        found = builder.instances(_name_members(flats), rest[1:], schema, f"{place}/~name")
        return next((name for name in found if isinstance(name, str)), None)
    if step.keyword == "patternProperties":
        return next(_allowed(builder, flats, matching(str(step.name)), place), None)
    undeclared = (
        n
        for n in islice(_fresh(), 2 * _SPARE)
        if not any(True for flat in flats for _ in _declared(flat, n))
    )
    return next(_allowed(builder, flats, undeclared, place), None)


def _name_members(flats: Sequence[Member]) -> tuple[Member, ...]:
    names = [flat.child("propertyNames") for flat in flats if "propertyNames" in flat.schema]
    return (*names, Member({"type": "string"}))


def _allowed(
    builder: PartBuilder, flats: Sequence[Member], names: Iterator[str], place: str
) -> Iterator[str]:
    """Those of `names` that may stand, and names that the schema itself asks for."""
    members = _name_members(flats)
    if len(members) == 1:
        return names
    accepts = builder.document.accepts([member.schema for member in members])
    made = builder.instances(members, (), True, f"{place}/~name")
    return chain(filter(accepts, names), made)


def _fresh() -> Iterator[str]:
    """Names that are likely nobody's, some in every corner of the alphabet."""
    yield from ("note", "extra", "a", "b", "Z", "0", "_", "-", " ")
    yield from (f"note_{number}" for number in count(2))


def _names(
    builder: PartBuilder, flats: Sequence[Member], steered: str | None, place: str
) -> list[str] | None:
    """The properties to put in; `None` if they cannot all stand together."""
    schemas = [flat.schema for flat in flats]
    fewest = max((s.get("minProperties", 0) for s in schemas), default=0)
    if fewest > LARGEST:
        return None
    most = min((s["maxProperties"] for s in schemas if "maxProperties" in s), default=math.inf)
    names = dict.fromkeys(name for s in schemas for name in s.get("required", ()))
    if steered is not None:
        names[steered] = None
    _add_dependent(schemas, names)
    everything = builder.size != "small" and place.count("/") < _DEEP
    if everything:
        for name in _declared_names(schemas):
            if len(names) < most:
                _add(flats, name, names)
    more = _optional(builder, flats, place, fewest) if len(names) < fewest else iter(())
    while len(names) < fewest and (another := next(more, None)) is not None:
        _add(flats, another, names)
    return list(names) if fewest <= len(names) <= most else None


def _add(flats: Sequence[Member], name: str, names: dict[str, None]) -> None:
    if all(member.schema is not False for member in property_members(flats, name)):
        names[name] = None
        _add_dependent([flat.schema for flat in flats], names)


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
    builder: PartBuilder, flats: Sequence[Member], place: str, fewest: int
) -> Iterator[str]:
    """Names of properties that nothing asks for, the declared ones first."""
    schemas = [flat.schema for flat in flats]
    patterns = [pattern for s in schemas for pattern in s.get("patternProperties", ())]
    made = (name for pattern in patterns for name in islice(matching(pattern), fewest + _SPARE))
    invented = chain(made, islice(_fresh(), fewest + _SPARE))
    yield from _declared_names(schemas)
    yield from islice(_allowed(builder, flats, invented, place), fewest + _SPARE)
