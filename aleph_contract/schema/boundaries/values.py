"""Boundaries of types, listed values and patterns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aleph_contract.core.jsonvalue import identity
from aleph_contract.schema.boundaries.proposals import Proposal, Schema, Site, valid, violating
from aleph_contract.schema.pointers import slug
from aleph_contract.schema.regex_samples import near_misses

#: JSON type -> values that every reader takes for that type and no other.
SAMPLES: dict[str, tuple[Schema, ...]] = {
    "null": ({"const": None},),
    "boolean": ({"const": True}, {"const": False}),
    "integer": ({"const": 1}, {"const": 0}, {"type": "integer"}),
    "number": ({"const": 0.5}, {"const": 1.5}, {"type": "number", "not": {"type": "integer"}}),
    "string": ({"const": "text"}, {"type": "string"}),
    "array": ({"const": []}, {"type": "array"}),
    "object": ({"const": {}}, {"type": "object"}),
}


def of_type(limit: str | list[str], _: Site) -> Iterator[Proposal]:
    """`type`: a value of each type in `limit`, and of each other type."""
    allowed = [limit] if isinstance(limit, str) else limit
    for name in allowed:
        label = "on" if len(allowed) == 1 else f"on-{name}"
        yield valid(label, f"of type {name}", {"type": name}, {})
    for name, schemas in SAMPLES.items():
        if name in allowed or (name == "integer" and "number" in allowed):
            continue
        label = "fraction" if name == "number" else name
        yield violating(label, f"{label} instead of {' or '.join(allowed)}", *schemas)


def enum(limit: list[Any], _: Site) -> Iterator[Proposal]:
    """`enum`: each value of `limit`, near misses of each, and another value."""
    for member in limit:
        label = "on" if len(limit) == 1 else f"on-{slug(member)}"
        yield valid(label, f"{member!r}, one of the values", {"const": member})
    known = set(map(identity, limit))
    for member in limit:
        prefix = "" if len(limit) == 1 else f"{slug(member)}-"
        for label, value in _near(member):
            if identity(value) not in known:
                note = f"{value!r} instead of {member!r}"
                yield violating(prefix + label, note, {"const": value})
    yield violating("off", "none of the values", {"not": {"enum": limit}})


def const(limit: Any, site: Site) -> Iterator[Proposal]:
    """`const`: the value `limit`."""
    return enum([limit], site)


def _near(value: Any) -> Iterator[tuple[str, Any]]:
    """Values close to `value`: other letter case, added white space, a similar type."""
    if isinstance(value, str):
        yield from {"upper-case": value.upper(), "capital": value.capitalize()}.items()
        yield from {"lower-case": value.lower(), "leading-space": f" {value}"}.items()
        yield from {"trailing-space": f"{value} ", "longer": f"{value}s"}.items()
        yield from {"shorter": value[:-1], "in-a-list": [value]}.items()
    elif isinstance(value, bool):
        yield from {"opposite": not value, "number": int(value), "text": str(value).lower()}.items()
    elif isinstance(value, (int, float)):
        yield from {"one-more": value + 1, "one-less": value - 1, "text": str(value)}.items()
    elif isinstance(value, list):
        yield from {"one-more": [*value, None], "one-less": value[:-1], "object": {}}.items()
    elif isinstance(value, dict):
        yield from {"one-more": {**value, "unknown_key": True}, "array": [], "empty": {}}.items()
    else:
        yield from {"false": False, "zero": 0, "empty": "", "text": "null"}.items()


def pattern(limit: str, _: Site) -> Iterator[Proposal]:
    """`pattern`: a text that matches `limit`, near misses, and one that does not match."""
    yield valid("on", f"matches {limit}", {"type": "string"})
    for label, text in near_misses(limit):
        yield violating(label, f"nearly matches {limit}", {"const": text})
    yield violating("off", f"does not match {limit}", {"type": "string", "not": {"pattern": limit}})
