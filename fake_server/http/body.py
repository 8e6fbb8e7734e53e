"""Reading a request body: within bounds, and exactly, as fast as orjson where that is exact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


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
