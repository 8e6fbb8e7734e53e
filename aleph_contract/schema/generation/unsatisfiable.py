"""Find schemas that no value satisfies, by comparing the keywords that hold together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from aleph_contract.schema.document import Document, admitted_types
from aleph_contract.schema.generation.branches import Member, conjuncts_of, referring
from aleph_contract.schema.generation.numbers import span
from aleph_contract.schema.subschemas import nodes


class Contradiction(NamedTuple):
    """A schema that no value satisfies, and why."""

    where: str
    reason: str


def contradictions(document: Document) -> Iterator[Contradiction]:
    """Every schema of the document that provably rejects all values, except `false` itself."""
    seen: dict[str, None] = {}
    for node in nodes(document):
        if node.where in seen or node.schema is False:
            continue
        seen[node.where] = None
        members = conjuncts_of(document, Member(node.schema, node.where))
        if members is None:  # contains `false`
            continue
        reason = _listed(document, members) or _proof([member.schema for member in members])
        if reason:
            yield Contradiction(node.where, reason)


def _listed(document: Document, members: list[Member]) -> str:
    """Why every value of an `enum` or `const` is rejected; empty if one may be valid."""
    for member in members:
        listed = member.schema.get("enum", [member.schema.get("const")])
        if "enum" in member.schema or "const" in member.schema:
            accepts = document.accepts(map(referring, members))
            if not any(map(accepts, listed)):
                word = "enum" if "enum" in member.schema else "const"
                return f"admits by `{word}` only values that its other keywords reject"
    return ""


def _proof(schemas: list[Any]) -> str:
    types = admitted_types(schemas)
    if not types:
        return "requires several types at once"
    reasons = [_OF_TYPE[name](schemas) if name in _OF_TYPE else "" for name in types]
    return reasons[0] if all(reasons) else ""


def _span(schemas: list[Any], least: str, most: str) -> str:
    low = max((s[least] for s in schemas if least in s), default=-math.inf)
    high = min((s[most] for s in schemas if most in s), default=math.inf)
    return f"requires `{least}` {low} and `{most}` {high}" if low > high else ""


def _no_number(schemas: list[Any], *, whole: bool = False) -> str:
    low, high = span(schemas, whole=whole)
    if low <= high:
        return ""
    bounds = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    bounds_set = [f"`{bound}` {s[bound]}" for bound in bounds for s in schemas if bound in s]
    type_name = "an integer" if whole else "a number"
    return f"requires {type_name} with {' and '.join(bounds_set)}, and there is none"


def _no_object(schemas: list[Any]) -> str:
    required = list(dict.fromkeys(name for s in schemas for name in s.get("required", ())))
    most = min((s["maxProperties"] for s in schemas if "maxProperties" in s), default=math.inf)
    if len(required) > most:
        return f"requires {len(required)} properties and has `maxProperties` {most}"
    for name in required:
        for schema in schemas:
            known = schema.get("properties", {})
            if known.get(name) is False or (
                name not in known
                and "patternProperties" not in schema
                and schema.get("additionalProperties") is False
            ):
                return f"requires `{name}` and does not allow it"
    return _span(schemas, "minProperties", "maxProperties")


_OF_TYPE: dict[str, Callable[[list[Any]], str]] = {
    "number": _no_number,
    "integer": partial(_no_number, whole=True),
    "string": lambda schemas: _span(schemas, "minLength", "maxLength"),
    "array": lambda schemas: _span(schemas, "minItems", "maxItems"),
    "object": _no_object,
}
