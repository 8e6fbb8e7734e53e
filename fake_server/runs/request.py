"""One request on its way through the fake, and the record that it leaves in the journal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from time import time as _now
from typing import Any, NamedTuple, Protocol

from aleph_contract.core.exchange import Credential, Exchange, SurfaceName
from fake_server.replies import faults
from fake_server.replies.failures import Failure, Refused
from fake_server.state import accounts
from fake_server.state.accounts import Account
from fake_server.state.billing import ZERO_USD
from fake_server.state.scenarios import ScenarioStep

Headers = tuple[tuple[bytes, bytes], ...]


class Answer(NamedTuple):
    """What is to be sent, and the outcome if it is sent whole."""

    status: int
    headers: Headers
    body: bytes
    outcome: str

    @classmethod
    def of(cls, status: int, headers: Headers, body: bytes, outcome: str) -> Answer:
        """An answer that declares its length."""
        length = (b"content-length", b"%d" % len(body))
        return tuple.__new__(cls, (status, (*headers, length), body, outcome))


class Surface(Protocol):
    """One of the surfaces: how a request comes in there, and what its answers look like."""

    @property
    def surface(self) -> SurfaceName:
        """Its name."""

    def locate(self, request: Request) -> Account:
        """Find the account that a request is for by where it goes, or raise `Refused`."""

    def admit(self, request: Request) -> None:
        """By its head, let a request in to its account, or raise `Refused`."""

    def open(self, request: Request) -> None:
        """By its body, find the input that a request is about, or raise `Refused`."""

    def headers(self, request: Request) -> Headers:
        """The headers of every answer."""

    def success(self, account: Account, bare: bytes) -> bytes:
        """The body of a success, around the bare reply."""

    def failure(self, failure: Failure, message: str) -> bytes:
        """The body of a failure."""


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
NOBODY = Account(accounts.NO_ACCOUNT)

_FAULT = faults.FAULT_PREFIX.encode()
_SCHEME = re.compile(rb"(bearer|basic|token) +(?=\S)", re.IGNORECASE)
_NONE: Mapping[bytes, bytes] = {}


class Request:
    """What is known of a request so far; what it holds at the end is its exchange.

    It keeps bytes as they came and makes the `Exchange` when somebody reads the journal: most
    exchanges are never read, and no request should wait for it.

    Args:
        method: As sent.
        path: Path of the target, percent-decoded.
        raw_path: Path of the target as sent.
        query: What follows the question mark in the target, as sent.
        headers: As ASGI has them, names in lower case.
        server: Address and port that the connection came to, if known.
    """

    __slots__ = (
        "account",
        "answer_headers",
        "answered",
        "billed",
        "complete",
        "cost",
        "credential",
        "door",
        "elapsed",
        "elsewhere",
        "entered",
        "floats",
        "headers",
        "known",
        "method",
        "number",
        "outcome",
        "path",
        "query",
        "raw",
        "raw_path",
        "ray",
        "received_at",
        "refused",
        "seconds",
        "server",
        "status",
        "step",
        "value",
    )

    def __init__(  # noqa: PLR0917 - on the path of every request, where keywords cost
        self,
        method: str,
        path: str,
        raw_path: bytes,
        query: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        server: tuple[str, int | None] | None,
    ) -> None:
        self.received_at = _now()
        self.method = method
        self.path = path
        self.raw_path = raw_path
        self.query = query
        self.headers = headers
        self.known: Mapping[bytes, bytes] = dict(headers)
        self.server = server
        self.door: Surface
        self.account = NOBODY
        self.entered: Account
        self.credential: Credential = "none"
        self.elsewhere = False
        self.refused: Refused | None = None
        self.step: ScenarioStep | None = None
        self.raw = b""
        self.complete = False
        self.value: Any = None
        self.floats: bool | None = None
        self.billed = False
        self.seconds: Decimal | None = None
        self.cost = ZERO_USD
        self.number = 0
        # Set by `runs.Runs`, and by `finish`.
        self.ray: bytes
        self.status: int | None
        self.answer_headers: Headers
        self.answered: bytes
        self.outcome: str
        self.elapsed: float

    def finish(self, status: int | None, headers: Headers, answered: bytes, outcome: str) -> None:
        """Note how the request ended, and let go of what the record does not need."""
        self.status = status
        self.answer_headers = headers
        self.answered = answered
        self.outcome = outcome
        self.elapsed = max(_now() - self.received_at, 0.0)
        self.headers = tuple(self.headers)
        self.known = _NONE
        self.value = self.refused = None

    def exchange(self) -> Exchange:
        """The record for the journal, without secrets."""
        secrets = self._secrets()
        target = self.raw_path + (b"?" + self.query if self.query else b"")
        return Exchange(
            number=self.number,
            account=self.account.id,
            surface=self.door.surface,
            method=self.method,
            target=_text(_hide(target, secrets)),
            request_headers=tuple(
                (_text(name), _text(_header(name, value, secrets))) for name, value in self.headers
            ),
            request_body=_hide(self.raw, secrets),
            request_complete=self.complete,
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
            token_leaked=any(secret in target or secret in self.raw for secret in secrets),
            host=next((_text(value) for name, value in self.headers if name == b"host"), ""),
        )

    def _secrets(self) -> tuple[bytes, ...]:
        words = {(self.account.token or "").encode()}
        for name, value in self.headers:
            if name == b"authorization":
                words.update(value.split())
        return tuple(word for word in words if is_secret(word))


def is_secret(token: bytes) -> bool:
    """Whether a token is one to hide: long enough, and not the name of a fault."""
    return len(token) >= SECRET_LENGTH and not token.startswith(_FAULT)


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
