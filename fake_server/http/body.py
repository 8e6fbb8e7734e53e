"""Read a request body, up to a limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Body(NamedTuple):
    """A request body as far as it was read.

    Args:
        raw: The bytes, after transfer decoding.
        complete: Whether that is the whole body.
        disconnected: Whether the client disconnected before the end.
    """

    raw: bytes
    complete: bool
    disconnected: bool = False


#: A body that is not read.
UNREAD = Body(b"", complete=False)


async def read(receive: Receive, limit: int) -> Body:
    """Read a body; stop with the message that exceeds `limit` bytes."""
    message = await receive()
    if message["type"] != "http.request":
        return Body(b"", complete=False, disconnected=True)
    raw = message.get("body", b"")
    if not message.get("more_body", False):
        return Body(raw, len(raw) <= limit)
    return await _read_rest(receive, raw, limit)


async def _read_rest(receive: Receive, raw: bytes, limit: int) -> Body:
    pieces, length = [raw], len(raw)
    more = True
    while more and length <= limit:
        message = await receive()
        if message["type"] != "http.request":
            return Body(b"".join(pieces), complete=False, disconnected=True)
        piece = message.get("body", b"")
        pieces.append(piece)
        length += len(piece)
        more = message.get("more_body", False)
    return Body(b"".join(pieces), not more and length <= limit)
