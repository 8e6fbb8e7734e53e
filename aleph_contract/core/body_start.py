"""The beginning of a large body, which lists of exchanges hold in place of the body."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from aleph_contract.core.exchange import Exchange

#: Bytes of the longest body that is listed whole.
LARGE_BODY = 64 * 1024

#: Bytes that a list shows of a longer body.
START = 2048


class BodyStart(bytes):
    """The first bytes of a large body.

    Args:
        start: These bytes.
        length: Bytes of the whole body.
        sha256: Hash of the whole body, in hexadecimal digits, or a function that computes it when
            it is first read.
    """

    length: int
    _sha256: str | Callable[[], str]

    def __new__(cls, start: bytes, length: int, sha256: str | Callable[[], str]) -> BodyStart:  # noqa: D102 - see the class
        self = super().__new__(cls, start)
        self.length = length
        self._sha256 = sha256
        return self

    @property
    def sha256(self) -> str:
        """Hash of the whole body; empty if the body was dropped before the hash was read."""
        if callable(self._sha256):
            self._sha256 = self._sha256()
        return self._sha256


def is_large(body: bytes) -> bool:
    """Whether a list shows only the beginning of this body."""
    return not isinstance(body, BodyStart) and len(body) > LARGE_BODY


def start_of(body: bytes) -> bytes:
    """The body, or its `BodyStart` if it is large."""
    if not is_large(body):
        return body
    return BodyStart(body[:START], len(body), hashlib.sha256(body).hexdigest())


def length_of(body: bytes) -> int:
    """The bytes of the whole body, of which `body` may be the beginning."""
    return body.length if isinstance(body, BodyStart) else len(body)


def shortened(exchange: Exchange) -> Exchange:
    """The exchange with the beginning of each large body."""
    request, response = start_of(exchange.request_body), start_of(exchange.response_body)
    if request is exchange.request_body and response is exchange.response_body:
        return exchange
    return replace(exchange, request_body=request, response_body=response)


def is_partial(exchange: Exchange) -> bool:
    """Whether the exchange has the beginning of a body in place of the body."""
    bodies = exchange.request_body, exchange.response_body
    return any(isinstance(body, BodyStart) for body in bodies)
