"""HTTP/1.1 by uvicorn, that can cut a connection and refuses bad framing in the service's words."""

from __future__ import annotations

import logging
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fake_server.app import BROKEN, TRANSPORT
from fake_server.playing import Answer
from fake_server.replies import JSON_TYPE, Refused, failure_body

#: Bytes of request line and headers that are read (assumed; Cloudflare documents 128 KB).
MAX_HEAD = 128 * 1024

#: What is spoken here; the parser would also let pass what only looks like it.
VERSIONS = ("1.1", "1.0")

_LOGGER = logging.getLogger("fake_server")
_LOGGER.setLevel(logging.ERROR)

# Switched on with a linger time of zero, a close becomes a reset (socket(7), SO_LINGER).
_RESET = struct.pack("ii", 1, 0)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol; requests carry the transport in `scope["extensions"]`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _LOGGER
        self.access_log = False
        self.head = 0

    def data_received(self, data: bytes) -> None:
        """Read on; a head that does not end is refused."""
        super().data_received(data)
        if self.scope is None or "path" not in self.scope:
            self.head += len(data)
            if self.head > MAX_HEAD and not self.transport.is_closing():
                self._refuse(Refused("head-too-large", limit=MAX_HEAD))
        else:
            self.head = 0

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[typeddict-item]

    def on_headers_complete(self) -> None:
        """Go on with a request, if it is one of this protocol."""
        version: str = self.parser.get_http_version()
        if version not in VERSIONS:
            raise ValueError("another protocol version")  # the parser stops: `send_400_response`
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours
        """Refuse a request that is no HTTP, and close."""
        self._refuse(Refused("bad-framing", reason="it is not HTTP/1.1 as RFC 9112 has it"))

    def _refuse(self, refused: Refused) -> None:
        answer = _answer(refused)
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:  # what broke comes after the request that is being answered
                cycle.keep_alive = False
                return
            if cycle.response_started:
                self.transport.abort()
                return
            cycle.scope["extensions"][BROKEN] = answer  # type: ignore[typeddict-item]
        lines = [b"HTTP/1.1 %d %b" % (answer.status, refused.failure.title.encode())]
        lines += [b"%b: %b" % header for header in answer.headers]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + answer.body)
        self.transport.close()


def _answer(refused: Refused) -> Answer:
    failure = refused.failure
    headers = ((b"content-type", JSON_TYPE.encode()), (b"connection", b"close"))
    body = failure_body(failure, refused.message)
    return Answer.of(failure.status, headers, body, failure.outcome)


def reset(transport: Any) -> None:
    """End a connection with RST, so that its client reads a reset and not an end of file."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
