"""Which inputs every sane implementation reads alike, and why the others are gray.

A client is judged by portable cases alone, so whatever is in doubt is gray.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from aleph_contract.contract import BILLED_FIELD

#: Beyond this an integer is no longer exact as a double, the only number JavaScript has.
SAFE = 2**53 - 1

#: Doubles smaller or larger than these (in magnitude, zero apart) get lost or rounded on the way
#: through formats with a fixed number of digits.
_SMALL, _LARGE = 1e-16, 1e16


def doubt(value: Any, is_valid: Callable[[Any], bool] | None = None) -> str:
    """Why implementations may differ over `value`, in a sentence; empty if none may.

    Args:
        value: An input.
        is_valid: The test whether an input keeps the contract. With it, text beyond ASCII is in
            doubt only where it matters how its length is measured; without it, always.
    """
    plain = value if is_valid is None else _measured(value, _fewest)
    reason = next((reason for check in _CHECKS for reason in check(plain)), "")
    if not reason and is_valid is not None:
        counts = (is_valid(_measured(value, measure)) for measure in (_fewest, _most))
        if any(count != is_valid(value) for count in counts):
            return "Characters, UTF-16 units and bytes are different counts; here it matters which."
    return reason


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
    return all(char == "\n" or (char.isprintable() and char <= "\uffff") for char in text)


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


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in `value` that holds no others, keys included, with the name it goes by."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield "", key
            yield from leaves(child, key)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child, name)
    else:
        yield name, value
