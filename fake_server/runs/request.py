"""The three states of a request: its head, the request as received, and the finished request.

`RequestHead` is made when the headers are complete, `ReceivedRequest` when the body has been read,
`FinishedRequest` when the response is known. Each is complete when it is made and never changes.
What the fake decides in between is in the records of `decision.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from time import time as _now
from typing import NamedTuple

from aleph_contract.core.exchange import Credential, Exchange, SurfaceName
from fake_server.replies import faults
from fake_server.state.accounts import Account
from fake_server.state.billing import ZERO_USD

Headers = tuple[tuple[bytes, bytes], ...]


class RequestHead(NamedTuple):
    """Request line and headers.

    Args:
        received_at: Unix time when the headers were complete.
        method: As sent.
        path: Path of the target, percent-decoded.
        raw_path: Path of the target as sent.
        query: The part of the target after the question mark, as sent.
        headers: As in ASGI: in order, names in lower case.
        server: Address and port of the listening socket, if known.
        by_name: The headers by name; of a repeated header, the last value.
    """

    received_at: float
    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    server: tuple[str, int | None] | None
    by_name: Mapping[bytes, bytes]

    @classmethod
    def now(  # noqa: PLR0917 - runs on every request, where keyword arguments cost time
        cls,
        method: str,
        path: str,
        raw_path: bytes,
        query: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        server: tuple[str, int | None] | None,
    ) -> RequestHead:
        """A head whose headers are complete now."""
        values = (_now(), method, path, raw_path, query, headers, server, dict(headers))
        return tuple.__new__(cls, values)


class ReceivedRequest(NamedTuple):
    """A request whose body has been read, or is read no further.

    Args:
        head: Its head.
        body: The bytes of the body, after transfer decoding.
        complete: Whether that is the whole body.
    """

    head: RequestHead
    body: bytes = b""
    complete: bool = False


class Charge(NamedTuple):
    """What the real service may charge for a request: whether anything, seconds of video, USD."""

    billed: bool
    seconds: Decimal | None
    usd: Decimal


NO_CHARGE = Charge(billed=False, seconds=None, usd=ZERO_USD)


REDACTED = b"REDACTED"

#: Headers whose whole value is a secret.
SECRET_HEADERS = frozenset(
    {
        b"authorization",
        b"cf-access-client-secret",
        b"cf-aig-authorization",
        b"cookie",
        b"proxy-authorization",
        b"x-auth-key",
        b"x-auth-user-service-key",
    }
)

#: Shorter tokens are made up by tests and are not hidden: `x` occurs in every prompt. Tokens of the
#: service have 40 characters (documented).
SECRET_LENGTH = 16

_FAULT_PREFIX = faults.FAULT_PREFIX.encode()
_SCHEME = re.compile(rb"(bearer|basic|token) +(?=\S)", re.IGNORECASE)


class FinishedRequest(NamedTuple):
    """A request and what was sent in response, as bytes.

    The journal keeps it instead of the `Exchange`, which `exchange` builds when it is read: most
    exchanges are never read, and no request should pay for that. It holds nothing that the exchange
    does not need: a `Refused` would keep its traceback alive, and with it every frame.
    """

    number: int
    account: Account
    surface: SurfaceName
    method: str
    target: bytes
    headers: Headers
    body: bytes
    complete: bool
    credential: Credential
    status: int | None
    response_headers: Headers
    response_body: bytes
    outcome: str
    fault: str | None
    charge: Charge
    received_at: float
    elapsed: float

    def exchange(self) -> Exchange:
        """The exchange for the journal, without secrets."""
        secrets = self._secrets()
        return Exchange(
            number=self.number,
            account=self.account.id,
            surface=self.surface,
            method=self.method,
            target=_text(_hide(self.target, secrets)),
            request_headers=tuple(
                (_text(name), _text(_header(name, value, secrets))) for name, value in self.headers
            ),
            request_body=_hide(self.body, secrets),
            request_complete=self.complete,
            credential=self.credential,
            status=self.status,
            response_headers=tuple((_text(n), _text(v)) for n, v in self.response_headers),
            response_body=_hide(self.response_body, secrets),
            outcome=self.outcome,
            fault=self.fault,
            billed=self.charge.billed,
            billed_seconds=self.charge.seconds,
            cost=self.charge.usd,
            received_at=self.received_at,
            elapsed=self.elapsed,
            token_leaked=any(secret in self.target or secret in self.body for secret in secrets),
            host=next((_text(value) for name, value in self.headers if name == b"host"), ""),
        )

    def _secrets(self) -> tuple[bytes, ...]:
        words = {(self.account.token or "").encode()}
        for name, value in self.headers:
            if name == b"authorization":
                words.update(value.split())
        return tuple(word for word in words if is_secret(word))


def is_secret(token: bytes) -> bool:
    """Whether to hide a token: it is long enough, and does not name a fault."""
    return len(token) >= SECRET_LENGTH and not token.startswith(_FAULT_PREFIX)


def _hide(text: bytes, secrets: tuple[bytes, ...]) -> bytes:
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text


def _header(name: bytes, value: bytes, secrets: tuple[bytes, ...]) -> bytes:
    if name not in SECRET_HEADERS:
        return _hide(value, secrets)
    scheme = _SCHEME.match(value)
    return (scheme[0] if scheme else b"") + REDACTED


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
