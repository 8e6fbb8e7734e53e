"""Boundaries of required members, and of members and items that are not allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aleph_contract.schema.boundaries.proposals import (
    Proposal,
    Schema,
    Site,
    near,
    valid,
    violating,
)
from aleph_contract.schema.pointers import slug


def required(limit: list[str], _: Site) -> Iterator[Proposal]:
    """`required`: all names of `limit` are present."""
    fewest = {"type": "object", "maxProperties": len(limit)}
    yield valid("on", "the required properties and no others", fewest, {"type": "object"})
    for name in limit:
        others = [other for other in limit if other != name]
        lacking = {"type": "object", "required": others, "properties": {name: False}}
        yield violating(f"without-{slug(name)}", f"`{name}` is absent", lacking)


def dependent_required(limit: Mapping[str, list[str]], _: Site) -> Iterator[Proposal]:
    """`dependentRequired`: a property is present together with those it requires."""
    for trigger, names in limit.items():
        label = slug(trigger)
        yield valid(
            f"with-{label}",
            f"`{trigger}` and all that it requires",
            _requiring(trigger, *names),
        )
        for name in names:
            lacking = _requiring(trigger, *(other for other in names if other != name))
            yield violating(
                f"{label}-without-{slug(name)}",
                f"`{trigger}` is present, `{name}` is absent",
                {**lacking, "properties": {name: False}},
            )


def _requiring(*names: str) -> Schema:
    return {"type": "object", "required": list(dict.fromkeys(names))}


def closed_object(limit: Schema, site: Site) -> Iterator[Proposal]:
    """Only known properties; if `limit` is a schema, others that satisfy it."""
    known = site.schema.get("properties", {})
    yield valid("on", "all known properties and no others", _requiring(*known), {"type": "object"})
    yield valid("on-fewest", "the required properties only", {"type": "object"})
    yield violating("unknown", "an unknown property", _with("unknown_key", {"not": limit}))
    if limit is not False:
        return
    for name, schema in known.items():
        other = _in_another_case(name)
        if other not in known and other not in site.elsewhere:
            yield violating(
                f"as-{slug(other)}", f"`{name}` written `{other}`", _with(other, schema)
            )
    for name, schema in site.elsewhere.items():
        yield violating(
            f"with-{slug(name)}", f"`{name}`, which belongs elsewhere", _with(name, schema)
        )


def _with(name: str, schema: Schema) -> Schema:
    return {"type": "object", "required": [name], "properties": {name: schema}}


def _in_another_case(name: str) -> str:
    if "_" in name.strip("_"):
        head, *rest = name.split("_")
        return head + "".join(part.capitalize() for part in rest)
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return snake if snake != name else name[:1].swapcase() + name[1:]


def closed_array(limit: Schema, site: Site) -> Iterator[Proposal]:
    """Only the first items; if `limit` is a schema, others that satisfy it."""
    most = len(site.schema.get("prefixItems", ()))
    yield valid("on", f"{most} items", {"type": "array", "minItems": most})
    yield near(f"fewer items than {most}, which cannot be reached", {"type": "array"})
    over = (_longer_by_one(most + gap, limit) for gap in range(_MAX_ITEMS_ELSEWHERE))
    yield violating("above", "an item too many", *over)


#: Other schemas may allow up to this many items more.
_MAX_ITEMS_ELSEWHERE = 6


def _longer_by_one(most: int, limit: Schema) -> Schema:
    items = [*[True] * most, {"not": limit}]
    return {"type": "array", "minItems": most + 1, "maxItems": most + 1, "prefixItems": items}


def never(_: bool, __: Site) -> Iterator[Proposal]:
    """The schema `false`: no value at all."""
    yield violating("present", "present, though no value is allowed", {})
