"""Boundaries of lengths and counts: characters, items, properties, matching items."""

from __future__ import annotations

from collections.abc import Iterator

from aleph_contract.schema.boundaries.proposals import (
    Boundary,
    Proposal,
    Schema,
    Site,
    near,
    valid,
    violating,
)

#: Distances from a bound that are tried if no valid value is on it.
_GAPS = (1, 2, 3, 5)


def _upper(unit: str, kind: str, most: str, least: str) -> Boundary:
    """The boundary of a keyword that limits a length or a count from above."""

    def boundary(limit: int, _: Site) -> Iterator[Proposal]:
        yield valid("on", f"{limit} {unit}", {"type": kind, least: limit, most: limit})
        fewer = ({"type": kind, least: limit - gap} for gap in _GAPS if gap <= limit)
        yield near(f"fewer {unit} than {limit}, which cannot be reached", *fewer)
        over = limit + 1
        yield violating(
            "above",
            f"{over} {unit}",
            {"type": kind, least: over, most: over},
            {"type": kind, least: over},
        )

    return boundary


def _lower(unit: str, kind: str, most: str, least: str) -> Boundary:
    """The boundary of a keyword that limits a length or a count from below."""

    def boundary(limit: int, _: Site) -> Iterator[Proposal]:
        yield valid("on", f"{limit} {unit}", {"type": kind, least: limit, most: limit})
        more = ({"type": kind, most: limit + gap} for gap in _GAPS)
        yield near(f"more {unit} than {limit}, which cannot be reached", *more)
        under = limit - 1
        yield violating("below", f"{under} {unit}", {"type": kind, most: under, least: under})
        fewer = {"type": kind, most: under}
        note = f"fewer {unit} than {limit}; no input is on the bound"
        yield Proposal("far-below", "violating", (fewer,), note, "below")

    return boundary


_LENGTH = ("characters", "string", "maxLength", "minLength")
_ITEMS = ("items", "array", "maxItems", "minItems")
_PROPERTIES = ("properties", "object", "maxProperties", "minProperties")

max_length, min_length = _upper(*_LENGTH), _lower(*_LENGTH)
max_items, min_items = _upper(*_ITEMS), _lower(*_ITEMS)
max_properties, min_properties = _upper(*_PROPERTIES), _lower(*_PROPERTIES)


def unique_items(_: bool, __: Site) -> Iterator[Proposal]:
    """`uniqueItems`: no two equal items."""
    yield valid("on", "no two items the same", {"type": "array", "minItems": 2})
    yield near("at most one item", {"type": "array"})
    twice = {"type": "array", "minItems": 2, "not": {"uniqueItems": True}}
    yield violating("twice", "two items the same", {**twice, "maxItems": 2}, twice)


def contains(limit: Schema, _: Site) -> Iterator[Proposal]:
    """`contains`: at least one matching item."""
    yield valid("on", "one item that matches", {"type": "array", "contains": limit})
    none = {"type": "array", "not": {"contains": limit}}
    yield violating("none", "no item that matches", {**none, "minItems": 1}, none)


def _matching_items(number: int, site: Site) -> Schema:
    if number == 0:
        return {"type": "array", "not": {"contains": site.schema["contains"]}}
    exactly = {"minContains": number, "maxContains": number}
    return {"type": "array", "contains": site.schema["contains"], **exactly}


def max_contains(limit: int, site: Site) -> Iterator[Proposal]:
    """`maxContains`: at most `limit` matching items."""
    note = "items that match"
    yield valid("on", f"{limit} {note}", _matching_items(limit, site))
    yield near(f"fewer {note} than {limit}, which cannot be reached", {"type": "array"})
    yield violating("above", f"{limit + 1} {note}", _matching_items(limit + 1, site))


def min_contains(limit: int, site: Site) -> Iterator[Proposal]:
    """`minContains`: at least `limit` matching items."""
    note = "items that match"
    under = _matching_items(limit - 1, site)
    yield valid("on", f"{limit} {note}", _matching_items(limit, site), {"type": "array"})
    yield violating("below", f"{limit - 1} {note}", {**under, "minItems": limit}, under)
