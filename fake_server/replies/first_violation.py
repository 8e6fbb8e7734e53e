"""Excerpts of inputs: as much of a large one as it takes to say what is wrong with it.

Naming every violation of an input with a million items takes minutes and gigabytes, and one is
enough. An excerpt keeps every field that the schema knows, and otherwise what comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import takewhile
from typing import Any

from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import Violation, leaves

#: Values that an excerpt keeps to begin with.
SIZE = 2000


def first_violation(validator: Validator, value: Any) -> Violation | None:
    """What to say first about an invalid input; `None` if nothing is found."""
    names = frozenset(_names(validator.schema))
    size = SIZE
    while True:
        kept, whole = excerpt(value, names, size)
        found = leaves(validator.violations(kept))
        if found or whole:
            return found[0] if found else None
        size *= 16


def excerpt(value: Any, names: Collection[str], size: int) -> tuple[Any, bool]:
    """About `size` values out of a value, and whether that is all of it.

    Args:
        value: A JSON value.
        names: Names of object members that are kept in any case.
        size: How many values to keep.
    """
    left = size
    whole = True

    def room(_: object = None) -> bool:
        nonlocal whole
        whole = whole and left > 0
        return left > 0

    def cut(value: Any) -> Any:
        nonlocal left
        left -= 1
        if isinstance(value, list):
            return [cut(child) for child in takewhile(room, value)]
        if isinstance(value, dict):
            return {name: cut(child) for name, child in value.items() if name in names or room()}
        return value

    return cut(value), whole


def _names(schema: Any) -> Iterator[str]:
    """Every name of a member that a schema speaks of, wherever in it."""
    if isinstance(schema, dict):
        properties, required = schema.get("properties"), schema.get("required")
        yield from properties if isinstance(properties, dict) else ()
        yield from required if isinstance(required, list) else ()
        for child in schema.values():
            yield from _names(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _names(child)
