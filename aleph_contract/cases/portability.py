"""Decide which inputs every sane implementation treats alike, and why the others are gray.

A gray input is doubtful in one of two ways, see `DoubtKind`. What its doubt excuses is advice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from aleph_contract.cases.doubt import Doubt
from aleph_contract.contract import Contract
from aleph_contract.contract.doubts import doubts_of
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import leaves
from aleph_contract.schema.validation.stock import StockValidators

#: The largest integer that a double, the only number type of JavaScript, represents exactly.
MAX_SAFE_INTEGER = 2**53 - 1

#: Formats with a fixed number of digits round doubles of a smaller magnitude (zero is safe).
_SMALLEST_SAFE = 1e-16


class Portability:
    """Tells why implementations may differ on inputs of one contract.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._is_valid = validator_for(contract).is_valid
        self._document = contract.document
        self._is_valid_with_formats = contract.document.strictly()
        self._stock = StockValidators(contract.input_schema)
        self._parsed_is_valid = validator_for(contract.parsed_schema).is_valid
        self._of_model = doubts_of(contract.model)

    def doubt(self, value: Any, text: str | None = None) -> Doubt | None:
        """The doubt about an input; `None` if it is portable.

        Args:
            value: The input.
            text: Its JSON text, if the notation matters.
        """
        found = tuple(leaf for _, leaf in leaves(value))
        carriage = next(_carriage(found, text), None)
        if carriage:
            return Doubt("carriage", carriage)
        acceptance = next(self._acceptance(value, found), None)
        return Doubt("acceptance", acceptance) if acceptance else None

    def reason(self, value: Any) -> str:
        """The reason of the doubt about `value`; empty if it is portable."""
        doubt = self.doubt(value)
        return doubt.reason if doubt else ""

    @staticmethod
    def is_gray_anywhere(part: Any) -> bool:
        """Whether every value that holds `part` is gray, for one of its texts, numbers or names."""
        found = tuple(leaf for _, leaf in leaves(part))
        return any(chain(_carriage(found, None), _unusual_texts(found)))

    @cached_property
    def _is_valid_leniently(self) -> Callable[[Any], bool]:
        return self._document.leniently()

    def _acceptance(self, value: Any, found: Sequence[Any]) -> Iterator[str]:
        """The reasons to doubt that every implementation allows, or refuses, `value`.

        The length of a text in bytes is no reason: `maxLength` counts characters, and no common
        validator counts bytes.
        """
        yield from _unusual_texts(found)
        valid = self._is_valid(value)
        if not _is_ascii(found) and any(
            self._is_valid(_measured(value, count)) is not valid
            for count in (count_utf16, _count_graphemes)
        ):
            yield (
                "Whether it is valid depends on what length counts:"
                " code points, UTF-16 code units or grapheme clusters."
            )
        if self._is_valid_with_formats(value) is not valid:
            yield "`format` is an annotation in draft 2020-12, but many validators assert it."
        if _ends_in_line_feed(found) and self._is_valid_leniently(value) is not valid:
            yield (
                "In a pattern, `$` of ECMA-262 matches at the very end only; that of Python, PCRE"
                " and others also before a line feed there."
            )
        if not self._stock.verdicts(value) <= {valid}:
            yield (
                "Validator libraries differ on this pattern or multiple; ours follows the standard."
            )
        if valid and not self._parsed_is_valid(value):
            yield "It leaves out a member that is required and has a default."
        yield from (doubt.reason for doubt in self._of_model if doubt.applies(value))


# -- carriage ---------------------------------------------------------------------------------


def _carriage(found: Sequence[Any], text: str | None) -> Iterator[str]:
    """The reasons to doubt that a value with these scalars and keys can travel unchanged."""
    if text is not None:
        yield "Few JSON readers keep the notation of a number, or the first of two equal keys."
    for leaf in found:
        if isinstance(leaf, str):
            yield from _unsafe_text(leaf)
        elif isinstance(leaf, int) and abs(leaf) > MAX_SAFE_INTEGER:
            yield "A reader that stores numbers as doubles rounds integers beyond 2^53."
        elif isinstance(leaf, float) and leaf == int(leaf):
            yield "Implementations differ on whether a number such as 1.0 is an integer."
        elif isinstance(leaf, float) and abs(leaf) < _SMALLEST_SAFE:
            yield "Some readers round numbers this close to zero."


def _unsafe_text(text: str) -> Iterator[str]:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        yield "UTF-8 cannot hold a lone surrogate."
    if "\0" in text:
        yield "C strings and shell variables end before a NUL."


# -- acceptance -------------------------------------------------------------------------------


def _unusual_texts(found: Sequence[Any]) -> Iterator[str]:
    for leaf in found:
        if not isinstance(leaf, str):
            continue
        if leaf and not leaf.strip():
            yield "Some implementations take blank text for missing text."
        elif not leaf.isprintable() and not all(map(_is_ordinary, leaf)):
            yield "Some implementations refuse control, format and unassigned characters."


#: Characters of everyday text that `str.isprintable` excludes: line breaks, tab, and the joiner
#: of emoji.
_ORDINARY = "\n\r\t\N{ZERO WIDTH JOINER}"


def _is_ordinary(char: str) -> bool:
    return char.isprintable() or char in _ORDINARY or unicodedata.category(char) == "Zs"


def _ends_in_line_feed(found: Sequence[Any]) -> bool:
    """Whether a string, or a name of a property, ends in a line feed."""
    return any(leaf.endswith("\n") for leaf in found if isinstance(leaf, str))


def _is_ascii(found: Sequence[Any]) -> bool:
    return all(leaf.isascii() for leaf in found if isinstance(leaf, str))


def _measured(value: Any, measure: Callable[[str], int]) -> Any:
    """`value` with an ASCII string of length `measure` for each string of another length."""
    if isinstance(value, dict):
        return {name: _measured(child, measure) for name, child in value.items()}
    if isinstance(value, list):
        return [_measured(child, measure) for child in value]
    if isinstance(value, str) and not value.isascii() and measure(value) != len(value):
        return "x" * measure(value)
    return value


#: A character that takes two UTF-16 code units. Python loads a codec on its first use, and below a
#: fake file system it would not find one.
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def count_utf16(text: str) -> int:
    """The number of UTF-16 code units of `text`."""
    return len(text) + len(_ASTRAL.findall(text))


#: General categories of characters that belong to the grapheme cluster of the character before.
_EXTENDING = {"Mn", "Me", "Cf"}


def _count_graphemes(text: str) -> int:
    """About the number of grapheme clusters of `text`."""
    return sum(unicodedata.category(char) not in _EXTENDING for char in text)
