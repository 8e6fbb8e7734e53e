"""Decide which inputs every sane implementation treats alike, and why the others are gray.

Only portable cases fail a client, so an input is gray as soon as implementations may differ on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

from aleph_contract.contract import BILLED_FIELD, Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import leaves
from aleph_contract.schema.validation.stock import StockValidators

#: The largest integer that a double, the only number type of JavaScript, represents exactly.
MAX_SAFE_INTEGER = 2**53 - 1

#: Formats with a fixed number of digits round doubles outside these magnitudes (zero is safe).
_SMALLEST_SAFE, _LARGEST_SAFE = 1e-16, 1e16


class Portability:
    """Tells why implementations may differ on inputs of one contract.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._is_valid = validator_for(contract).is_valid
        self._is_valid_with_formats = contract.document.strictly()
        self._stock = StockValidators(contract.input_schema)
        parsed = contract.parsed_schema
        self._parsed_is_valid = (
            self._is_valid if parsed is contract.input_schema else validator_for(parsed).is_valid
        )
        self._prose_limit = prose_limit(contract.metadata)

    def reason(self, value: Any) -> str:
        """Why implementations may differ on `value`, in one sentence; empty if it is portable.

        Non-ASCII text is gray only if the verdict depends on how its length is counted; a
        `format` only if the value violates it.
        """
        plain = gray_reason(_measured(value, _count_graphemes))
        if plain:
            return plain
        valid = self._is_valid(value)
        if any(
            self._is_valid(_measured(value, count)) is not valid
            for count in (_count_graphemes, _count_bytes)
        ):
            return (
                "Whether it is valid depends on what length counts:"
                " characters, UTF-16 code units or bytes."
            )
        if self._is_valid_with_formats(value) is not valid:
            return "`format` is an annotation in draft 2020-12, but many validators assert it."
        if not self._stock.verdicts(value) <= {valid}:
            return (
                "Validator libraries differ on this pattern or multiple; ours follows the standard."
            )
        if valid and not self._parsed_is_valid(value):
            return "It leaves out a member that is required and has a default."
        return self._beyond_documentation(value) if self._prose_limit else ""

    def _beyond_documentation(self, value: Any) -> str:
        words, most = self._prose_limit or ("", 0)
        given = (leaf for name, leaf in leaves(value) if name == BILLED_FIELD and _is_number(leaf))
        return (
            f"The documentation states `{words}`, the schema does not."
            if max(given, default=0) > most
            else ""
        )


def prose_limit(metadata: Mapping[str, Any]) -> tuple[str, int] | None:
    """The longest video by the documentation: its words and the seconds; `None` if unstated."""
    for name, text in metadata.items():
        found = re.fullmatch(r"(\d+) seconds", str(text))
        if found:
            return f"{name}: {text}", int(found[1])
    return None


def gray_reason(value: Any) -> str:
    """Why implementations may differ on `value` under any contract; empty if they agree."""
    return next((reason for check in _CHECKS for reason in check(value)), "")


def _measured(value: Any, measure: Callable[[str], int]) -> Any:
    """`value` with each printable non-ASCII string replaced by an ASCII one of length `measure`."""
    if isinstance(value, dict):
        return {name: _measured(child, measure) for name, child in value.items()}
    if isinstance(value, list):
        return [_measured(child, measure) for child in value]
    if isinstance(value, str) and not value.isascii() and _printable(value):
        return "x" * measure(value)
    return value


def _count_graphemes(text: str) -> int:
    """About the number of grapheme clusters of `text`."""
    return sum(not unicodedata.combining(char) for char in text)


def _count_bytes(text: str) -> int:
    return len(text.encode())


def _printable(text: str) -> bool:
    """Whether `text` holds only printable characters of the basic plane, and line feeds."""
    shown = text.replace("\n", "")
    return shown.isprintable() and max(shown, default="") <= "\uffff"


def _numbers(value: Any) -> Iterator[str]:
    for _, leaf in leaves(value):
        if isinstance(leaf, int) and abs(leaf) > MAX_SAFE_INTEGER:
            yield "A reader that stores numbers as doubles rounds integers beyond 2^53."
        elif isinstance(leaf, float) and leaf == int(leaf):
            yield "Implementations differ on whether a number such as 1.0 is an integer."
        elif isinstance(leaf, float) and not _SMALLEST_SAFE <= abs(leaf) < _LARGEST_SAFE:
            yield "Some readers round numbers this close to zero or this large."


def _texts(value: Any) -> Iterator[str]:
    for _, leaf in leaves(value):
        if isinstance(leaf, str) and not _printable(leaf):
            yield "Some layers change non-printing characters and characters beyond U+FFFF."
        elif isinstance(leaf, str) and not leaf.isascii():
            yield "Implementations count the length of non-ASCII text differently."


def _pairs_of_arrays(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        lists = [name for name, child in value.items() if isinstance(child, list) and child]
        for one, other in combinations(lists, 2):
            yield f"No document says whether `{one}` and `{other}` may be given together."


#: Names of properties whose value is a moment of the video, in seconds.
MOMENTS = ("seconds", "timestampSeconds")


def _late_moments(value: Any) -> Iterator[str]:
    found = list(leaves(value))
    lengths = [leaf for name, leaf in found if name == BILLED_FIELD and _is_number(leaf)]
    for name, leaf in found:
        if name in MOMENTS and _is_number(leaf) and any(leaf > length for length in lengths):
            yield f"`{name}` lies beyond the end of the video; no document says what happens."


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_CHECKS: tuple[Callable[[Any], Iterator[str]], ...] = (
    _numbers,
    _texts,
    _pairs_of_arrays,
    _late_moments,
)
