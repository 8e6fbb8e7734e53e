"""Parse a JSON request body exactly; with msgspec where msgspec is exact, which is faster."""

from __future__ import annotations

from itertools import chain
from typing import Any

from msgspec import MsgspecError
from msgspec.json import Decoder

from aleph_contract.core.jsonvalue import MAX_DEPTH, loads

#: The integers that orjson writes: of 64 bits, signed or not.
_INTEGERS = range(-(2**63), 2**64)

#: Bounds on the numbers that are kept by their text, and on the length of the text.
_MAX_NUMBERS, _MAX_TEXT = 1000, 32

_CONTAINERS = frozenset({dict, list})


class _Numbers(dict[str, int | float]):
    """Reads the text of a number with a fraction or an exponent: `2.0` is 2 in JSON.

    Texts repeat, and to look one up takes a tenth of the time that it takes to read it.
    """

    def __missing__(self, text: str) -> int | float:
        number = float(text)
        if not -(2.0**63) < number < 2.0**63:
            raise ValueError(f"{text} is beyond 64 bits")
        plain = number if number % 1 else int(number)
        if len(text) <= _MAX_TEXT:
            if len(self) >= _MAX_NUMBERS:
                self.clear()
            self[text] = plain
        return plain


_decode = Decoder(float_hook=_Numbers().__getitem__).decode


def decode(raw: bytes) -> Any:
    """Parse a JSON document; whole numbers become integers, however they are written.

    The last of repeated keys wins, as in JavaScript's `JSON.parse` (assumed).

    Raises:
        ValueError: `jsonvalue.loads` must parse the document: it is malformed, is nested too deep,
            or holds a float beyond 64 bits.
    """
    try:
        return _decode(raw)
    except (MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None


def is_shallow(raw: bytes, document: Any) -> bool:
    """Whether a document that was parsed from `raw` has at most `MAX_DEPTH` levels.

    To count brackets, also those in texts, takes less time than to visit all values; `replace`
    finds them three times as fast as `count`.
    """
    brackets = len(raw) - len(raw.replace(b"[", b"").replace(b"{", b""))
    return brackets <= MAX_DEPTH or _depth(document) <= MAX_DEPTH


def parse(raw: bytes) -> tuple[Any, bool]:
    """Parse a JSON document exactly.

    Documents that `decode` refuses or that are not plain are parsed by `jsonvalue.loads`.

    Returns:
        The value, and whether it is plain: it has at most `MAX_DEPTH` levels, and no integer beyond
        64 bits or whole float. If not, it may hold types other than those of `json.loads`.

    Raises:
        JSONError: The text is not JSON; see `jsonvalue.loads`.
    """
    try:
        value = decode(raw)
    except ValueError:
        return loads(raw), False
    return (value, True) if _is_plain(value) else (loads(raw), False)


def _is_plain(document: Any) -> bool:
    parts: list[Any] = [[document]]
    for part in parts:
        for child in part.values() if type(part) is dict else part:
            kind = type(child)
            if kind in _CONTAINERS:
                parts.append(child)
            elif kind is int and child not in _INTEGERS:
                return False
    return len(parts) <= MAX_DEPTH or _depth(document) <= MAX_DEPTH


def _depth(document: Any) -> int:
    """Levels of arrays and objects in a document."""
    levels, parts = 0, [document]
    while parts:
        levels += 1
        children = chain.from_iterable(
            part.values() if type(part) is dict else part for part in parts
        )
        parts = [child for child in children if type(child) in _CONTAINERS]
    return levels
