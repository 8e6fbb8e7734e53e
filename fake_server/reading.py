"""Reading a request body: within bounds, and exactly, as fast as orjson where that is exact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

import orjson

from aleph_contract.jsonvalue import MAX_DEPTH, loads

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

#: Floats from here on may be integers that lost digits: orjson reads integers beyond 64 bits so.
_DOUBTFUL = 2.0**63


class Body(NamedTuple):
    """What arrived of a body.

    Args:
        raw: The bytes, after transfer decoding; at most about the limit.
        complete: Whether that is the whole body.
        gone: Whether the client ended the connection before its end.
    """

    raw: bytes
    complete: bool
    gone: bool = False


async def read(receive: Receive, limit: int) -> Body:
    """Read a body, and stop once it is longer than `limit` bytes."""
    message = await receive()
    if message["type"] != "http.request":
        return Body(b"", complete=False, gone=True)
    raw = message.get("body", b"")
    if not message.get("more_body", False):
        return Body(raw, len(raw) <= limit)
    return await _read_on(receive, raw, limit)


async def _read_on(receive: Receive, raw: bytes, limit: int) -> Body:
    read_so_far = bytearray(raw)
    more = True
    while more and len(read_so_far) <= limit:
        message = await receive()
        if message["type"] != "http.request":
            return Body(bytes(read_so_far), complete=False, gone=True)
        read_so_far += message.get("body", b"")
        more = message.get("more_body", False)
    return Body(bytes(read_so_far), not more and len(read_so_far) <= limit)


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


_PLAIN = frozenset({str, int, bool, type(None)})
