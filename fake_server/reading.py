"""Reading a request: its body within bounds, its JSON exactly, its input in one spelling."""

from __future__ import annotations

from typing import Any

import orjson

from aleph_contract.jsonvalue import MAX_DEPTH, loads

#: Floats from here on may be integers that lost digits: orjson reads integers beyond 64 bits so.
_DOUBTFUL = 2.0**63


def parse(raw: bytes) -> Any:
    """Read a JSON document exactly, at the speed of orjson where that is exact.

    orjson and `jsonvalue.loads` agree on what JSON is, except that orjson nests deeper and reads
    integers beyond 64 bits as doubles; those documents, and all malformed ones, go the exact way.
    Of repeated keys the last one wins, as in JavaScript's `JSON.parse` (assumed).

    Raises:
        JSONError: The text is not JSON; see `jsonvalue.loads`.
    """
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        return loads(raw)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return loads(raw)
    return loads(raw) if _doubtful(value) else value


def _doubtful(value: Any) -> bool:
    kind = type(value)
    if kind is float:
        return not -_DOUBTFUL < value < _DOUBTFUL
    if kind is dict:
        value = value.values()
    elif kind is not list:
        return False
    for child in value:
        kind = type(child)
        if kind is not str and kind is not int and _doubtful(child):
            return True
    return False
