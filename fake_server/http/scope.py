"""Names of ASGI, and the head of the request in a scope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fake_server.runs.request import RequestHead

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Names of ASGI extensions: the transport of the connection; the refusal that the protocol has sent
#: because the framing of the body is malformed.
TRANSPORT = "fake_server.transport"
SENT_REFUSAL = "fake_server.sent_refusal"

#: A function after which the protocol adds no `Date` to the response: the upstream sent one.
KEEP_DATE = "fake_server.keep_date"


def head_of(scope: Scope) -> RequestHead:
    """The head of the request in an ASGI scope."""
    path: str = scope["path"]
    return RequestHead.now(
        scope["method"],
        path,
        scope.get("raw_path") or path.encode(),
        scope["query_string"],
        scope["headers"],
        scope.get("server"),
    )


async def serve_other_protocol(scope: Scope, receive: Receive, send: Send) -> None:
    """Complete a lifespan; close a WebSocket."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    await receive()
    await send({"type": "websocket.close", "code": 1000})
