r"""The characters of a pattern: single ones, escapes such as `\n` and `\d`, and classes."""

from __future__ import annotations

import re
import sys

from aleph_contract.errors import ArgumentError
from aleph_contract.schema.code_points import (
    ESCAPES,
    HIGH_SURROGATES,
    LOW_SURROGATES,
    SURROGATES,
    CodePoints,
    complement,
    of_property,
    union,
)

_HEX = re.compile(r"\\(?:x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|u\{(?P<p>[0-9A-Fa-f]+)\})")
_PROPERTY = re.compile(r"\\[pP]\{(?P<expression>[A-Za-z_0-9=]+)\}")
_CONTROLS = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}


class CharacterReader:
    """Reads one pattern from left to right; its methods start at `position` and move it.

    All raise `ArgumentError` for what is not a regular expression, and for a construct that the
    engines do not share.

    Args:
        pattern: The pattern.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    def character_class(self) -> CodePoints:
        """The set of a character class, whose `[` has been read."""
        negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        while not self.take("]"):
            left = self._member()
            is_range = self.next() == "-" and self.pattern[self.position + 1 :][:1] != "]"
            ranges += self._range(left) if is_range else left
        return complement(union(ranges)) if negated else union(ranges)

    def _range(self, left: CodePoints) -> CodePoints:
        """The set of a range, which was read up to its hyphen."""
        self.position += 1
        right = self._member()
        if not (_is_single(left) and _is_single(right)):  # Annex B: the hyphen stands for itself
            return (*left, *right, *self.single(ord("-")))
        if left[0][0] > right[0][0]:
            raise self.malformed("a range that ends before it begins")
        return ((left[0][0], right[0][0]),)

    def _member(self) -> CodePoints:
        if self.next() == "":
            raise self.malformed("unterminated character class")
        if self.next() != "\\":
            self.position += 1
            return self.single(ord(self.pattern[self.position - 1]))
        if self.take("\\b"):
            return self.single(0x08)
        return self.escaped_set()

    def escaped_set(self) -> CodePoints:
        r"""The set that an escape stands for: `\d`, `\p{L}`, `\n`, `\.`."""
        letter = self.pattern[self.position + 1 : self.position + 2]
        prop = _PROPERTY.match(self.pattern, self.position)
        found: CodePoints | None
        if prop:
            found = of_property(prop["expression"])
            found = complement(found) if found and letter == "P" else found
        elif letter in ESCAPES:
            found = ESCAPES[letter]
        else:
            return self._escaped_character(letter)
        if found is None:
            raise self.refused(prop[0] if prop else letter)
        self.position = prop.end() if prop else self.position + 2
        return found

    def _escaped_character(self, letter: str) -> CodePoints:
        digits = _HEX.match(self.pattern, self.position)
        following = self.pattern[self.position + 2 : self.position + 3]
        if digits:
            self.position = digits.end()
            return self.single(self._joined(int(digits["x"] or digits["u"] or digits["p"], 16)))
        self.position += 2
        if letter == "c" and following.isascii() and following.isalpha():
            self.position += 1
            return self.single(ord(following) % 32)
        if letter == "0" and not following.isdigit():
            return self.single(0)
        if letter in _CONTROLS:
            return self.single(_CONTROLS[letter])
        if not letter:
            raise self.malformed("a backslash at the end")
        if letter.isalnum():
            raise self.refused(f"\\{letter}")
        return self.single(ord(letter))

    def _joined(self, unit: int) -> int:
        r"""The code point of a surrogate pair such as `\ud83c\udf05`, whose first half was read."""
        low = _HEX.match(self.pattern, self.position)
        if unit in HIGH_SURROGATES and low and low["u"]:
            second = int(low["u"], 16)
            if second in LOW_SURROGATES:
                self.position = low.end()
                return (unit << 10) + second - ((0xD800 << 10) + 0xDC00 - 0x10000)
        return unit

    def single(self, code_point: int) -> CodePoints:
        """The set of one code point."""
        if code_point in SURROGATES or code_point > sys.maxunicode:
            raise self.refused("half a surrogate pair, or what is no code point")
        return ((code_point, code_point),)

    def next(self) -> str:
        """The character at `position`; empty at the end. Does not move."""
        return self.pattern[self.position : self.position + 1]

    def take(self, text: str) -> bool:
        """Move over `text` if it stands at `position`, and tell whether it does."""
        found = self.pattern.startswith(text, self.position)
        self.position += len(text) * found
        return found

    def malformed(self, reason: str) -> ArgumentError:
        """The error that this is not a regular expression."""
        return ArgumentError(f"{self.pattern!r} is not a regular expression: {reason}")

    def refused(self, construct: str) -> ArgumentError:
        """The error that the pattern uses a construct that the engines do not share."""
        return ArgumentError(
            f"{self.pattern!r} uses {construct}, which the two engines do not read alike"
        )


def _is_single(points: CodePoints) -> bool:
    return len(points) == 1 and points[0][0] == points[0][1]
