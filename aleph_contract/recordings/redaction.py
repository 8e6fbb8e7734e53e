"""Find the tokens of a recording, and remove them from everything that is kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aleph_contract.core.exchange import REDACTED, TOKEN_HEADERS
from aleph_contract.recordings.recorded_call import Headers, RecordedCall
from fake_server.runs.request import SECRET_HEADERS, is_secret

_SECRET_NAMES = frozenset(name.decode() for name in SECRET_HEADERS)
_SCHEME = re.compile(r"(bearer|basic|token) +(?=\S)", re.IGNORECASE)

#: Tokens that no header of the recording names: after `Bearer`, and in a query.
_UNNAMED = re.compile(
    rb"(bearer(?: +|%20|\+)|[?&](?:api_?)?(?:access_)?(?:token|key)=)[^\s&\"'\\<>]{16,}",
    re.IGNORECASE,
)


class Tokens:
    """The tokens that occur in the headers of a recording."""

    def __init__(self, calls: Iterable[RecordedCall]) -> None:
        found = {word for call in calls for word in _tokens(call.request_headers)}
        self._known = [re.escape(token) for token in sorted(found, key=len, reverse=True)]
        self._pattern = re.compile(b"|".join(self._known)) if self._known else None

    def __bool__(self) -> bool:
        return bool(self._known)

    def hide(self, raw: bytes) -> bytes:
        """The bytes with every token replaced by `REDACTED`."""
        known = self._pattern.sub(REDACTED.encode(), raw) if self._pattern else raw
        return _UNNAMED.sub(lambda match: match[1] + REDACTED.encode(), known)

    def hide_text(self, text: str) -> str:
        """The same for text."""
        return self.hide(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def hide_headers(self, headers: Headers) -> Headers:
        """Headers without tokens; of a secret header only the scheme, such as `Bearer`, stays."""
        return tuple((name, self._header(name.lower(), value)) for name, value in headers)

    def leaked(self, call: RecordedCall) -> bool:
        """Whether a token is in the URL, the body, or a header in which none belongs."""
        headers = (value for name, value in call.request_headers if name not in TOKEN_HEADERS)
        texts = (text.encode("utf-8", "surrogatepass") for text in (call.url, *headers))
        places = (*texts, call.request_body or b"")
        pattern = self._pattern
        return pattern is not None and any(pattern.search(place) for place in places)

    def _header(self, name: str, value: str) -> str:
        if name not in _SECRET_NAMES:
            return self.hide_text(value)
        scheme = _SCHEME.match(value)
        return (scheme[0] if scheme else "") + REDACTED


def _tokens(headers: Headers) -> Iterator[bytes]:
    for name, value in headers:
        if name in TOKEN_HEADERS:
            words = (word.encode("utf-8", "surrogatepass") for word in value.split())
            yield from (word for word in words if is_secret(word))
