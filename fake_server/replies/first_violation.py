"""Find the first violation of an input without listing all of them.

To list every violation of an input with a million items takes minutes and gigabytes, and the
response names only one. So the validator sees an excerpt: every member that the schema names, and
of the rest the first values in document order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import takewhile
from typing import Any

from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import Located

#: Number of values in the first excerpt.
SIZE = 2000


def first_violation(
    validator: Validator, value: Any, length: int, *, is_plain: bool = False
) -> Located | None:
    """The first violation of an invalid input; `None` if the validator lists none.

    Args:
        validator: The validator that refused the input.
        value: The input.
        length: Bytes of its JSON text; a short text holds few values, and needs no excerpt.
        is_plain: See `Validator.first_violation`.
    """
    if length <= 2 * SIZE:  # a value takes a byte, and another separates it from the next
        return validator.first_violation(value, is_plain=is_plain)
    names = _member_names(validator)
    size = SIZE
    while True:
        kept, whole = excerpt(value, names, size)
        found = validator.first_violation(kept, is_plain=is_plain)
        if found or whole:
            return found
        size *= 16


@lru_cache(maxsize=64)
def _member_names(validator: Validator) -> frozenset[str]:
    return frozenset(_names(validator.schema))


def excerpt(value: Any, names: Collection[str], size: int) -> tuple[Any, bool]:
    """Copy about `size` values out of a JSON value; also say whether the copy is complete.

    Args:
        value: A JSON value.
        names: Names of object members that are always copied.
        size: Number of values to copy.
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
    """Every member name in `properties` and `required`, at any depth of a schema."""
    if isinstance(schema, dict):
        properties, required = schema.get("properties"), schema.get("required")
        yield from properties if isinstance(properties, dict) else ()
        yield from required if isinstance(required, list) else ()
        for child in schema.values():
            yield from _names(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _names(child)
