r"""Regular expressions: the dialect of JSON Schema (ECMA-262, Unicode mode) in Python's terms.

The two validators would otherwise read one `pattern` differently: Python's `$` lets a line feed
follow, its `\d` and `\w` take every script's digits and letters. A construct that has no
counterpart is refused by name, never approximated.
"""

from __future__ import annotations

import re
from functools import lru_cache

from aleph_contract.errors import ArgumentError

#: What `\s` stands for (ECMA-262, WhiteSpace and LineTerminator), and everything else.
_SPACE = r"\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NOT_SPACE = (
    r"\x00-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e"
    r"\u2060-\u2fff\u3001-\ufefe\uff00-\U0010ffff"
)

_TOKEN = re.compile(
    r"\\u\{(?P<codepoint>[0-9A-Fa-f]{1,6})\}"
    r"|\\c(?P<control>[A-Za-z])"
    r"|\(\?<(?P<group>[A-Za-z_]\w*)>"
    r"|\\k<(?P<backreference>[A-Za-z_]\w*)>"
    r"|(?P<refused>\\[pP]\{[^}]*\}|\\[^\Wdwsbcfnrtuvx_0-9DWSB]|\(\?(?![:=!]|<[=!])[^)]?|[*+?}]\+)"
    r"|\\(?P<space>[sS])"
    r"|\\(?P<edge>[bB])"
    r"|(?P<empty>\[\^?\])"
    r"|(?P<escape>\\.)"
    r"|(?P<bracket>[\[\]])"
    r"|(?P<set>[&|~-]{2})"
    r"|(?P<end>\$)"
    r"|(?P<other>.)",
    re.DOTALL,
)


def to_python(pattern: str) -> str:
    """The Python pattern that finds what `pattern` finds in JSON Schema's dialect.

    Raises:
        ArgumentError: Not a regular expression, or one that uses what Python has no word for.
    """
    return _translated(pattern)


def compiled(pattern: str) -> re.Pattern[str]:
    """`to_python`, compiled; `search` it, since JSON Schema does not anchor."""
    return re.compile(_translated(pattern))


@lru_cache(maxsize=256)
def _translated(pattern: str) -> str:
    parts = ["(?a:"]
    inside = False
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup or "", token[0]
        if kind == "bracket" and text == ("]" if inside else "["):
            inside = not inside
            parts.append(text)
        else:
            parts.append(_token(kind, text, token[kind], pattern, inside=inside))
    python = "".join([*parts, ")"])
    try:
        re.compile(python)
    except re.error as error:
        raise ArgumentError(f"{pattern!r} is not a regular expression: {error.msg}") from None
    return python


def _token(kind: str, text: str, value: str, pattern: str, *, inside: bool) -> str:
    if kind == "refused" and not (inside and text[0] != "\\"):
        raise ArgumentError(f"{pattern!r} uses {text}, which cannot be expressed in Python")
    if kind == "codepoint":
        return rf"\U{int(value, 16):08x}"
    if kind == "control":
        return rf"\x{ord(value) % 32:02x}"
    if kind == "space":
        ranges = _SPACE if value == "s" else _NOT_SPACE
        return ranges if inside else f"[{ranges}]"
    if kind == "edge" and not inside:
        return f"(?u:{text})"  # as jsonschema-rs has it; ECMA-262 looks at ASCII letters only
    if inside:
        return "".join(rf"\{char}" for char in text) if kind in ("bracket", "set") else text
    outside = {"group": f"(?P<{value}>", "backreference": f"(?P={value})", "end": r"\Z"}
    if kind == "empty":
        return r"[\s\S]" if "^" in text else "(?!)"
    return outside.get(kind, text)
