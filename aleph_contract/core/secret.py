"""Find a secret in bytes in the forms in which software writes it, and replace it.

The forms: as it is, percent-encoded (RFC 3986), with the escapes of JSON and HTML, in base64 at any
alignment (RFC 4648, both alphabets), and in hexadecimal digits. A reader can undo each of these.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property, lru_cache
from itertools import islice
from typing import AnyStr

from aleph_contract.core.exchange import REDACTED

#: A shorter secret is searched without base64 and hexadecimal digits, which match other text.
_SHORTEST_ENCODED = 8

#: Bytes of a text from which on jsonschema-rs searches it: four times as fast as `in` for 5 MB.
_LARGE = 64 * 1024

#: Text without any of these holds no escaped form.
_MARKERS = (b"%", b"\\u", b"&#")
_TEXT_MARKERS = tuple(marker.decode() for marker in _MARKERS)

#: An escaped byte: percent-encoded, in JSON, in HTML (hexadecimal, decimal). See `_character`.
_ESCAPE = re.compile(
    rb"%([0-9A-Fa-f]{2})|\\{1,8}u00([0-9A-Fa-f]{2})|&#[Xx]0*([0-9A-Fa-f]{1,2});|&#0*([0-9]{1,3});"
)
_BASES = {1: 16, 2: 16, 3: 16, 4: 10}

#: Escaped bytes that are read one by one; a text with more is searched at once.
_MAX_READ = 1000

_REDACTED = REDACTED.encode()


#: The characters of a token in a header (RFC 9110, 11.2: token68).
_TOKEN68 = re.compile(rb"[A-Za-z0-9._~+/-]+=*")

#: User name and password in a URL, and parameters that by their names hold a token or a key.
_IN_URL = re.compile(
    rb"//(?:[^/?#@\s:]*:)?([^/?#@\s]+)@"
    rb"|[?&](?:api[_-]?)?(?:(?:access|auth)[_-]?)?(?:token|key)=([^\s&#\"'\\<>]+)",
    re.IGNORECASE,
)


def credentials_of_header(value: bytes) -> Iterator[bytes]:
    """The words of a header such as Authorization that may be secrets; many are none.

    The header may be malformed, such as `Bearer:TOKEN`. Basic authentication (RFC 7617) holds user
    name and password; either may be the token.
    """
    yield from value.split()
    yield from _TOKEN68.findall(value)
    scheme, _, encoded = value.partition(b" ")
    if scheme.lower() == b"basic":
        with suppress(ValueError):
            yield from b64decode(encoded.strip(), validate=True).split(b":", 1)


def credentials_of_url(url: bytes) -> Iterator[bytes]:
    """The parts of a URL that by their place may be secrets."""
    if b"@" in url or b"=" in url:  # most URLs hold neither
        for match in _IN_URL.finditer(url):
            yield match[1] or match[2]


def is_bearer_token(text: str) -> bool:
    """Whether a header `Authorization: Bearer …` can carry the text."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


class Secret:
    """One secret.

    Args:
        value: The secret; not empty.
    """

    def __init__(self, value: bytes) -> None:
        self._literals = fixed_forms(value)
        self._value = value
        self._codes = frozenset(value)
        self._holds_marker = any(marker[:1] in value for marker in _MARKERS)

    def hide(self, raw: bytes) -> bytes:
        """The bytes with every form of the secret replaced by `REDACTED`."""
        for literal in self._literals:
            if literal in raw:
                raw = raw.replace(literal, _REDACTED)
        if self._may_be_escaped_in(raw):
            return self._escaped.sub(_REDACTED, raw)
        return raw

    def _may_be_escaped_in(self, raw: bytes) -> bool:
        """Whether `raw` may hold an escaped form: it may if it holds the secret once unescaped."""
        if not _has_one(_MARKERS, raw):
            return False
        codes = [_code(escape) for escape in islice(_ESCAPE.finditer(raw), _MAX_READ)]
        if len(codes) == _MAX_READ:
            return True
        if self._codes.isdisjoint(codes):
            return False
        return self._holds_marker or self._value in _ESCAPE.sub(_unescaped, raw)

    @cached_property
    def _escaped(self) -> re.Pattern[bytes]:
        """The escaped forms. Compiled on use: that takes milliseconds, and few texts need it."""
        return re.compile(b"".join(map(_character, self._value)))

    def is_in(self, raw: bytes) -> bool:
        """Whether the bytes hold the secret in any form."""
        if len(raw) >= _LARGE:
            with suppress(UnicodeDecodeError):
                return self._is_in_ascii(raw)
        return self.hide(raw) != raw

    def _is_in_ascii(self, raw: bytes) -> bool:
        """`is_in` for a large text, in overlapping pieces that fit into the CPU's cache."""
        view = memoryview(raw)
        overlap = len(self._literals[0])
        is_read = False
        for start in range(0, len(raw), _LARGE):
            piece = str(view[start : start + _LARGE + overlap], "ascii")
            if self._has_literal(piece):
                return True
            if not is_read and _has_one(_TEXT_MARKERS, piece):
                if self._may_be_escaped_in(raw):
                    return self.hide(raw) != raw
                is_read = True
        return False

    @cached_property
    def _has_literal(self) -> Callable[[str], bool]:
        """Searches a text for all fixed forms in one pass, as the regex engine of Rust does."""
        from jsonschema_rs import validator_for  # most programs search no large text

        forms = ("".join(f"\\x{code:02x}" for code in form) for form in self._literals)
        return validator_for({"pattern": "|".join(forms)}).is_valid


def _has_one(markers: Iterable[AnyStr], text: AnyStr) -> bool:
    """Whether a text holds a marker; one character is found 30 times as fast as two."""
    return any(marker[:1] in text and marker in text for marker in markers)


@lru_cache(maxsize=256)
def fixed_forms(value: bytes) -> tuple[bytes, ...]:
    """The forms of a secret that are a fixed text, the longest first.

    These are the secret as it is, in hexadecimal digits, and in base64.
    """
    return tuple(sorted(dict.fromkeys(_fixed_forms(value)), key=len, reverse=True))


def _fixed_forms(value: bytes) -> Iterator[bytes]:
    yield value
    if len(value) < _SHORTEST_ENCODED:
        return
    yield value.hex().encode()
    yield value.hex().upper().encode()
    for shift in range(3):
        standard = _base64(value, shift)
        yield standard
        yield standard.translate(bytes.maketrans(b"+/", b"-_"))


def _base64(value: bytes, shift: int) -> bytes:
    """The characters of base64 that depend on the value alone, `shift` bytes into a group of 3."""
    encoded = b64encode(b"\0" * shift + value)
    first = -(-shift * 8 // 6)
    return encoded[first : (shift + len(value)) * 8 // 6]


def _code(escape: re.Match[bytes]) -> int:
    group = escape.lastindex or 0
    return int(escape[group], _BASES[group])


def _unescaped(escape: re.Match[bytes]) -> bytes:
    code = _code(escape)
    return bytes([code]) if code < 256 else escape[0]  # noqa: PLR2004 - the values of a byte


def _character(code: int) -> bytes:
    """A pattern for one byte, as it is or escaped; JSON within JSON repeats the backslash."""
    plain = re.escape(bytes([code]))
    forms = (b"%%(?i:%02x)", b"(?<!\\\\)\\\\{1,8}u(?i:%04x)", b"&\\#(?i:x0*%x);", b"&\\#0*%d;")
    return b"(?:" + b"|".join([plain, *(form % code for form in forms)]) + b")"
