"""One request on its way through the fake, and the record that it leaves in the journal."""

from __future__ import annotations

import re
import time
from collections.abc import MutableMapping
from decimal import Decimal
from typing import Any

from aleph_contract.exchange import Credential, Exchange, Surface
from fake_server import accounts
from fake_server.accounts import Account
from fake_server.faults import Step
from fake_server.reading import Body

Scope = MutableMapping[str, Any]
Headers = tuple[tuple[bytes, bytes], ...]

REDACTED = b"REDACTED"

#: Headers whose values are secrets whatever they hold.
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

#: Tokens shorter than this are made up for a test and no secrets: `x` stands in every prompt.
#: Those of the service have 40 characters (documented).
SECRET_LENGTH = 16

#: Stands in where a request names no account.
NOBODY = Account(accounts.NOBODY)

_SCHEME = re.compile(rb"(bearer|basic|token) +(?=\S)", re.IGNORECASE)


class Request:
    """What is known of a request so far; what it holds at the end is its exchange.

    It keeps bytes as they came and makes the `Exchange` when somebody reads the journal: most
    exchanges are never read, and the request should not wait for it.
    """

    __slots__ = (
        "account",
        "answer_headers",
        "answered",
        "billed",
        "body",
        "clock",
        "cost",
        "credential",
        "elapsed",
        "headers",
        "known",
        "method",
        "number",
        "outcome",
        "path",
        "query",
        "raw_path",
        "ray",
        "received_at",
        "seconds",
        "status",
        "step",
        "surface",
        "token",
    )

    def __init__(self, scope: Scope, surface: Surface, ray: bytes) -> None:
        self.received_at = time.time()
        self.clock = time.perf_counter()
        self.account = NOBODY
        self.surface = surface
        self.ray = ray
        self.step: Step | None = None
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope.get("raw_path") or self.path.encode()
        self.query: bytes = scope["query_string"]
        self.headers: Headers = tuple(scope["headers"])
        self.known = dict(self.headers)
        self.body = Body(b"", complete=False)
        self.credential: Credential = "none"
        self.token: bytes | None = None
        self.number = 0
        self.status: int | None = None
        self.answer_headers: Headers = ()
        self.answered = b""
        self.outcome = "cut"
        self.billed = False
        self.seconds: Decimal | None = None
        self.cost = Decimal(0)
        self.elapsed = 0.0

    def finish(self, status: int | None, headers: Headers, answered: bytes, outcome: str) -> None:
        """Note how the request ended, and let go of what the record does not need."""
        self.status = status
        self.answer_headers = headers
        self.answered = answered
        self.outcome = outcome
        self.elapsed = time.perf_counter() - self.clock
        self.known = {}

    def exchange(self) -> Exchange:
        """The record for the journal, without secrets."""
        secrets = self._secrets()
        target = self.raw_path + (b"?" + self.query if self.query else b"")
        raw = self.body.raw
        return Exchange(
            number=self.number,
            account=self.account.id,
            surface=self.surface,
            method=self.method,
            target=_text(_hide(target, secrets)),
            request_headers=tuple(
                (_text(name), _text(_header(name, value, secrets))) for name, value in self.headers
            ),
            request_body=_hide(raw, secrets),
            request_complete=self.body.complete,
            credential=self.credential,
            status=self.status,
            response_headers=tuple((_text(n), _text(v)) for n, v in self.answer_headers),
            response_body=_hide(self.answered, secrets),
            outcome=self.outcome,
            fault=self.step.fault.name if self.step and self.step.fault else None,
            billed=self.billed,
            billed_seconds=self.seconds if self.billed else None,
            cost=self.cost,
            received_at=self.received_at,
            elapsed=self.elapsed,
            token_leaked=any(secret in target or secret in raw for secret in secrets),
            host=next((_text(v) for n, v in self.headers if n == b"host"), ""),
        )

    def _secrets(self) -> tuple[bytes, ...]:
        own = self.account.token
        tokens = {self.token or b"", own.encode() if own else b""}
        return tuple(token for token in tokens if is_secret(token))


def is_secret(token: bytes) -> bool:
    """Whether a token is one to hide: long enough, and not the name of a fault."""
    return len(token) >= SECRET_LENGTH and not token.startswith(b"fault-")


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
