"""HTTP/1.1 by uvicorn, with a short way for runs, and a way to cut connections.

A run that needs no waiting is read, answered, recorded and written right in the parser's
callbacks: no task, no ASGI messages. What is out of the ordinary in any way (a fault, a latency, a
journal that must be waited for, a large or chunked body, pipelining) goes through the ASGI
application; both take the same steps of `runs.Runs`.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fake_server.app import BEGUN, BROKEN, SHORT, TRANSPORT, App
from fake_server.playing import Answer
from fake_server.replies import JSON_TYPE, Refused, failure_body
from fake_server.request import Request
from fake_server.rest import PREFIX

#: Bytes of request line and headers that are read (documented: Cloudflare takes 128 KB).
MAX_HEAD = 128 * 1024

#: What is spoken here; the parser also lets pass what only looks like it.
VERSIONS = ("1.1", "1.0")

_PREFIX = PREFIX.encode()
_NO_HTTP = "it is not HTTP/1.1 as RFC 9112 has it"

_LOGGER = logging.getLogger("fake_server")
_LOGGER.setLevel(logging.ERROR)

# Switched on with a linger time of zero, a close becomes a reset (socket(7), SO_LINGER).
_RESET = struct.pack("ii", 1, 0)

_STATUS = {
    int(status): b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with the short way; requests carry what `app.py` looks for."""

    app: App

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _LOGGER
        self.access_log = False
        self.head = 0
        self.in_head = True
        self.run: Request | None = None
        self.offered: list[tuple[bytes, bytes]] | None = None

    def data_received(self, data: bytes) -> None:
        """Read on; a head that does not end is refused."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._pass_over(data[upgrade.args[0] :])
        except HttpParserCallbackError as error:
            self._explain(error.__context__)
        except HttpParserError:
            self.send_400_response("")
        if self.in_head:
            self.head += len(data)
            if self.head > MAX_HEAD and not self.transport.is_closing():
                self._refuse(Refused("head-too-large", limit=MAX_HEAD))

    def on_message_begin(self) -> None:
        """Begin a request; what uvicorn makes for it can wait until it is wanted."""
        self.in_head = True
        self.head = 0
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Take in a run at once, or start the ASGI application."""
        if self.parser.get_http_version() not in VERSIONS:
            raise Refused("bad-framing", reason=_NO_HTTP)  # stops the parser; goes on in `_explain`
        self.in_head = False
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self.offered = self.headers
            return
        if self.offered is not None:
            self.headers, self.offered = self.offered, None
        url, headers = self.url, self.headers
        begun = None
        if self._is_plain(url):
            begun = Request("POST", url.decode("ascii"), url, b"", headers, self.server)
            self.app.runs.begin(begun)
            if begun.step is None and _is_short(begun.known):
                self.run = begun
                return
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        extensions = {TRANSPORT: self.transport, BEGUN: begun}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take in a piece of the body."""
        if self.run is None:
            super().on_body(body)
        else:
            self.run.raw += body

    def on_message_complete(self) -> None:
        """Answer a run at once, or let the ASGI application know."""
        if self.offered is not None:
            return
        run, self.run = self.run, None
        if run is None:
            super().on_message_complete()
            return
        run.complete = True
        runs = self.app.runs
        answer = runs.conclude(run)
        runs.record(run, answer.status, answer.headers, answer.body, answer.outcome)
        runs.end(run)
        self._write(answer)

    def _write(self, answer: Answer) -> None:
        headers = (*self.server_state.default_headers, *answer.headers)
        head = b"".join([b"%b: %b\r\n" % header for header in headers])
        self.transport.write(b"%b%b\r\n%b" % (_STATUS[answer.status], head, answer.body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Put down a run whose body did not come to its end."""
        run, self.run = self.run, None
        if run is not None:
            self.app.runs.conclude_gone(run, None)
            self.app.runs.end(run)
        super().connection_lost(exc)

    def _pass_over(self, rest: bytes) -> None:
        """Read on after the offer of another protocol, which a server may ignore (RFC 9110, 7.8).

        The parser would leave the body unread: Java's client makes the offer with every first
        request. So it reads the request again, without the word that makes it an offer.
        """
        head = b""
        if self.offered is not None:
            version = self.parser.get_http_version().encode()
            head = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)
            for name, value in self.offered:
                kept = _without_upgrade(value) if name == b"connection" else value
                head += b"%b: %b\r\n" % (name, kept)
            head += b"\r\n"
        self.parser = HttpRequestParser(self)
        self.data_received(head + rest)

    def _is_plain(self, url: bytes) -> bool:
        return (
            self.app.prompt
            and url.startswith(_PREFIX)
            and not (b"%" in url or b"?" in url)
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and self.parser.get_method() == b"POST"
            and self.parser.should_keep_alive()
        )

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours
        """Refuse a request that is no HTTP, and close."""
        self._refuse(Refused("bad-framing", reason=_NO_HTTP))

    def _explain(self, error: BaseException | None) -> None:
        """Answer for what was raised in a callback of the parser."""
        if isinstance(error, (HttpParserError, UnicodeError)):  # a target that is none
            error = Refused("bad-framing", reason=_NO_HTTP)
        elif not isinstance(error, Refused):
            _LOGGER.error("the fake failed at a request", exc_info=error)
            error = Refused("internal-error")
        self._refuse(error)

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
            cycle.scope["extensions"][BROKEN] = answer  # type: ignore[assignment]
        self._write(answer)
        self.transport.close()


def _is_short(headers: Mapping[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"")
    return length.isdigit() and int(length) <= SHORT and b"expect" not in headers


def _without_upgrade(value: bytes) -> bytes:
    words = (word.strip() for word in value.split(b","))
    return b", ".join(word for word in words if word.lower() != b"upgrade")


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
