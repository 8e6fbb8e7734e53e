"""Presigned result URLs that expire, as object stores issue them.

Result URLs of other models are often presigned: a long query with `X-Amz-Expires=86400` and a
signature (observed). A client that stores the URL, re-encodes its query or cuts it off gets 403.
The form is that of AWS Signature Version 4; the signature is made with a random key of the fake.
"""

from __future__ import annotations

import hmac
import secrets
from calendar import timegm
from time import gmtime, strftime, strptime
from urllib.parse import parse_qsl

from aleph_contract.core.clock import WALL_CLOCK, Clock

_DATE = "%Y%m%dT%H%M%SZ"


class Presigner:
    """Signs and checks the URLs of one fake.

    Args:
        expires: Seconds until a URL expires.
        clock: The clock of the clients.
    """

    def __init__(self, expires: int, clock: Clock = WALL_CLOCK) -> None:
        self._clock = clock
        self._expires = expires
        self._key = secrets.token_bytes(32)

    def query(self, name: bytes) -> bytes:
        """The query of a URL that ends in the file name `name`, with its question mark."""
        date = strftime(_DATE, gmtime(self._clock.now()))
        signature = self._signature(name, date, str(self._expires))
        return (
            "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Credential=fake%2F{date[:8]}%2Fauto%2Fs3%2Faws4_request"
            f"&X-Amz-Date={date}&X-Amz-Expires={self._expires}"
            f"&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"
        ).encode()

    def problem(self, name: bytes, query: bytes) -> str:
        """Why a URL is refused; empty if it is signed and has not expired."""
        given = dict(parse_qsl(query.decode("latin-1")))
        date, expires = given.get("X-Amz-Date", ""), given.get("X-Amz-Expires", "")
        expected = self._signature(name, date, expires)
        if not hmac.compare_digest(expected, given.get("X-Amz-Signature", "")):
            return "SignatureDoesNotMatch"
        # The signature is ours, so that date and seconds have the right form.
        signed_at = timegm(strptime(date, _DATE))
        return "AccessDenied" if self._clock.now() > signed_at + int(expires) else ""

    def _signature(self, name: bytes, date: str, expires: str) -> str:
        text = b"\n".join((name, date.encode(), expires.encode()))
        return hmac.new(self._key, text, "sha256").hexdigest()
