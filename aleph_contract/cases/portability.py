"""Which inputs every sane implementation reads alike, and why the others are gray.

A client is judged by portable cases alone, so whatever is in doubt is gray.
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

#: Beyond this an integer is no longer exact as a double, the only number JavaScript has.
SAFE = 2**53 - 1

#: Doubles smaller or larger than these (in magnitude, zero apart) get lost or rounded on the way
#: through formats with a fixed number of digits.
_SMALL, _LARGE = 1e-16, 1e16


class Portability:
    """Why implementations may differ over inputs of one contract.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._is_valid = validator_for(contract).is_valid
        self._strictly = contract.document.strictly()
        self._prose = longest(contract.metadata)

    def reason(self, value: Any) -> str:
        """Why they may differ over `value`, in a sentence; empty if none may.

        Text beyond ASCII is in doubt only where it matters how its length is measured, and
        `format` only where it is not kept.
        """
        plain = doubt(_measured(value, _fewest))
        if plain:
            return plain
        valid = self._is_valid(value)
        if any(self._is_valid(_measured(value, count)) is not valid for count in (_fewest, _most)):
            return "Characters, UTF-16 units and bytes are different counts; here it matters which."
        if self._strictly(value) is not valid:
            return "`format` is an annotation in draft 2020-12, and an assertion to many."
        return self._beyond_prose(value) if self._prose else ""

    def _beyond_prose(self, value: Any) -> str:
        words, most = self._prose or ("", 0)
        given = (leaf for name, leaf in leaves(value) if name == BILLED_FIELD and _is_number(leaf))
        return (
            f"The documentation says `{words}`, the schema does not."
            if max(given, default=0) > most
            else ""
        )


def longest(metadata: Mapping[str, Any]) -> tuple[str, int] | None:
    """What an entry says in words of the length of a video: the words, and the seconds."""
    for name, text in metadata.items():
        found = re.fullmatch(r"(\d+) seconds", str(text))
        if found:
            return f"{name}: {text}", int(found[1])
    return None


def doubt(value: Any) -> str:
    """Why implementations may differ over `value`, whatever the contract; empty if none may."""
    return next((reason for check in _CHECKS for reason in check(value)), "")


def _measured(value: Any, measure: Callable[[str], int]) -> Any:
    """`value` with each readable text beyond ASCII replaced by one in ASCII, of another length."""
    if isinstance(value, dict):
        return {name: _measured(child, measure) for name, child in value.items()}
    if isinstance(value, list):
        return [_measured(child, measure) for child in value]
    if isinstance(value, str) and not value.isascii() and _readable(value):
        return "x" * measure(value)
    return value


def _fewest(text: str) -> int:
    """The number of characters that a reader sees, about."""
    return sum(not unicodedata.combining(char) for char in text)


def _most(text: str) -> int:
    return len(text.encode())


def _readable(text: str) -> bool:
    """Whether `text` is what people type: nothing invisible, nothing beyond the basic plane."""
    shown = text.replace("\n", "")
    return shown.isprintable() and max(shown, default="") <= "\uffff"


def _numbers(value: Any) -> Iterator[str]:
    for _, leaf in leaves(value):
        if isinstance(leaf, int) and abs(leaf) > SAFE:
            yield "Integers beyond 2^53 are rounded by whoever reads numbers as doubles."
        elif isinstance(leaf, float) and leaf == int(leaf):
            yield "Whether a number with a fraction of zero is an integer is seen both ways."
        elif isinstance(leaf, float) and not _SMALL <= abs(leaf) < _LARGE:
            yield "Numbers this close to zero, or this large, are rounded by some readers."


def _texts(value: Any) -> Iterator[str]:
    for _, leaf in leaves(value):
        if isinstance(leaf, str) and not _readable(leaf):
            yield "Characters that do not print, or count as two, are not carried by every layer."
        elif isinstance(leaf, str) and not leaf.isascii():
            yield "Letters beyond ASCII are counted in different ways."


def _pairs_of_arrays(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        lists = [name for name, child in value.items() if isinstance(child, list) and child]
        for one, other in combinations(lists, 2):
            yield f"No document says whether `{one}` and `{other}` may be given together."


#: Names of properties that tell a moment of the video, in seconds.
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
