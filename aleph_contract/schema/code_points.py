r"""Sets of code points: `\d`, `\w`, `\s`, `.` and `\p{…}` of ECMA-262, and their written form.

A set is a tuple of ranges (first, last), sorted and not touching. Python's `re` and the regex
libraries of Rust read the written form alike: it holds characters and ranges, no class escapes.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

CodePoints = tuple[tuple[int, int], ...]

EVERYTHING: CodePoints = ((0, sys.maxunicode),)


def union(ranges: Iterable[tuple[int, int]]) -> CodePoints:
    """The set that holds all of `ranges`, which may overlap."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def complement(points: CodePoints) -> CodePoints:
    """All other code points."""
    starts = [0, *(last + 1 for _, last in points)]
    ends = [*(first - 1 for first, _ in points), sys.maxunicode]
    return tuple((first, last) for first, last in zip(starts, ends, strict=True) if first <= last)


#: ECMA-262, section 22.2.2.9 (CharacterClassEscape), without the `i` flag.
DIGITS = union([(0x30, 0x39)])
WORD = union([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
#: WhiteSpace and LineTerminator (sections 12.2 and 12.3).
SPACE = union(
    [
        *[(0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)],
        *[(0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)],
    ]
)
#: `.` is every code point but a LineTerminator.
NOT_LINE_END = complement(union([(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)]))

#: The escapes of one letter that stand for a set.
ESCAPES: dict[str, CodePoints] = {
    "d": DIGITS,
    "D": complement(DIGITS),
    "w": WORD,
    "W": complement(WORD),
    "s": SPACE,
    "S": complement(SPACE),
}

HIGH_SURROGATES = range(0xD800, 0xDC00)
LOW_SURROGATES = range(0xDC00, 0xE000)
SURROGATES = range(0xD800, 0xE000)

#: Characters that mean something in a pattern of one of the engines, inside a class or outside.
_SPECIAL = frozenset(r"\.+*?()|[]{}^$-&~#")


def written(points: CodePoints) -> str | None:
    """A pattern that matches one character of the set.

    Returns:
        The pattern; `None` if a range begins or ends among the surrogates, which no text in UTF-8
        can hold and Rust cannot name.
    """
    if len(points) == 1 and points[0][0] == points[0][1] and points[0][0] not in SURROGATES:
        return character(points[0][0])
    others = complement(points)
    forms = [(points, "["), (others, "[^")] if len(points) <= len(others) else [(others, "[^")]
    for ranges, opening in [*forms, (points, "[")]:
        if ranges and not any(end in SURROGATES for pair in ranges for end in pair):
            return opening + "".join(map(_range, ranges)) + "]"
    return None


def _range(pair: tuple[int, int]) -> str:
    first, last = map(character, pair)
    return first if first == last else f"{first}-{last}"


def character(code_point: int) -> str:
    """One character as every engine reads it, inside a class or outside."""
    char = chr(code_point)
    if char in _SPECIAL:
        return f"\\{char}"
    if " " <= char <= "~" or code_point > 0xFFFF:  # noqa: PLR2004 - the basic plane
        return char
    return f"\\u{code_point:04x}"


def of_property(expression: str) -> CodePoints | None:
    r"""The set of a `\p{expression}`; `None` if its data is not at hand.

    Known are the general categories, by every name that ECMA-262 gives them, and the binary
    properties of `_BINARY`. The categories are those of Python's version of Unicode.
    """
    key, _, value = expression.rpartition("=")
    if key not in ("", "gc", "General_Category"):
        return None
    if not key and value in _BINARY:
        return _BINARY[value]
    short = _SHORT.get(value, value)
    members = ("Lu", "Ll", "Lt") if short == "LC" else _members(short)
    if not key and value == "Assigned":
        return complement(union(_by_category()["Cn"]))
    return union(pair for member in members for pair in _by_category()[member]) if members else None


def _members(short: str) -> tuple[str, ...]:
    names = _CATEGORIES.values()
    if short in names:
        return tuple(name for name in names if name.startswith(short) and len(name) == 2)  # noqa: PLR2004 - not the groups
    return ()


@lru_cache(maxsize=1)
def _by_category() -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {name: [] for name in _CATEGORIES.values()}
    start, current = 0, unicodedata.category("\0")
    for code_point in range(1, sys.maxunicode + 1):
        category = unicodedata.category(chr(code_point))
        if category != current:
            found[current].append((start, code_point - 1))
            start, current = code_point, category
    found[current].append((start, sys.maxunicode))
    return found


#: Names of the general categories (UAX #44, table 12; the groups are the one-letter ones).
_CATEGORIES = {
    "Letter": "L", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Nonspacing_Mark": "Mn",
    "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd",
    "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P",
    "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps",
    "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf",
    "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc",
    "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs",
    "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc",
    "Format": "Cf", "Surrogate": "Cs", "Private_Use": "Co", "Unassigned": "Cn",
}  # fmt: skip

_SHORT = {
    **_CATEGORIES,
    "Cased_Letter": "LC",
    "Combining_Mark": "M",
    "digit": "Nd",
    "punct": "P",
    "cntrl": "Cc",
}

_HEX = union([(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)])
_WHITE_SPACE = union([*(pair for pair in SPACE if pair != (0xFEFF, 0xFEFF)), (0x85, 0x85)])

#: Binary properties that do not depend on the version of Unicode.
_BINARY: dict[str, CodePoints] = {
    "Any": EVERYTHING,
    "ASCII": ((0, 0x7F),),
    "ASCII_Hex_Digit": _HEX,
    "AHex": _HEX,
    "White_Space": _WHITE_SPACE,
    "space": _WHITE_SPACE,
}
