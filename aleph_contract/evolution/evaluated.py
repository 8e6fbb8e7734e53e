"""The members of an object that a schema and its subschemas in place evaluate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aleph_contract.schema.document import Document

#: Names, and patterns of names.
Evaluated = tuple[frozenset[str], frozenset[str]]

#: Most references and subschemas in place, one in the other.
_MAX_DEPTH = 30

_REST = ("additionalProperties", "unevaluatedProperties")


def closed_names(document: Document, schema: dict[str, Any]) -> frozenset[str] | None:
    """The names that an object may have under `unevaluatedProperties: false`.

    Returns:
        Every name that a subschema in place declares; `None` if one accepts names that it does not
        list.
    """
    found: set[str] = set()
    for part, depth in _in_place(document, schema, every=True):
        rest = _REST if depth else _REST[:1]
        if (
            depth >= _MAX_DEPTH
            or part.get("patternProperties")
            or "$dynamicRef" in part
            or any(part.get(name, False) is not False for name in rest)
        ):
            return None
        found.update(part.get("properties", ()))
    return frozenset(found)


def always_evaluated(document: Document, schema: dict[str, Any]) -> Evaluated | None:
    """The members that are evaluated in every object that satisfies a schema.

    Returns:
        `None` if that is every member.
    """
    names, patterns = set[str](), set[str]()
    for part, depth in _in_place(document, schema, every=False):
        if "additionalProperties" in part or (depth and "unevaluatedProperties" in part):
            return None
        names.update(part.get("properties", ()))
        patterns.update(part.get("patternProperties", ()))
    return frozenset(names), frozenset(patterns)


def _in_place(
    document: Document, schema: Any, *, every: bool, depth: int = 0
) -> Iterator[tuple[dict[str, Any], int]]:
    """A schema and its subschemas in place, with their depth.

    Args:
        document: The document of the schema.
        schema: The schema.
        every: Whether to include those that apply only to some values.
        depth: The depth of the schema.
    """
    if not isinstance(schema, dict):
        return
    yield schema, depth
    if depth >= _MAX_DEPTH:
        return
    below = [*schema.get("allOf", ())]
    if "$ref" in schema:
        below.append(document.at(document.target(schema) or ""))
    if every:
        below += [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        below += [schema[name] for name in ("if", "then", "else") if name in schema]
        below += schema.get("dependentSchemas", {}).values()
    for each in below:
        yield from _in_place(document, each, every=every, depth=depth + 1)
