"""Where things stand in a schema, and what it is without some of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.keywords import CLOSING, SUBSCHEMAS, children


class SchemaStep(NamedTuple):
    """One step of the way from the root schema to another.

    Args:
        keyword: The keyword that was followed, such as `properties`, `anyOf` or `$ref`.
        name: Which of its schemas: a property, a pattern, an index; `None` where it holds one.
        schema: JSON Pointer to the schema that was reached.
    """

    keyword: str
    name: str | int | None
    schema: str


def steps(schema: Any, where: str = "") -> Iterator[SchemaStep]:
    """The ways from `schema`, which stands at `where`, to the schemas it holds directly."""
    for path, _ in children(schema):
        keyword, name = (*path, None)[:2]
        yield SchemaStep(str(keyword), name, where + pointer(path))


def follow(value: Any, where: str) -> Any:
    """What stands at a JSON Pointer in `value`.

    Raises:
        KeyError, IndexError, ValueError, TypeError: Nothing does.
    """
    for part in parts(where):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def parts(where: str) -> list[str]:
    """The keys and indices of a JSON Pointer."""
    return [p.replace("~1", "/").replace("~0", "~") for p in where.split("/")[1:]]


def without(schema: Any, pointers: Iterable[str]) -> Any:
    """`schema` with these keywords deleted; what is not changed is shared.

    The schema `false` becomes `true`. With `minContains` goes the `contains` that it counts.
    """
    for where in sorted(
        dict.fromkeys(pointers), key=len, reverse=True
    ):  # what lies within another first
        schema = _without(schema, parts(where))
    return schema


def _without(value: Any, path: list[str], *, named: bool = False) -> Any:
    """As `without`, for one path; `named` tells that `value` holds schemas by name."""
    if not path:
        return True
    head, *rest = path
    if isinstance(value, list):
        at = int(head)
        return [*value[:at], _without(value[at], rest), *value[at + 1 :]]
    if rest:
        inner = not named and SUBSCHEMAS.get(head) == "map"
        return {**value, head: _without(value[head], rest, named=inner)}
    if named or (value[head] is False and head not in CLOSING):
        return {**value, head: True}
    counted = ("contains",) if head == "minContains" else ()
    return {key: child for key, child in value.items() if key not in (head, *counted)}


def plain(value: Any) -> Any:
    """A deep copy of a JSON value that holds nothing but Python's own types."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    return float(value) if isinstance(value, float) else value


def integral(value: Any) -> Any:
    """A deep copy in which a number without a fraction is an integer: `2.0` items are two."""
    if isinstance(value, dict):
        return {key: integral(child) for key, child in value.items()}
    if isinstance(value, list):
        return [integral(child) for child in value]
    exact = isinstance(value, float) and value == int(value) and abs(value) < 2**53
    return int(value) if exact else value


def slug(value: Any) -> str:
    """A short name for a JSON value, for use in the name of a case."""
    text = value if isinstance(value, str) else repr(value)
    return re.sub(r"[^\w.+-]+", "-", text)[:40].strip("-") or "empty"
