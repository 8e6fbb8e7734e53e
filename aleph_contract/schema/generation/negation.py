"""Negate a schema: schemas whose values violate it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, product, takewhile
from typing import Any, NamedTuple

from aleph_contract.schema.boundaries import BOUNDARIES, Site, asserts
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.budget import Budget

#: Most negations of one branch of a union, and the deepest nesting that is negated.
_MAX_NEGATIONS = 64
_MAX_DEPTH = 12


class Scope(NamedTuple):
    """The document whose schemas are negated or expanded, and the budget for it.

    Args:
        document: The document.
        budget: Ends the work when it is empty.
        depth: How deep the schema is nested in the one that is negated.
    """

    document: Document
    budget: Budget
    depth: int = 0


def negate(scope: Scope, schema: Any) -> Iterator[Any]:
    """Schemas whose values violate `schema`, each by another keyword or bound."""
    if isinstance(schema, bool) or scope.depth > _MAX_DEPTH or not scope.budget.spend():
        if schema is False:
            yield True
        return
    inner = scope._replace(depth=scope.depth + 1)
    for keyword in ("$ref", "$dynamicRef"):
        target = scope.document.target(schema, keyword)
        if target is not None:
            yield from negate(inner, scope.document.at(target))
    for keyword, limit in schema.items():
        if keyword in _NEGATIONS:
            yield from _NEGATIONS[keyword](inner, schema, limit)
        elif asserts(keyword, limit, schema):
            yield from takewhile(lambda _: scope.budget.spend(), _outside(keyword, limit, schema))


def _outside(keyword: str, limit: Any, schema: Any) -> Iterator[Any]:
    for proposal in BOUNDARIES[keyword](limit, Site(schema, {})):
        if proposal.polarity == "violating":
            yield from proposal.schemas


def _negate_one(scope: Scope, _: Any, limit: list[Any]) -> Iterator[Any]:
    return chain.from_iterable(negate(scope, branch) for branch in limit)


def _negate_each(scope: Scope, _: Any, limit: list[Any]) -> Iterator[Any]:
    negations = [list(islice(negate(scope, branch), _MAX_NEGATIONS)) for branch in limit]
    return ({"allOf": list(negation)} for negation in islice(product(*negations), _MAX_NEGATIONS))


def _negate_not(_: Scope, __: Any, limit: Any) -> Iterator[Any]:
    yield limit


def _negate_then(scope: Scope, schema: Any, limit: Any) -> Iterator[Any]:
    for negation in negate(scope, limit):
        yield {"allOf": [schema.get("if", True), negation]}


def _negate_else(scope: Scope, schema: Any, limit: Any) -> Iterator[Any]:
    for negation in negate(scope, limit):
        yield {"allOf": [{"not": schema.get("if", False)}, negation]}


def _negate_property(scope: Scope, _: Any, limit: Any) -> Iterator[Any]:
    for name, child in limit.items():
        for negation in negate(scope, child):
            yield {"type": "object", "required": [name], "properties": {name: negation}}


def _negate_item(scope: Scope, _: Any, limit: Any) -> Iterator[Any]:
    for negation in negate(scope, limit):
        yield {"type": "array", "minItems": 1, "items": negation}


def _negate_prefix(scope: Scope, _: Any, limit: list[Any]) -> Iterator[Any]:
    for index, child in enumerate(limit):
        for negation in negate(scope, child):
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
