"""Parse a JSON request body exactly; with orjson where orjson is exact, which is faster."""

from __future__ import annotations

from typing import Any

import orjson

from aleph_contract.core.jsonvalue import MAX_DEPTH, loads

#: A float from here on may be an integer that lost digits: orjson reads integers beyond 64 bits as
#: doubles.
_INEXACT = 2.0**63

_PLAIN = frozenset({str, int, bool, type(None)})


def parse(raw: bytes) -> tuple[Any, bool | None]:
    """Parse a JSON document exactly.

    orjson and `jsonvalue.loads` accept the same texts, except that orjson allows deeper nesting;
    and orjson reads integers beyond 64 bits as doubles. Documents with either, and malformed ones,
    are parsed by `jsonvalue.loads`. The last of repeated keys wins, as in JavaScript's `JSON.parse`
    (assumed).

    Returns:
        The value, and whether it holds a float. `None` instead of the latter: `jsonvalue.loads`
        parsed it, and the value may hold types other than those of `json.loads`.

    Raises:
        JSONError: The text is not JSON; see `jsonvalue.loads`.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return loads(raw), None
    floats = floats_in(value, MAX_DEPTH)
    return (loads(raw), None) if floats is None else (value, floats)


def floats_in(value: Any, depth: int) -> bool | None:
    """Whether a value from orjson holds a float; `None` if `jsonvalue.loads` must parse it.

    Args:
        value: The value.
        depth: Levels of nesting that are allowed.
    """
    kind = type(value)
    if kind is float:
        return True if -_INEXACT < value < _INEXACT else None
    if kind is dict:
        value = value.values()
    elif kind is not list:
        return False
    if depth == 0:
        return None
    if _PLAIN.issuperset(map(type, value)):
        return False
    found = False
    for child in value:
        if type(child) not in _PLAIN:
            floats = floats_in(child, depth - 1)
            if floats is None:
                return None
            found = found or floats
    return found
