"""HTTP/1.1 by uvicorn, with a fast path for plain runs and refusals in the service's error body.

A plain run (see `fast_path.py`) is answered in the parser's callbacks: no task, no ASGI messages.
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

from fake_server.http.app import App, is_control
from fake_server.http.scope import KEEP_DATE, SENT_REFUSAL, TRANSPORT, head_of
from fake_server.http.uvicorn_internals import QueuedRequest, UvicornProtocol
from fake_server.journal.base import JournalUnavailable
from fake_server.replies.failures import JSON_TYPE, Refused, failure_body
from fake_server.runs.decision import Answer
from fake_server.runs.fast_path import FastPath, KnownCaller, KnownHead
from fake_server.runs.request import ReceivedRequest, RequestHead

#: Bound on the bytes of request line and headers (documented: Cloudflare accepts 128 KB).
MAX_HEAD = 128 * 1024

#: Seconds for which the protocol reads and drops what a refused client still sends.
LINGER = 0.5

#: The accepted versions; the parser also accepts others.
VERSIONS = ("1.1", "1.0")

_NOT_HTTP = "it is not HTTP/1.1 as defined by RFC 9112"

_LOGGER = logging.getLogger("fake_server")
_LOGGER.setLevel(logging.ERROR)

_STATUS_LINE = {
    int(status): b"HTTP/1.1 %d %b" % (status, status.phrase.encode()) for status in HTTPStatus
}


class Protocol(UvicornProtocol):
    """uvicorn's protocol with the fast path; sets the ASGI extensions that `app.py` reads."""

    app: App

    def __init__(self, **options: Any) -> None:
        super().__init__(_LOGGER, **options)
        self.head_size, self.in_head = 0, True
        #: Whether the next byte begins a request.
        self.is_between = True
        #: The data that began with the request that is being parsed.
        self.data = b""
        self.body = b""
        self.received_at = 0.0
        #: The caller of the request that is being read on the fast path.
        self.caller: KnownCaller | None = None
        #: The headers of a request that offers an upgrade, until it is parsed again without.
        self.upgrade_headers: list[tuple[bytes, bytes]] | None = None
        #: The last answer of the connection, and its request unless that is in the journal already.
        self.pending_refusal: tuple[ReceivedRequest | None, Answer] | None = None
        self.final_sent = False

    def data_received(self, data: bytes) -> None:
        """Parse the data; refuse a head that is too large."""
        self._unset_keepalive_if_required()
        if self.pending_refusal is not None:
            return
        if self.is_between:
            self.data = data
            fast_path = self._free_fast_path()
            known = None if fast_path is None else fast_path.recognise(data)
            if known is not None and self._answer_at_once(*known, time()):
                return
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except HttpParserCallbackError as error:
            self._refuse_callback_error(error.__context__)
        except HttpParserError:
            self.send_400_response("")
        if self.in_head and self.pending_refusal is None:
            self.head_size += len(data)
            if self.head_size > MAX_HEAD and not self.transport.is_closing():
                self._refuse(Refused("head-too-large", limit=MAX_HEAD))

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection open while the last answer waits only for the journal.

        With TLS a connection cannot be closed in one direction only.
        """
        return (
            self.pending_refusal is not None
            and not self.final_sent
            and not self.response_pending
            and self.transport.can_write_eof()
        )

    def on_message_begin(self) -> None:
        """Start a request; `start_asgi` makes up for what uvicorn does here."""
        self.is_between = False
        self.in_head = True
        self.head_size = 0
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Take the fast path, or start the ASGI application."""
        if self.parser.get_http_version() not in VERSIONS:
            # The parser stops; `data_received` continues with `_refuse_callback_error`.
            raise Refused("bad-framing", reason=_NOT_HTTP)
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
        """Collect a piece of the body."""
        if self.caller is None:
            super().on_body(body)
            self.keep_reading(self.app.max_body)
        else:
            self.body += body

    def on_message_complete(self) -> None:
        """Answer on the fast path, or tell the ASGI application that the body is complete."""
        if self.upgrade_headers is not None:
            return
        self.is_between = True
        data, self.data = self.data, b""
        caller = self.caller
        if caller is not None:
            head = KnownHead(caller, self.url, tuple(self.headers), len(self.body))
            if self._answer_at_once(head, self.body, self.received_at):
                self.app.runs.fast_path.learn_head(data, head)  # type: ignore[union-attr]
                self._leave_fast_path(caller)
                return
            self._start_asgi()
            super().on_body(self.body)
            self.caller = None
            self.loop.call_soon(_end, caller)  # after the application has counted the request
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Continue with the next request in the pipeline, or with the refusal that ends it."""
        super().on_response_complete()
        if self.pending_refusal is not None and not self.response_pending:
            self._reject(*self.pending_refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Record the requests that are not answered."""
        runs = self.app.runs
        if self.caller is not None:
            request = ReceivedRequest(self._head(b"POST"), self.body)
            admission = runs.start(request.head)
            runs.record_aborted(request, admission, None)
            runs.end(admission.account)
            self._leave_fast_path(self.caller)
        for queued in self.queued():
            runs.reject(_received(queued), None)
        if self.pending_refusal is not None and self.pending_refusal[0] is not None:
            runs.reject(self.pending_refusal[0], None)
        self.disconnect_running()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the message is uvicorn's
        """Refuse a request that is not HTTP, and close the connection."""
        self._refuse(Refused("bad-framing", reason=_NOT_HTTP))

    def _answer_at_once(self, head: KnownHead, body: bytes, received_at: float) -> bool:
        """Answer on the fast path; `False` if the request must take the full path."""
        try:
            answer = self.app.runs.fast_path.answer(head, body, received_at)  # type: ignore[union-attr]
        except Exception:  # an error of the fake: the full path answers, and records it
            _LOGGER.exception("internal error on the fast path")
            answer = None
        if answer is None:
            return False
        self._write(*answer)
        return True

    def _fast_path_caller(self) -> KnownCaller | None:
        """The caller of a request that can take the fast path."""
        fast_path = self._free_fast_path()
        is_plain = self.parser.get_method() == b"POST" and self.parser.should_keep_alive()
        return fast_path.lookup(self.url, self.headers) if fast_path and is_plain else None

    def _free_fast_path(self) -> FastPath | None:
        """The fast path, unless a response before is still being sent."""
        return self.app.runs.fast_path if self.is_free else None

    def _leave_fast_path(self, caller: KnownCaller) -> None:
        self.caller = None
        _end(caller)

    def _start_asgi(self) -> None:
        extensions: dict[str, Any] = {TRANSPORT: self.transport}
        self.start_asgi(extensions)
        if self.app.forwards:
            extensions[KEEP_DATE] = self.default_headers_remover()
        self.keep_reading(self.app.max_body)

    def _write(self, status: int, rest: bytes) -> None:
        """Write a response: status line, headers of the server, and `rest`."""
        own = map(b": ".join, self.server_state.default_headers)
        self.transport.write(b"\r\n".join([_STATUS_LINE[status], *own, rest]))

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Parse a request again without its offer to upgrade (RFC 9110, 7.8: may be ignored).

        The parser reads no body after such an offer, which Java's HTTP client makes first.
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

    def _refuse_callback_error(self, error: BaseException | None) -> None:
        """Refuse a request for an exception in a callback of the parser."""
        if isinstance(error, (HttpParserError, UnicodeError)):  # an invalid request target
            error = Refused("bad-framing", reason=_NOT_HTTP)
        elif not isinstance(error, Refused):
            _LOGGER.error("internal error while a request was parsed", exc_info=error)
            error = Refused("internal-error")
        if self.caller is not None:
            self._leave_fast_path(self.caller)
        self._refuse(error)

    def _refuse(self, refused: Refused) -> None:
        """Refuse a request that cannot be parsed, after the answers before it; then close."""
        answer = _answer(refused)
        if self.in_head or not self.body_expected:
            request = ReceivedRequest(self._head(self.parser.get_method())) if self.url else None
            control = request is not None and is_control(request.head.path)
            self._reject_in_turn(None if control else request, answer)
        elif (queued := self.drop_latest_queued()) is not None:
            self._reject_in_turn(_received(queued), answer)
        elif self.latest_complete:  # it was refused before its body arrived
            self.transport.close()
        elif self.latest_started:
            self.transport.abort()
        else:
            self._send_final(answer)
            self.disconnect_latest(SENT_REFUSAL, answer)

    def _reject_in_turn(self, request: ReceivedRequest | None, answer: Answer) -> None:
        self.pending_refusal = (request, answer)
        if not self.response_pending:
            self._reject(request, answer)

    def _reject(self, request: ReceivedRequest | None, answer: Answer) -> None:
        """Record a refused request, then send the answer."""
        self.pending_refusal = (None, answer)
        stored = request and self.app.runs.reject(request, answer)
        if not stored:
            self._send_final(answer)
            return

        async def send_when_stored() -> None:
            try:
                await stored
            except JournalUnavailable:
                self._send_final(_answer(Refused("unavailable")))
            else:
                self._send_final(answer)

        task = self.loop.create_task(send_when_stored())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _send_final(self, answer: Answer) -> None:
        """Send the last answer of the connection, and read on for `LINGER` seconds.

        To close a socket with unread bytes sends RST, and the client could not read the answer.
        """
        if self.transport.is_closing():
            return
        self.pending_refusal, self.final_sent = (None, answer), True
        rest = b"\r\n".join([*map(b": ".join, answer.headers), b"", answer.body])
        self._write(answer.status, rest)
        if self.transport.can_write_eof():  # not with TLS
            with suppress(OSError):  # the client disconnected
                self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER, self.transport.close)

    def _head(self, method: bytes) -> RequestHead:
        """The head of the request that is being parsed, as far as it was read."""
        try:
            target = parse_url(self.url)
            raw_path, query = target.path or b"", target.query or b""
        except HttpParserError:
            raw_path, _, query = self.url.partition(b"?")
        path = unquote(raw_path.decode("latin-1"))
        return RequestHead.now(method.decode(), path, raw_path, query, self.headers, self.server)


def _received(queued: QueuedRequest) -> ReceivedRequest:
    scope, body, complete = queued
    return ReceivedRequest(head_of(scope), body, complete)


def _end(caller: KnownCaller) -> None:
    caller.account.in_flight -= 1


def _without_upgrade(value: bytes) -> bytes:
    options = (option.strip() for option in value.split(b","))
    return b", ".join(option for option in options if option.lower() != b"upgrade")


def _answer(refused: Refused) -> Answer:
    failure = refused.failure
    headers = ((b"content-type", JSON_TYPE.encode()), (b"connection", b"close"))
    body = failure_body(failure, refused.message)
    return Answer.of(failure.status, headers, body, failure.outcome)
