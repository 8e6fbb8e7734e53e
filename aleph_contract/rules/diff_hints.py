"""The likely cause of a changed value: a table of the usual transformations in clients.

If a transformation turns the intended value into the sent one, its name is the hint. Example:
2147483648 sent as -2147483648 is "wrapped to a signed 32-bit integer".
"""

from __future__ import annotations

import html
import json
import math
import struct
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from aleph_contract.core.jsonvalue import dumps, same

#: Reserved characters of RFC 3986, and `%`: percent-encoding a URI leaves them as they are.
_URI_RESERVED = ":/?#[]@!$&'()*+,;=%"


def _without_format_characters(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _without_controls(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cc")


def _beyond_bmp_replaced(text: str) -> str:
    return "".join("\ufffd" if char > "\uffff" else char for char in text)


def _beyond_bmp_as_question_marks(text: str) -> str:
    return "".join("?" if char > "\uffff" else char for char in text)


def _beyond_bmp_dropped(text: str) -> str:
    return "".join(char for char in text if char <= "\uffff")


#: Transformations of strings, the most likely first.
STRINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("normalisation (NFC)", partial(unicodedata.normalize, "NFC")),
    ("normalisation (NFD)", partial(unicodedata.normalize, "NFD")),
    ("normalisation (NFKC)", partial(unicodedata.normalize, "NFKC")),
    ("normalisation (NFKD)", partial(unicodedata.normalize, "NFKD")),
    ("white space trimmed at the ends", str.strip),
    ("white space trimmed at the end", str.rstrip),
    ("white space trimmed at the start", str.lstrip),
    ("line ends (CR LF became LF)", lambda text: text.replace("\r\n", "\n")),
    ("line ends (LF became CR LF)", lambda text: text.replace("\n", "\r\n")),
    ("white space collapsed", lambda text: " ".join(text.split())),
    ("lower case", str.lower),
    ("upper case", str.upper),
    ("HTML escapes", html.escape),
    ("HTML escapes undone", html.unescape),
    ("percent-encoding of characters not allowed in a URI", partial(quote, safe=_URI_RESERVED)),
    ("percent-encoding", partial(quote, safe="")),
    ("percent-encoding of all but slashes", quote),
    ("percent-decoding", unquote),
    ("a second JSON encoding", json.dumps),
    ("a second JSON encoding", partial(json.dumps, ensure_ascii=False)),
    ("UTF-8 read as Latin-1", lambda text: text.encode().decode("latin-1")),
    ("UTF-8 read as Windows-1252", lambda text: text.encode().decode("cp1252")),
    ("invisible format characters removed", _without_format_characters),
    ("control characters removed", _without_controls),
    ("characters beyond U+FFFF replaced by ?", _beyond_bmp_as_question_marks),
    ("characters outside ASCII dropped", lambda text: text.encode("ascii", "ignore").decode()),
    ("characters outside ASCII replaced", lambda text: text.encode("ascii", "replace").decode()),
    ("characters beyond U+FFFF dropped", _beyond_bmp_dropped),
    ("characters beyond U+FFFF replaced", _beyond_bmp_replaced),
    ("a final slash added", lambda text: text + "/"),
    ("a final slash removed", lambda text: text.removesuffix("/")),
)


def _single(value: Any) -> Any:
    return struct.unpack("f", struct.pack("f", value))[0]


def _signed_32(value: Any) -> int:
    return (int(value) + 2**31) % 2**32 - 2**31


#: Transformations of numbers, the most likely first.
NUMBERS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("rounded to the nearest double", float),
    ("rounded to single precision (float32)", _single),
    ("the fraction was dropped", math.trunc),
    ("wrapped to a signed 32-bit integer", _signed_32),
    ("wrapped to an unsigned 32-bit integer", lambda value: int(value) % 2**32),
    ("limited to a signed 32-bit integer", lambda value: max(-(2**31), min(value, 2**31 - 1))),
    ("rounded to an integer", round),
    *(
        (f"rounded to {n} decimals", partial(lambda n, value: round(value, n), n))
        for n in (1, 2, 3)
    ),
    ("the sign was dropped", abs),
    ("multiplied by 1000", lambda value: value * 1000),
    ("divided by 1000", lambda value: value / 1000),
    ("multiplied by 100", lambda value: value * 100),
    ("divided by 100", lambda value: value / 100),
)


def explain(intended: Any, sent: Any) -> str:
    """The likely cause that turned `intended` into a different `sent`; empty when unknown."""
    if isinstance(intended, str) and isinstance(sent, str):
        return _string(intended, sent)
    if _is_number(intended) and _is_number(sent):
        return next((text for text, transform in NUMBERS if _equals(transform, intended, sent)), "")
    if isinstance(sent, str) and sent == dumps(intended):
        return f"{_kind(intended)} sent as a string"
    if isinstance(sent, list) and len(sent) == 1 and same(sent[0], intended):
        return "wrapped in an array"
    if isinstance(intended, list) and len(intended) == 1 and same(intended[0], sent):
        return "taken out of its array"
    if isinstance(sent, bool) and sent == bool(intended):
        return f"{_kind(intended)} sent as a boolean"
    return f"{_kind(intended)} became {_kind(sent)}"


def first_difference(left: str, right: str) -> int:
    """Index of the first code point that differs; the shorter length if one string is a prefix."""
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))


def name_character(text: str, index: int) -> str:
    """A character and its code point, such as `é U+00E9`; `the end` after the last one."""
    if index >= len(text):
        return "the end"
    char = text[index]
    code = f"U+{ord(char):04X}"
    if char.isprintable() and not char.isspace() and not unicodedata.combining(char):
        return f"{char} {code}"
    return f"{code} {unicodedata.name(char, '')}".rstrip()


def _string(intended: str, sent: str) -> str:
    for text, transform in STRINGS:
        if _equals(transform, intended, sent):
            return f"differs only by {text}"
    return _cut(intended, sent)


#: Marks that clients append where they cut a string.
_CUT_MARKS = ("", "…", "...", "\ufffd")


def _cut(intended: str, sent: str) -> str:
    for ending in _CUT_MARKS:
        kept = sent.removesuffix(ending)
        if sent.endswith(ending) and len(kept) < len(intended) and intended.startswith(kept):
            mark = f", with {name_character(ending, 0)} appended" if ending else ""
            return f"cut after {_lengths(kept, intended)}{mark}"
    if sent and "\ud800" <= sent[-1] <= "\udbff" and intended.startswith(sent[:-1]):
        return f"cut within a surrogate pair after {_units(sent[:-1]) + 1:,} UTF-16 units"
    return ""


def _lengths(kept: str, whole: str) -> str:
    """The kept length, in each unit that gives a different number."""
    points = f"{len(kept):,} of {len(whole):,} code points"
    if whole.isascii():
        return f"{len(kept):,} of {len(whole):,} characters"
    octets = len(kept.encode("utf-8", "surrogatepass"))
    if _units(kept) != len(kept):
        return f"{_units(kept):,} UTF-16 units ({points}, {octets:,} bytes of UTF-8)"
    return f"{points} ({octets:,} bytes of UTF-8)"


def _units(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)


def _equals(transform: Callable[[Any], Any], intended: Any, sent: Any) -> bool:
    try:
        result = transform(intended)
    except (ArithmeticError, UnicodeError, ValueError, struct.error):
        return False
    return bool(result == sent)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if _is_number(value):
        return "a number"
    names = ((str, "a string"), (dict, "an object"), ((list, tuple), "an array"))
    return next((name for types, name in names if isinstance(value, types)), "a value")
