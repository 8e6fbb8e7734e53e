"""Replace a part of an input, and write an input as JSON text."""

from __future__ import annotations

from typing import Any

from aleph_contract.core.jsonvalue import Number, dumps, leaves, pointer
from aleph_contract.schema.pointers import parts, plain


def replaced(given: Any, instance: str, value: Any) -> Any:
    """`given` with `value` at the first location that the pattern `instance` matches."""
    path = parts(instance)
    if not path:
        return value
    head, remaining = path[0], pointer(path[1:])
    if head == "*" and isinstance(given, dict) and head not in given:
        head = list(given)[-1]
    if isinstance(given, list):
        at = 0 if head == "*" else int(head)
        return [*given[:at], replaced(given[at], remaining, value), *given[at + 1 :]]
    return {**given, head: replaced(given.get(head), remaining, value)}


def plain_and_text(given: Any) -> tuple[Any, str | None]:
    """`given` in plain values, and its JSON text if it contains a `Number`, else `None`."""
    spelling = any(isinstance(leaf, Number) for _, leaf in leaves(given))
    return plain(given), dumps(given) if spelling else None
