"""Parse a JSON request body exactly; with orjson where orjson is exact, which is faster."""

from __future__ import annotations

from itertools import chain
from typing import Any

import orjson

from aleph_contract.core.jsonvalue import MAX_DEPTH, loads

#: A float from here on may be an integer that lost digits: orjson reads integers beyond 64 bits as
#: doubles.
_INEXACT = 2.0**63

_CONTAINERS = frozenset({dict, list})


def parse(raw: bytes) -> tuple[Any, bool]:
    """Parse a JSON document exactly.

    orjson and `jsonvalue.loads` accept the same texts, except that orjson allows deeper nesting;
    and orjson reads integers beyond 64 bits as doubles. Documents with either, and malformed ones,
    are parsed by `jsonvalue.loads`. The last of repeated keys wins, as in JavaScript's `JSON.parse`
    (assumed).

    Returns:
        The value, and whether it is plain, see `make_plain`. If not, `jsonvalue.loads` parsed it,
        and it may hold types other than those of `json.loads`.

    Raises:
        JSONError: The text is not JSON; see `jsonvalue.loads`.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return loads(raw), False
    if type(value) is not float and make_plain(value):
        return value, True
    return loads(raw), False


def make_plain(document: Any) -> bool:
    """Turn whole floats inside a document from orjson into integers, in place: `2.0` is 2 in JSON.

    Returns:
        `False` if `jsonvalue.loads` must parse the document, and this one is of no use.
    """
    parts: list[Any] = [document] if type(document) in _CONTAINERS else []
    for part in parts:
        for key, child in part.items() if type(part) is dict else enumerate(part):
            kind = type(child)
            if kind is str or kind is int:  # the most frequent types
                continue
            if kind is dict or kind is list:
                parts.append(child)
            elif kind is float and not child % 1:
                if not -_INEXACT < child < _INEXACT:
                    return False
                part[key] = int(child)
    return len(parts) <= MAX_DEPTH or _depth(document) <= MAX_DEPTH


def _depth(document: Any) -> int:
    """Levels of arrays and objects in a document from orjson."""
    levels, parts = 0, [document]
    while parts:
        levels += 1
        children = chain.from_iterable(
            part.values() if type(part) is dict else part for part in parts
        )
        parts = [child for child in children if type(child) in _CONTAINERS]
    return levels
