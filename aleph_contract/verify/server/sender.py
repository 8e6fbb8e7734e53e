"""Send one planned call over HTTP, and record the exchange without the token."""

from __future__ import annotations

import http.client
import ssl
import time
from dataclasses import dataclass, field

from aleph_contract.core.exchange import REDACTED, Exchange
from aleph_contract.errors import CouldNotRun
from aleph_contract.verify.server.call import TOKEN_HERE, PlannedCall
from aleph_contract.verify.server.target import Target

#: Bytes of a reply that are read; a longer one is cut there, and judged as incomplete.
MAX_REPLY = 16 * 1024 * 1024

_CHUNK = 65536

_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: no status if no complete reply came in time."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(slots=True)
class Sender:
    """Sends calls to one server, each on a connection of its own.

    A connection is never reused: after a failure on a reused one a client cannot know whether the
    call ran, and must not repeat it. Redirects are not followed, and proxies are not used.
    """

    target: Target
    _number: int = 0
    _tls: ssl.SSLContext | None = field(default=None)

    def send(self, call: PlannedCall) -> Exchange:
        """Send a call.

        Raises:
            CouldNotRun: No connection, no valid certificate, or a redirect.
        """
        self._number += 1
        path = f"{self.target.prefix}{call.path}"
        started, begun = time.time(), time.perf_counter()
        reply = self._exchange(call, path)
        if reply.status in _REDIRECTS:
            place = self._clean(dict(reply.headers).get("location", "another place"))
            raise CouldNotRun(
                f"{self.target.base_url} redirects to {place}; redirects are not followed, give "
                "the final URL"
            )
        return self._record(call, path, reply, started, time.perf_counter() - begun)

    def _exchange(self, call: PlannedCall, path: str) -> Reply:
        connection = self._connect()
        try:
            headers = dict(self._headers(call))
            connection.request(call.method, path, body=call.body, headers=headers)
            return self._read(connection)
        except (OSError, http.client.HTTPException):
            return Reply()
        finally:
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
        return connection

    def _read(self, connection: http.client.HTTPConnection) -> Reply:
        """Read the reply; each read gets the time that is left until the deadline."""
        deadline = time.monotonic() + self.target.timeout
        response = connection.getresponse()
        headers = tuple((n.lower(), self._clean(v)) for n, v in response.getheaders())
        parts: list[bytes] = []
        size = 0
        while size <= MAX_REPLY:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if connection.sock is not None:
                connection.sock.settimeout(left)
            part = response.read1(_CHUNK)
            if not part:
                break
            parts.append(part)
            size += len(part)
        if response.length:  # bytes that Content-Length promises and the connection did not bring
            return Reply()
        body = b"".join(parts)
        return Reply(response.status, headers, self._clean_bytes(body))

    def _headers(self, call: PlannedCall) -> tuple[tuple[str, str], ...]:
        right = TOKEN_HERE.format(token=self.target.token)
        return tuple((n, right if v == TOKEN_HERE else v) for n, v in call.headers)

    def _record(
        self, call: PlannedCall, path: str, reply: Reply, started: float, elapsed: float
    ) -> Exchange:
        status = reply.status
        shown = tuple((n, REDACTED if n == "authorization" else v) for n, v in call.headers)
        return Exchange(
            number=self._number,
            account=self.target.account_id if self.target.surface == "rest" else "",
            surface=self.target.surface,
            method=call.method,
            target=self._clean(path),
            request_headers=shown,
            request_body=call.body,
            request_complete=True,
            credential=call.credential,
            status=status,
            response_headers=reply.headers,
            response_body=reply.body,
            outcome=outcome_of(status),
            received_at=started,
            elapsed=elapsed,
            host=f"{self.target.host}:{self.target.port}",
        )

    def _clean(self, text: str) -> str:
        return text.replace(self.target.token, REDACTED) if self.target.checks_token else text

    def _clean_bytes(self, body: bytes) -> bytes:
        token = self.target.token.encode()
        return body.replace(token, REDACTED.encode()) if self.target.checks_token else body


def outcome_of(status: int | None) -> str:
    """The outcome of an exchange with a server, by its status."""
    if status is None:
        return "no-reply"
    return {2: "completed", 4: "invalid"}.get(status // 100, "other")
