"""Negate a schema: schemas whose values violate it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, product
from typing import Any

from aleph_contract.schema.boundaries import BOUNDARIES, Site, asserts
from aleph_contract.schema.document import Document

#: Most negations of one branch of a union, and the deepest nesting that is negated.
_MAX_NEGATIONS = 64
_MAX_DEPTH = 12


def negate(document: Document, schema: Any, depth: int = 0) -> Iterator[Any]:
    """Schemas whose values violate `schema`, each by another keyword or bound."""
    if isinstance(schema, bool) or depth > _MAX_DEPTH:
        if schema is False:
            yield True
        return
    for keyword in ("$ref", "$dynamicRef"):
        target = document.target(schema, keyword)
        if target is not None:
            yield from negate(document, document.at(target), depth + 1)
    for keyword, limit in schema.items():
        if keyword in _NEGATIONS:
            yield from _NEGATIONS[keyword](document, schema, limit, depth + 1)
        elif asserts(keyword, limit, schema):
            for proposal in BOUNDARIES[keyword](limit, Site(schema, {})):
                if proposal.polarity == "violating":
                    yield from proposal.schemas


def _negate_one(document: Document, _: Any, limit: list[Any], depth: int) -> Iterator[Any]:
    return chain.from_iterable(negate(document, branch, depth) for branch in limit)


def _negate_each(document: Document, _: Any, limit: list[Any], depth: int) -> Iterator[Any]:
    negations = [list(islice(negate(document, branch, depth), _MAX_NEGATIONS)) for branch in limit]
    return ({"allOf": list(negation)} for negation in islice(product(*negations), _MAX_NEGATIONS))


def _negate_not(_: Document, __: Any, limit: Any, ___: int) -> Iterator[Any]:
    yield limit


def _negate_then(document: Document, schema: Any, limit: Any, depth: int) -> Iterator[Any]:
    for negation in negate(document, limit, depth):
        yield {"allOf": [schema.get("if", True), negation]}


def _negate_else(document: Document, schema: Any, limit: Any, depth: int) -> Iterator[Any]:
    for negation in negate(document, limit, depth):
        yield {"allOf": [{"not": schema.get("if", False)}, negation]}


def _negate_property(document: Document, _: Any, limit: Any, depth: int) -> Iterator[Any]:
    for name, child in limit.items():
        for negation in negate(document, child, depth):
            yield {"type": "object", "required": [name], "properties": {name: negation}}


def _negate_item(document: Document, _: Any, limit: Any, depth: int) -> Iterator[Any]:
    for negation in negate(document, limit, depth):
        yield {"type": "array", "minItems": 1, "items": negation}


def _negate_prefix(document: Document, _: Any, limit: list[Any], depth: int) -> Iterator[Any]:
    for index, child in enumerate(limit):
        for negation in negate(document, child, depth):
            items = [*[True] * index, negation]
            yield {"type": "array", "minItems": index + 1, "prefixItems": items}


_NEGATIONS: dict[str, Any] = {
    "allOf": _negate_one,
    "anyOf": _negate_each,
    "oneOf": _negate_each,
    "not": _negate_not,
    "then": _negate_then,
    "else": _negate_else,
    "properties": _negate_property,
    "prefixItems": _negate_prefix,
    "items": _negate_item,
}
