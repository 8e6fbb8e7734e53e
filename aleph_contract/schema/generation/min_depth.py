"""How deep a value must at least be nested to keep a schema: what tells recursion that ends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from aleph_contract.schema.document import Document
from aleph_contract.schema.pointers import steps


@lru_cache(maxsize=256)
def min_depths(document: Document) -> Mapping[str, float]:
    """For each schema of the document the least nesting of a value that keeps it.

    0 for a value that holds no others; infinite for a schema that asks for itself without end.
    What is not looked at only adds to it, so nothing that fits in less is ever ruled out.
    """
    schemas = dict(_schemas(document))
    found = dict.fromkeys(schemas, math.inf)
    changed = True
    while changed:
        changed = False
        for where, schema in reversed(schemas.items()):  # from the inside out
            height = max(_demands(document, schema, where, found), default=0)
            if height < found[where]:
                found[where] = height
                changed = True
    return found


def _schemas(document: Document) -> Iterator[tuple[str, Any]]:
    """Every schema of the document, those included that only a reference leads to."""
    waiting, seen = [("", document.root)], {"": None}
    while waiting:
        where, schema = waiting.pop()
        yield where, schema
        targets = [document.target(schema, word) for word in ("$ref", "$dynamicRef")]
        held = [step.schema for step in steps(schema, where)]
        for place in (*held, *(target for target in targets if target is not None)):
            if place not in seen:
                seen[place] = None
                waiting.append((place, document.at(place)))


def _demands(
    document: Document, schema: Any, where: str, found: Mapping[str, float]
) -> Iterator[float]:
    if isinstance(schema, bool):
        yield 0 if schema else math.inf
        return
    for word in ("$ref", "$dynamicRef"):
        target = document.target(schema, word)
        if target is not None:
            yield found[target]
    held: dict[str, list[float]] = {}
    for step in steps(schema, where):
        held.setdefault(step.keyword, []).append(found[step.schema])
    yield from held.get("allOf", ())
    for union in ("anyOf", "oneOf"):
        if union in held:
            yield min(held[union])
    if schema.get("type") in ("object", ["object"]):
        properties = schema.get("properties", {})
        named = dict(zip(properties, held.get("properties", ()), strict=True))
        yield from (1 + named.get(name, 0) for name in schema.get("required", ()))
    if schema.get("type") in ("array", ["array"]):
        count = schema.get("minItems", 0)
        items = [*held.get("prefixItems", ()), *held.get("items", (0,)) * count][:count]
        yield from (1 + item for item in items)
