"""Read a JSON request body exactly, as fast as orjson where orjson is exact."""

from __future__ import annotations

from typing import Any

import orjson

from aleph_contract.core.jsonvalue import MAX_DEPTH, loads

#: Floats from here on may be integers that lost digits: orjson reads integers beyond 64 bits so.
_DOUBTFUL = 2.0**63

_PLAIN = frozenset({str, int, bool, type(None)})


def parse(raw: bytes) -> tuple[Any, bool | None]:
    """Read a JSON document exactly; its value, and whether some number in it is no `int`.

    `None` in that place says that the value was read the exact way, and may hold other than the
    plain JSON types of Python: see `jsonvalue.loads`.

    orjson and `jsonvalue.loads` agree on what JSON is, except that orjson nests deeper, and reads
    integers beyond 64 bits as doubles; those documents, and all malformed ones, go the exact way.
    Of repeated keys the last one wins, as in JavaScript's `JSON.parse` (assumed).

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
    """Whether a value that orjson read holds floats; `None` if it is to be read the exact way.

    Args:
        value: The value.
        depth: How deep it may be nested.
    """
    kind = type(value)
    if kind is float:
        return True if -_DOUBTFUL < value < _DOUBTFUL else None
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
