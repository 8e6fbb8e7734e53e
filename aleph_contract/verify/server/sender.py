"""Send one planned call over HTTP, and record the exchange without the token."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass, field, replace
from typing import cast

from aleph_contract.core.exchange import REDACTED, Exchange
from aleph_contract.core.secret import Secret
from aleph_contract.errors import CouldNotRun
from aleph_contract.verify.server.call import TOKEN_HERE, PlannedCall
from aleph_contract.verify.server.deadline_socket import DeadlineSocket
from aleph_contract.verify.server.target import Target

#: Bytes of a reply that are read; a longer one is cut there, and judged as incomplete.
MAX_REPLY = 16 * 1024 * 1024

_CHUNK = 65536

_REDIRECTS = range(300, 400)

#: Method, path, headers and body.
_Request = tuple[str, str, dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: no status if no complete reply came in time."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(slots=True)
class Sender:
    """Sends calls to one server. Redirects are not followed, and proxies are not used.

    Args:
        target: The server.
        reuse: Whether to send several calls on one connection. A server may close an idle
            connection at the moment of the next call (RFC 9112, section 9.3.1); whether the call
            ran is unknown then, and it is repeated on a new connection. Only for a server that
            costs nothing.
    """

    target: Target
    reuse: bool = False
    _number: int = 0
    _tls: ssl.SSLContext | None = field(default=None)
    _kept: http.client.HTTPConnection | None = field(default=None)
    _secrets: tuple[Secret, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if self.target.checks_token:
            self._secrets = (Secret(self.target.token.encode()),)

    def prepare(self, call: PlannedCall) -> Exchange:
        """The exchange of a call before it is sent: the request without the token, no reply."""
        self._number += 1
        target = self.target
        return Exchange(
            number=self._number,
            account=target.account_id if target.surface == "rest" else "",
            surface=target.surface,
            method=call.method,
            target=self._clean(f"{target.prefix}{call.path}"),
            request_headers=tuple(
                (n, REDACTED if n == "authorization" else v) for n, v in call.headers
            ),
            request_body=self._clean_bytes(call.body),
            request_complete=True,
            credential=call.credential,
            status=None,
            response_headers=(),
            response_body=b"",
            outcome=outcome_of(None),
            received_at=time.time(),
            host=f"{target.host}:{target.port}",
        )

    def send(self, call: PlannedCall, prepared: Exchange) -> Exchange:
        """Send a call, and add the reply to its exchange.

        Raises:
            CouldNotRun: No connection, or no valid certificate.
        """
        begun = time.perf_counter()
        right = TOKEN_HERE.format(token=self.target.token)
        headers = {n: right if v == TOKEN_HERE else v for n, v in call.headers}
        reply = self._exchange(call.method, f"{self.target.prefix}{call.path}", headers, call.body)
        return replace(
            prepared,
            status=reply.status,
            response_headers=reply.headers,
            response_body=reply.body,
            outcome=outcome_of(reply.status),
            elapsed=time.perf_counter() - begun,
        )

    def get(self, path: str) -> Reply:
        """The reply to a GET of a path at the root of the server, without a token."""
        return self._exchange("GET", path, {}, b"")

    def refuse_redirect(self, exchange: Exchange) -> None:
        """Raise `CouldNotRun` if the reply is a redirect."""
        if exchange.status in _REDIRECTS:
            place = dict(exchange.response_headers).get("location", "another place")
            raise CouldNotRun(
                f"{self.target.base_url} redirects to {place}; redirects are not followed, give "
                "the final URL"
            )

    def close(self) -> None:
        """Close the connection that is kept."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """Send a call: on the kept connection, or on a new one if that one ended while idle.

        The time limit bounds both together.
        """
        deadline = time.monotonic() + self.target.timeout
        request = (method, path, headers, body)
        kept, self._kept = self._kept, None
        if kept is not None:
            reply = self._attempt(kept, deadline, request)
            if reply is not None:
                return reply
        return self._attempt(self._connect(), deadline, request) or Reply()

    def _attempt(
        self, connection: http.client.HTTPConnection, deadline: float, request: _Request
    ) -> Reply | None:
        """Send a call on a connection, and keep the connection if it can be used again.

        Returns:
            `None` if the connection ended before the first line of a reply; no status if it ended
            later, or if the time limit passed.
        """
        reusable = False
        cast("DeadlineSocket", connection.sock).deadline = deadline
        try:
            response = _answered(connection, *request)
            if response is None:
                return None
            reply, reusable = self._read(response)
        except (OSError, http.client.HTTPException):
            return Reply()
        else:
            return reply
        finally:
            if reusable and self.reuse:
                self._kept = connection
            else:
                connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        target = self.target
        connection: http.client.HTTPConnection
        if target.scheme == "https":
            self._tls = self._tls or ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                target.host, target.port, timeout=target.timeout, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(
                target.host, target.port, timeout=target.timeout
            )
        try:
            connection.connect()
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise CouldNotRun(f"{target.base_url}: the TLS connection failed: {reason}") from None
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CouldNotRun(f"{target.base_url}: no connection: {reason}") from None
        connection.sock = cast("socket.socket", DeadlineSocket(connection.sock))
        return connection

    def _read(self, response: http.client.HTTPResponse) -> tuple[Reply, bool]:
        """Read a reply to its end, and whether the connection can be used again."""
        headers = tuple((n.lower(), self._clean(v)) for n, v in response.getheaders())
        parts: list[bytes] = []
        size = 0
        while size <= MAX_REPLY:
            part = _part(response)
            if not part:
                break
            parts.append(part)
            size += len(part)
        if response.length == 0:  # `read1` leaves it open (python/cpython#113199)
            response.close()
        if response.length:  # bytes that Content-Length promises and the connection did not bring
            return Reply(), False
        reply = Reply(response.status, headers, self._clean_bytes(b"".join(parts)))
        return reply, response.isclosed() and not response.will_close

    def _clean(self, text: str) -> str:
        return self._clean_bytes(text.encode("utf-8", "surrogatepass")).decode(
            "utf-8", "surrogatepass"
        )

    def _clean_bytes(self, raw: bytes) -> bytes:
        for secret in self._secrets:
            raw = secret.hide(raw)
        return raw


def _answered(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
) -> http.client.HTTPResponse | None:
    """Send a request, and read the head of its reply; `None` if the connection ends before it.

    A server may answer and close without reading the body, so that the write fails although a
    reply is there (RFC 9112, section 9.6).
    """
    try:
        connection.request(method, path, body=body, headers=headers)
    except TimeoutError:
        raise
    except OSError:
        pass
    try:
        return connection.getresponse()
    except (ConnectionError, ssl.SSLEOFError, http.client.BadStatusLine):
        return None


def _part(response: http.client.HTTPResponse) -> bytes:
    """The next bytes of a body; none at its end.

    The end of the connection ends a body of unknown length. A server that left a part of the
    request unread resets the connection there; a truncated body is no JSON.
    """
    try:
        return response.read1(_CHUNK)
    except ConnectionResetError:
        if response.length is None and not response.chunked:
            return b""
        raise


def outcome_of(status: int | None) -> str:
    """The outcome of an exchange with a server, by its status."""
    if status is None:
        return "no-reply"
    return {2: "completed", 4: "invalid"}.get(status // 100, "other")
