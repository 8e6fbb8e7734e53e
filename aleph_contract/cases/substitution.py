"""Values put into the place of others, and spelt as they were meant."""

from __future__ import annotations

from typing import Any

from aleph_contract.core.jsonvalue import Number, dumps, leaves, pointer
from aleph_contract.schema.pointers import parts, plain


def replaced(given: Any, instance: str, value: Any) -> Any:
    """`given` with `value` in the first place that an instance location means."""
    path = parts(instance)
    if not path:
        return value
    head, rest = path[0], pointer(path[1:])
    if head == "*" and isinstance(given, dict):
        head = list(given)[-1]
    if isinstance(given, list):
        at = 0 if head == "*" else int(head)
        return [*given[:at], replaced(given[at], rest, value), *given[at + 1 :]]
    return {**given, head: replaced(given.get(head), rest, value)}


def spelt(given: Any) -> tuple[Any, str | None]:
    """`given` in plain values; and its text, if the spelling of a number in it is the point."""
    spelling = any(isinstance(leaf, Number) for _, leaf in leaves(given))
    return plain(given), dumps(given) if spelling else None
