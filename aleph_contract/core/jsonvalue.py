"""Read JSON exactly: numbers keep every digit, malformed text is refused, repeated keys are kept.

The fake and the judge share this reader. The fake writes values to the journal unchanged, and the
judge compares the given input with the sent one down to the last digit.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, NoReturn

from aleph_contract.errors import JSONError

#: Nesting beyond which a document is refused. The contract needs 5; the bound keeps the cost of
#: hostile input constant (assumed: the limit of the real service is not published).
MAX_DEPTH = 128

#: Digits beyond which an integer literal is refused (CPython's own limit is 4300).
MAX_DIGITS = 4000


class Number(float):
    """A number written with a fraction or an exponent: the nearest double, and its text.

    `2.0` and `2` are the same JSON number; the text tells the judge which one a client wrote.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:  # noqa: D102 - the class says it; no Self in 3.10
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override] # made from text
        return (self.text,)


class Object(dict[str, Any]):
    """A JSON object that knows which of its keys were written more than once."""

    __slots__ = ("repeated",)
    repeated: tuple[str, ...]


def loads(raw: bytes | str) -> Any:
    """Read one JSON document (RFC 8259, UTF-8 without a byte order mark), exactly.

    Integers come back as `int` of any size, other numbers as `Number`, objects as `Object` (the
    last of repeated keys wins, as in JavaScript's `JSON.parse`).

    Raises:
        JSONError: Not JSON, or JSON that common readers refuse: `NaN` and the infinities, a number
            beyond the range of a double, a lone surrogate, a byte order mark, nesting deeper than
            `MAX_DEPTH`, an integer longer than `MAX_DIGITS`.
    """
    text = _decode(raw) if isinstance(raw, bytes) else raw
    if text.startswith("\ufeff"):
        raise JSONError("a byte order mark; JSON text starts with its value")
    _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JSONError(
            error.msg, line=error.lineno, column=error.colno, offset=error.pos
        ) from None
    except _LiteralError as error:
        reason, literal = error.args
        raise JSONError(reason, **_place(text, _offset(text, literal))) from None
    _refuse_lone_surrogates(text)
    return value


def repeated_keys(value: Any) -> tuple[str, ...]:
    """Every key that some object of `value` (as read by `loads`) held more than once."""
    if isinstance(value, dict):
        own: tuple[str, ...] = getattr(value, "repeated", ())
        return own + tuple(key for child in value.values() for key in repeated_keys(child))
    if isinstance(value, list):
        return tuple(key for child in value for key in repeated_keys(child))
    return ()


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON value.

    Numbers are compared by exact value: `2` and `2.0` are the same, 2^53 and 2^53+1 are not; a
    literal with a fraction counts as its nearest double. Strings are compared by code point,
    objects without regard to order. Booleans are not numbers.
    """
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, (int, float, Decimal)) and isinstance(right, (int, float, Decimal)):
        return left == right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return False


def identity(value: Any) -> Any:
    """A hashable key that two values share if they are the same JSON value, as `same` decides.

    Finds equal values among many in linear time.
    """
    if isinstance(value, dict):
        return frozenset((name, identity(part)) for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(identity, value))
    return _BOOLEANS[value] if isinstance(value, bool) else value


#: Stand for the booleans, which equal 1 and 0 in Python.
_BOOLEANS = {True: object(), False: object()}


def weight(value: Any) -> int:
    """The size of a JSON value: the number of its values, where four items count as one.

    A text counts as one for every 20,000 characters.
    """
    if isinstance(value, dict):
        return 1 + sum(map(weight, value.values()))
    if isinstance(value, (list, tuple)):
        held = [part for part in value if isinstance(part, (dict, list, tuple, str))]
        return 1 + sum(map(weight, held)) + (len(value) - len(held)) // 4
    return 1 + len(value) // 20_000 if isinstance(value, str) else 1


def dumps(value: Any) -> str:
    """Write `value` compactly; a `Number` comes out as it was written."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quoted(k)}:{dumps(v)}" for k, v in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dumps, value)) + "]"
    if isinstance(value, Number):
        return value.text
    if type(value) is int:
        return int.__repr__(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _quoted(text: str) -> str:
    """`text` as a JSON string; in ASCII if it holds a lone surrogate, which UTF-8 cannot encode."""
    whole = text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
    return encode_basestring(text) if whole else encode_basestring_ascii(text)


def pointer(path: Sequence[str | int]) -> str:
    """The JSON Pointer (RFC 6901) for a path of keys and indices; the empty path is the root."""
    return "".join(["/" + str(part).replace("~", "~0").replace("/", "~1") for part in path])


class _LiteralError(Exception):
    """A number or name that is refused; the arguments are the reason and the text."""


def _offset(text: str, literal: str) -> int:
    """The offset of the first `literal` outside strings."""
    tokens = re.finditer(r'"(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+', text)
    return next((token.start() for token in tokens if token[0] == literal), 0)


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        raise JSONError(
            f"byte 0x{raw[error.start]:02x} is not UTF-8", **_place(before, len(before))
        ) from None


def _place(text: str, offset: int) -> dict[str, int]:
    return {
        "line": text.count("\n", 0, offset) + 1,
        "column": offset - text.rfind("\n", 0, offset),
        "offset": offset,
    }


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    quoted = False
    skip = False
    for offset, char in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise JSONError(f"nested deeper than {MAX_DEPTH} levels", **_place(text, offset))
        elif char in "]}":
            depth -= 1


#: An escaped surrogate pair, an escaped lone surrogate (group 1), one that is not escaped (group
#: 2), any other escape.
_SURROGATE = re.compile(
    r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"
    r"|\\u([dD][89a-fA-F][\da-fA-F]{2})|([\ud800-\udfff])|\\.",
    re.ASCII | re.DOTALL,
)


def _refuse_lone_surrogates(text: str) -> None:
    """Search the text, not the value: of a repeated key the value holds only the last member."""
    if "\\u" not in text and text.isascii():
        return
    for found in _SURROGATE.finditer(text):
        code = int(found[1], 16) if found[1] else ord(found[2] or "\0")
        if code:
            raise JSONError(
                f"lone surrogate U+{code:04X} in a string", **_place(text, found.start())
            )


def _object(pairs: list[tuple[str, Any]]) -> Object:
    result = Object(pairs)
    result.repeated = ()
    if len(result) < len(pairs):
        counted = Counter(key for key, _ in pairs)
        result.repeated = tuple(key for key, count in counted.items() if count > 1)
    return result


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _LiteralError(
            f"an integer of {len(text)} digits; at most {MAX_DIGITS} are read", text
        )
    return int(text)


def _fraction(text: str) -> Number:
    number = Number(text)
    if math.isinf(number):
        raise _LiteralError(f"number {text[:40]} is beyond the range of a double", text)
    return number


def _constant(text: str) -> NoReturn:
    raise _LiteralError(f"{text} is not JSON; numbers are finite", text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_constant,
)


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar and key in `value`, each with the name of the member that holds it."""
    waiting = [(name, value)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            for key, child in reversed(value.items()):
                waiting += ((key, child), ("", key))
        elif isinstance(value, list):
            waiting += [(name, child) for child in reversed(value)]
        else:
            yield name, value
