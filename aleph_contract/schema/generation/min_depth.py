"""The least nesting depth of a value that satisfies a schema; infinite for endless recursion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from aleph_contract.schema.document import Document
from aleph_contract.schema.pointers import steps


@lru_cache(maxsize=256)
def min_depths(document: Document) -> Mapping[str, float]:
    """For each schema of the document, by JSON Pointer, a lower bound of the depth of its values.

    0 for a scalar or an empty container; infinite for a schema that requires itself without end.
    Keywords that are not read here could only raise the depth, so it is always a lower bound.
    """
    schemas = {where: (schema, held) for where, schema, held in _schemas(document)}
    users: dict[str, list[str]] = {}
    for where, (_, held) in schemas.items():
        for inner in held:
            users.setdefault(inner, []).append(where)
    found = dict.fromkeys(schemas, math.inf)
    waiting = dict.fromkeys(schemas)
    while waiting:
        where, _ = waiting.popitem()  # innermost schemas first
        depth = max(_required_depths(document, schemas[where][0], where, found), default=0)
        if depth < found[where]:
            found[where] = depth
            waiting.update(dict.fromkeys(users.get(where, ())))
    return found


def _schemas(document: Document) -> Iterator[tuple[str, Any, list[str]]]:
    """Every schema of the document, also those that only a reference reaches, and its subschemas.

    Yields the JSON Pointer to a schema, the schema, and the pointers to the schemas it holds and
    refers to.
    """
    waiting, seen = [("", document.root)], {"": None}
    while waiting:
        where, schema = waiting.pop()
        targets = [document.target(schema, word) for word in ("$ref", "$dynamicRef")]
        held = [step.schema for step in steps(schema, where)]
        held += (target for target in targets if target is not None)
        yield where, schema, held
        for inner in held:
            if inner not in seen:
                seen[inner] = None
                waiting.append((inner, document.at(inner)))


def _required_depths(
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
