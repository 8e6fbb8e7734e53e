"""What breaks a schema, said as schemas: the opposite of one is any of several others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, product
from typing import Any

from aleph_contract.schema.boundaries import BOUNDARIES, Site, asserts
from aleph_contract.schema.document import Document

#: Bound on the ways to break a union that are tried, and on how deep they are looked for.
_MOST = 64
_DEEPEST = 12


def negate(document: Document, schema: Any, depth: int = 0) -> Iterator[Any]:
    """Ways to break `schema`, each as a schema of its own."""
    if isinstance(schema, bool) or depth > _DEEPEST:
        if schema is False:
            yield True
        return
    for keyword in ("$ref", "$dynamicRef"):
        target = document.target(schema, keyword)
        if target is not None:
            yield from negate(document, document.at(target), depth + 1)
    for keyword, limit in schema.items():
        if keyword in _BREAKERS:
            yield from _BREAKERS[keyword](document, schema, limit, depth + 1)
        elif asserts(keyword, limit, schema):
            for proposal in BOUNDARIES[keyword](limit, Site(schema, {})):
                if proposal.polarity == "violating":
                    yield from proposal.schemas


def _break_one(document: Document, _: Any, limit: list[Any], depth: int) -> Iterator[Any]:
    return chain.from_iterable(negate(document, branch, depth) for branch in limit)


def _break_each(document: Document, _: Any, limit: list[Any], depth: int) -> Iterator[Any]:
    ways = [list(islice(negate(document, branch, depth), _MOST)) for branch in limit]
    return ({"allOf": list(way)} for way in islice(product(*ways), _MOST))


def _break_not(_: Document, __: Any, limit: Any, ___: int) -> Iterator[Any]:
    yield limit


def _break_then(document: Document, schema: Any, limit: Any, depth: int) -> Iterator[Any]:
    for way in negate(document, limit, depth):
        yield {"allOf": [schema.get("if", True), way]}


def _break_else(document: Document, schema: Any, limit: Any, depth: int) -> Iterator[Any]:
    for way in negate(document, limit, depth):
        yield {"allOf": [{"not": schema.get("if", False)}, way]}


def _break_property(document: Document, _: Any, limit: Any, depth: int) -> Iterator[Any]:
    for name, child in limit.items():
        for way in negate(document, child, depth):
            yield {"type": "object", "required": [name], "properties": {name: way}}


def _break_item(document: Document, _: Any, limit: Any, depth: int) -> Iterator[Any]:
    for way in negate(document, limit, depth):
        yield {"type": "array", "minItems": 1, "items": way}


def _break_prefix(document: Document, _: Any, limit: list[Any], depth: int) -> Iterator[Any]:
    for index, child in enumerate(limit):
        for way in negate(document, child, depth):
            items = [*[True] * index, way]
            yield {"type": "array", "minItems": index + 1, "prefixItems": items}


_BREAKERS: dict[str, Any] = {
    "allOf": _break_one,
    "anyOf": _break_each,
    "oneOf": _break_each,
    "not": _break_not,
    "then": _break_then,
    "else": _break_else,
    "properties": _break_property,
    "prefixItems": _break_prefix,
    "items": _break_item,
}
