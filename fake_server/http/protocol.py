"""HTTP/1.1 by uvicorn, with a short way for plain runs, and a way to cut connections.

A plain run (see `lean.py`) is answered right in the parser's callbacks: no task, no ASGI messages.
All other requests go through the ASGI application.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from http import HTTPStatus
from time import time
from typing import Any
from urllib.parse import unquote

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
    parse_url,
)
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from fake_server.http.app import BROKEN, TRANSPORT, App, is_control, request_of
from fake_server.replies.failures import JSON_TYPE, Refused, failure_body
from fake_server.runs.fast_path import KnownCaller
from fake_server.runs.request import Answer, Headers, Request

#: Bytes of request line and headers that are read (documented: Cloudflare takes 128 KB).
MAX_HEAD = 128 * 1024

#: Requests of one connection that may wait for the answers before theirs.
MAX_PIPELINE = 128

#: Seconds for which what a refused client still sends is read and dropped.
LINGER = 0.5

#: What is spoken here; the parser also lets pass what only looks like it.
VERSIONS = ("1.1", "1.0")

_NO_HTTP = "it is not HTTP/1.1 as RFC 9112 has it"

_LOGGER = logging.getLogger("fake_server")
_LOGGER.setLevel(logging.ERROR)


_STATUS = {
    int(status): b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}
_OK = _STATUS[HTTPStatus.OK]


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with the short way; requests carry what `app.py` looks for."""

    app: App

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _LOGGER
        self.access_log = False
        self.head = 0
        self.in_head = True
        self.body = b""
        self.received_at = 0.0
        self.caller: KnownCaller | None = None
        self.upgrade_headers: list[tuple[bytes, bytes]] | None = None
        self.running: RequestResponseCycle | None = None
        self.pending_refusal: tuple[Request | None, Answer] | None = None
        self.final_sent = False

    def data_received(self, data: bytes) -> None:
        """Read on; a head that does not end is refused."""
        self._unset_keepalive_if_required()
        if self.pending_refusal is not None:
            return
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._pass_over(data[upgrade.args[0] :])
        except HttpParserCallbackError as error:
            self._refuse_callback_error(error.__context__)
        except HttpParserError:
            self.send_400_response("")
        if self.in_head and self.pending_refusal is None:
            self.head += len(data)
            if self.head > MAX_HEAD and not self.transport.is_closing():
                self._refuse(Refused("head-too-large", limit=MAX_HEAD))

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection while the last answer is only waiting for the journal."""
        return self.pending_refusal is not None and not self.final_sent and not self._unanswered()

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
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self.upgrade_headers = self.headers
            self.in_head = False
            return
        if self.upgrade_headers is not None:
            self.headers, self.upgrade_headers = self.upgrade_headers, None
        self.caller = self._fast_path_caller()
        if self.caller is None:
            self._start_asgi()
            self.in_head = False
            return
        self.in_head = False
        self.caller.account.in_flight += 1
        self.received_at = time()
        self.body = b""

    def on_body(self, body: bytes) -> None:
        """Take in a piece of the body."""
        if self.caller is None:
            super().on_body(body)
            if self.pipeline:
                self._listen_on()
        else:
            self.body += body

    def on_message_complete(self) -> None:
        """Answer a run at once, or let the ASGI application know."""
        if self.upgrade_headers is not None:
            return
        caller = self.caller
        if caller is not None:
            answer = self.app.runs.lean.answer(  # type: ignore[union-attr]
                caller, self.url, self.headers, self.body, self.received_at
            )
            if answer is not None:
                self._leave(caller)
                self._write(_OK, *answer)
                return
            self._start_asgi()
            super().on_body(self.body)
            self.caller = None
            self.loop.call_soon(_uncount, caller)  # once the application has counted it
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answer the next request of the connection; last the one that could not be read."""
        super().on_response_complete()
        if self.pending_refusal is not None and not self._unanswered():
            self._reject(*self.pending_refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Put down a run whose body does not come to its end."""
        if self.caller is not None:
            request = self._request(b"POST", self.body)
            self.app.runs.start(request)
            self.app.runs.record_aborted(request, None)
            self.app.runs.end(request)
            self._leave(self.caller)
        for cycle, _ in reversed(self.pipeline):
            self.app.runs.reject(_queued(cycle), None)
        if self.pending_refusal is not None and self.pending_refusal[0] is not None:
            self.app.runs.reject(self.pending_refusal[0], None)
        if self.running is not None and self.running is not self.cycle:  # uvicorn tells the latest
            self.running.disconnected = not self.running.response_complete
            self.running.message_event.set()
        super().connection_lost(exc)

    def _fast_path_caller(self) -> KnownCaller | None:
        """Who makes a run that is answered at once, if it is one."""
        lean = self.app.runs.lean
        if (
            lean is None
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.flow.write_paused
            or self.parser.get_method() != b"POST"
            or not self.parser.should_keep_alive()
        ):
            return None
        return lean.lookup(self.url, self.headers)

    def _start_asgi(self) -> None:
        """Do what uvicorn does when a head is complete."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        extensions = {TRANSPORT: self.transport}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]
        super().on_headers_complete()
        if self.pipeline:
            self._listen_on()

    def _listen_on(self) -> None:
        """Read on, though requests wait for their turn: else nobody hears their client leave."""
        if len(self.pipeline) > MAX_PIPELINE or len(self.cycle.body) > self.app.max_body:
            self.transport.abort()
        else:
            self.flow.resume_reading()

    def _leave(self, caller: KnownCaller) -> None:
        self.caller = None
        _uncount(caller)

    def _write(self, status: bytes, headers: Headers, body: bytes) -> None:
        every = (*self.server_state.default_headers, *headers)
        head = b"".join([b"%b: %b\r\n" % header for header in every])
        self.transport.write(b"%b%b\r\n%b" % (status, head, body))

    def _pass_over(self, rest: bytes) -> None:
        """Read on after the offer of another protocol, which a server may ignore (RFC 9110, 7.8).

        The parser would leave the body unread: Java's client makes the offer with every first
        request. So it reads the request again, without the word that makes it an offer.
        """
        head = b""
        if self.upgrade_headers is not None:
            version = self.parser.get_http_version().encode()
            head = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)
            for name, value in self.upgrade_headers:
                kept = _without_upgrade(value) if name == b"connection" else value
                head += b"%b: %b\r\n" % (name, kept)
            head += b"\r\n"
        self.parser = HttpRequestParser(self)
        self.data_received(head + rest)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours
        """Refuse a request that is no HTTP, and close."""
        self._refuse(Refused("bad-framing", reason=_NO_HTTP))

    def _refuse_callback_error(self, error: BaseException | None) -> None:
        """Answer for what was raised in a callback of the parser."""
        if isinstance(error, (HttpParserError, UnicodeError)):  # a target that is none
            error = Refused("bad-framing", reason=_NO_HTTP)
        elif not isinstance(error, Refused):
            _LOGGER.error("the fake failed at a request", exc_info=error)
            error = Refused("internal-error")
        if self.caller is not None:
            self._leave(self.caller)
        self._refuse(error)

    def _refuse(self, refused: Refused) -> None:
        """Answer a request that cannot be read to its end, in its turn, and close."""
        answer = _answer(refused)
        cycle = self.cycle
        if self.in_head or cycle is None or not cycle.more_body:
            request = self._request(self.parser.get_method()) if self.url else None
            control = request is not None and is_control(request.path)
            self._await_turn(None if control else request, answer)
        elif self.pipeline:  # it is the last of those that wait
            self.pipeline.popleft()
            self._await_turn(_queued(cycle), answer)
        elif cycle.response_complete:  # it was refused before its body was there
            self.transport.close()
        elif cycle.response_started:
            self.transport.abort()
        else:
            cycle.scope["extensions"][BROKEN] = answer  # type: ignore[assignment]
            self._send_final(answer)
            cycle.disconnected = True
            cycle.message_event.set()

    def _await_turn(self, request: Request | None, answer: Answer) -> None:
        self.pending_refusal = (request, answer)
        if not self._unanswered():
            self._reject(request, answer)

    def _unanswered(self) -> bool:
        """Whether an answer is due that comes before any other."""
        going_on = self.running is not None and not self.running.response_complete
        return going_on or bool(self.pipeline)

    def _reject(self, request: Request | None, answer: Answer) -> None:
        self.pending_refusal = (None, answer)
        waiting = request and self.app.runs.reject(request, answer)
        if not waiting:
            self._send_final(answer)
            return

        async def say_then() -> None:
            await waiting
            self._send_final(answer)

        task = self.loop.create_task(say_then())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _send_final(self, answer: Answer) -> None:
        """Send the last answer, and read on a little.

        A close with bytes unread is a reset, which is all that a client still sending would see.
        """
        if self.transport.is_closing():
            return
        self.pending_refusal, self.final_sent = (None, answer), True
        self._write(_STATUS[answer.status], answer.headers, answer.body)
        with suppress(OSError):  # it has left
            self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER, self.transport.close)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def _request(self, method: bytes, raw: bytes = b"") -> Request:
        """The request that is being read, as far as it has come."""
        try:
            target = parse_url(self.url)
            raw_path, query = target.path or b"", target.query or b""
        except HttpParserError:
            raw_path, _, query = self.url.partition(b"?")
        path = unquote(raw_path.decode("latin-1"))
        request = Request(method.decode(), path, raw_path, query, self.headers, self.server)
        request.raw = raw
        return request


def _queued(cycle: RequestResponseCycle) -> Request:
    """A request that waits for its turn."""
    request = request_of(cycle.scope)  # type: ignore[arg-type]
    request.raw, request.complete = bytes(cycle.body), not cycle.more_body
    return request


def _uncount(caller: KnownCaller) -> None:
    caller.account.in_flight -= 1


def _without_upgrade(value: bytes) -> bytes:
    words = (word.strip() for word in value.split(b","))
    return b", ".join(word for word in words if word.lower() != b"upgrade")


def _answer(refused: Refused) -> Answer:
    failure = refused.failure
    headers = ((b"content-type", JSON_TYPE.encode()), (b"connection", b"close"))
    body = failure_body(failure, refused.message)
    return Answer.of(failure.status, headers, body, failure.outcome)
