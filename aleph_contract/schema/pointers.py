"""JSON Pointers into a schema: follow one, or delete keywords by theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.schema.keywords import CLOSING, SUBSCHEMAS, children


class SchemaStep(NamedTuple):
    """One step from a schema to a subschema or to the target of a reference.

    Args:
        keyword: The keyword that was followed, such as `properties`, `anyOf` or `$ref`.
        name: The member of the keyword: a property, a pattern, an index; `None` if the keyword
            holds a single schema.
        schema: JSON Pointer to the schema at the end of the step.
    """

    keyword: str
    name: str | int | None
    schema: str


def steps(schema: Any, where: str = "") -> Iterator[SchemaStep]:
    """The steps from `schema`, located at `where`, to its direct subschemas."""
    for path, _ in children(schema):
        keyword, name = (*path, None)[:2]
        yield SchemaStep(str(keyword), name, where + pointer(path))


def follow(value: Any, where: str) -> Any:
    """The part of `value` at a JSON Pointer.

    Raises:
        KeyError, IndexError, ValueError, TypeError: There is none.
    """
    for part in parts(where):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def parts(where: str) -> list[str]:
    """The keys and indices of a JSON Pointer."""
    return [p.replace("~1", "/").replace("~0", "~") for p in where.split("/")[1:]]


def without(schema: Any, pointers: Iterable[str]) -> Any:
    """`schema` with these keywords deleted; unchanged parts are shared, not copied.

    The schema `false` becomes `true`. `contains` is deleted along with its `minContains`.
    """
    innermost_first = sorted(dict.fromkeys(pointers), key=len, reverse=True)
    for where in innermost_first:
        schema = _without(schema, parts(where))
    return schema


def _without(value: Any, path: list[str], *, named: bool = False) -> Any:
    """As `without`, for one path; `named` if `value` holds schemas by name (`properties`)."""
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
    """A deep copy of a JSON value in Python's own types: no `Number`, no `Object`, no tuple."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    return float(value) if isinstance(value, float) else value


def integral(value: Any) -> Any:
    """A deep copy in which integral numbers are integers: `"maxItems": 2.0` becomes 2."""
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
