"""Find the secrets of a recording, and remove them from everything that is kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from aleph_contract.core.exchange import REDACTED, TOKEN_HEADERS, Exchange
from aleph_contract.core.secret import Secret, credentials_of_header
from aleph_contract.recordings.recorded_call import (
    Entry,
    Headers,
    RecordedCall,
    RecordedExchange,
)
from fake_server.runs.request import SECRET_HEADERS, is_secret

_SECRET_NAMES = frozenset(name.decode() for name in SECRET_HEADERS)

#: Headers whose words are secrets wherever they stand. A cookie holds names and settings too.
_WORD_HEADERS = _SECRET_NAMES - {"cookie", "set-cookie"}

_SCHEME = re.compile(r"(bearer|basic|token) +(?=\S)", re.IGNORECASE)

#: Secrets that no header of the recording names: after `Bearer`, and in a query.
_UNNAMED = re.compile(
    rb"(bearer(?: +|%20|\+)|[?&](?:api_?)?(?:access_)?(?:token|key)=)([^\s&\"'\\<>]{16,})",
    re.IGNORECASE,
)

#: A word with the form of an API token: 40 letters, digits, `_` and `-` (documented), both cases
#: among them, so that a SHA-1 hash is none. A word may follow an escape of JSON.
_LIKE_A_TOKEN = re.compile(
    rb"(?:(?<![\w-])|(?<=\\[bfnrt]))(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{40}(?![\w-])"
)


class Tokens:
    """The secrets of a recording: API tokens, and other keys.

    Args:
        entries: Every entry of the recording.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        tokens: dict[bytes, None] = {}
        others: dict[bytes, None] = {}
        for entry in entries:
            for name, value in _request_headers(entry):
                if name in _WORD_HEADERS:
                    known = tokens if name in TOKEN_HEADERS else others
                    known.update(dict.fromkeys(_words(value)))
            if isinstance(entry, RecordedCall):
                found = (match[2] for match in _UNNAMED.finditer(_bytes(entry.url)))
                others.update(dict.fromkeys(found))
        self._tokens = [Secret(token) for token in sorted(tokens, key=len, reverse=True)]
        self._others = [Secret(other) for other in others if other not in tokens]

    def __bool__(self) -> bool:
        """Whether a header of the recording holds an API token."""
        return bool(self._tokens)

    def hide(self, raw: bytes) -> bytes:
        """The bytes with every secret replaced by `REDACTED`."""
        for secret in (*self._tokens, *self._others):
            raw = secret.hide(raw)
        raw = _UNNAMED.sub(lambda match: match[1] + REDACTED.encode(), raw)
        if self._tokens:
            return raw
        return _LIKE_A_TOKEN.sub(REDACTED.encode(), raw)  # a gateway log names no token

    def hide_text(self, text: str) -> str:
        """The same for text."""
        return self.hide(_bytes(text)).decode("utf-8", "surrogatepass")

    def hide_headers(self, headers: Headers) -> Headers:
        """Headers without secrets; of a secret header only the scheme, such as `Bearer`, stays."""
        return tuple((name, self._header(name.lower(), value)) for name, value in headers)

    def hide_exchange(self, exchange: Exchange) -> Exchange:
        """An exchange without secrets."""
        return replace(
            exchange,
            target=self.hide_text(exchange.target),
            request_headers=self.hide_headers(exchange.request_headers),
            request_body=self.hide(exchange.request_body),
            response_headers=self.hide_headers(exchange.response_headers),
            response_body=self.hide(exchange.response_body),
        )

    def leaked(self, call: RecordedCall) -> bool:
        """Whether a token is in the URL, the body, or a header in which none belongs."""
        headers = (value for name, value in call.request_headers if name not in TOKEN_HEADERS)
        places = (*map(_bytes, (call.url, *headers)), call.request_body or b"")
        return any(token.is_in(place) for token in self._tokens for place in places)

    def _header(self, name: str, value: str) -> str:
        if name not in _SECRET_NAMES:
            return self.hide_text(value)
        scheme = _SCHEME.match(value)
        return (scheme[0] if scheme else "") + REDACTED


def _request_headers(entry: Entry) -> Headers:
    if isinstance(entry, RecordedCall):
        return entry.request_headers
    return entry.exchange.request_headers if isinstance(entry, RecordedExchange) else ()


def _words(value: str) -> Iterator[bytes]:
    return filter(is_secret, credentials_of_header(_bytes(value)))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
