"""Strategies for strings and numbers that satisfy several schemas; values on a bound come up often.

Each value takes one or two choices of Hypothesis, however large it is, because the cost of a draw
grows with the number of choices.
"""

from __future__ import annotations

import math
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from aleph_contract.cases.portability import MAX_SAFE_INTEGER, count_utf16
from aleph_contract.schema.generation.formats import FORMATS
from aleph_contract.schema.generation.numbers import numbers, span
from aleph_contract.schema.regex import compiled
from aleph_contract.schema.regex_samples import matching, near_misses
from aleph_contract.strategies.options import Option, index_below, option_of


@dataclass(frozen=True, slots=True)
class DrawMode:
    """How values are drawn.

    Args:
        bounds_only: Whether a bounded value is drawn only on its bounds.
        portable: Whether only values are drawn that every sane implementation treats alike.
    """

    bounds_only: bool = False
    portable: bool = False


#: No digits and no capitals: Hypothesis shrinks towards them rather than towards `a`.
_PLAIN = string.ascii_lowercase + " .,-'"

#: Further characters of everyday text: of two and three bytes, right to left, line ends, quotes.
#: The bar stands for a backslash, towards which Hypothesis would shrink rather than towards `a`.
_EVERYDAY = '\u00e9\u6f22\u05d0\n\r\t"|'

#: Characters that make a text gray, or do so in some places: combining and joining marks, controls.
_HARD = "\u0301\u200d\u202e\ufeff\u2028\0\x7f"
_ASTRAL = "\U0001f305\U0001d4d0\U0001f3ac\U0001f468\U00020bb7"

#: Addresses of the kinds that the documentation of such models allows, and strings that are none.
_ADDRESSES = ("https://example.com/a%20b.mp4?c=d&e#f", "runway://a", "data:video/mp4;base64,AAAA")
_NOT_ADDRESSES = ("", "a", " ", "https://example.com/\u6f22\U0001f305.mp4", "a" * 10_000)

#: Longest string that is drawn character by character. A longer one repeats such a piece: to draw a
#: thousand characters would take a thousand times as long and show nothing more.
_MAX_DRAWN_LENGTH = 8

#: Numbers are drawn from a range wider by this part and then clamped to the bounds, so that the
#: bounds come up often and still shrink like any other number.
_MARGIN_PART = 4

#: From a wider range of integers Hypothesis draws mostly small ones: each bound is then drawn
#: apart, in one of this many draws.
_NARROW = 2**24
_END_ODDS = 8

#: Range of numbers without a bound; additional length of strings without a bound; most candidates
#: in a list.
_DEFAULT_RANGE = 1000
_DEFAULT_LENGTH = 40
_MAX_LISTED = 40

Strategy = SearchStrategy[Any]


def texts(schemas: Sequence[Any], hints: Sequence[str], mode: DrawMode) -> Iterator[Option]:
    """Options to draw strings that satisfy the length and pattern keywords of all `schemas`."""
    low = max((s.get("minLength", 0) for s in schemas), default=0)
    high = min((s.get("maxLength", math.inf) for s in schemas), default=math.inf)
    if low > high:
        return
    near = [text for s in schemas for text in _unlike(s.get("not", {}).get("pattern"))]
    if any("pattern" in schema for schema in schemas):
        yield from option_of(_by_patterns(schemas, low, high, mode))
    elif any(schema.get("format") in FORMATS for schema in schemas):
        formed = [FORMATS[s["format"]][0] for s in schemas if s.get("format") in FORMATS]
        yield from option_of(_sampled([*formed, *hints], low, high))
        if not mode.portable:
            yield Option(_stretched(low, high, mode))
    elif any("://" in hint for hint in hints):
        yield from option_of(_addresses(hints, low, high, mode))
    else:
        yield from option_of(_sampled(near, low, high))
        yield Option(_stretched(low, high, mode))


def _by_patterns(schemas: Sequence[Any], low: int, high: float, mode: DrawMode) -> Strategy:
    patterns = [schema["pattern"] for schema in schemas if "pattern" in schema]
    listed = [
        text for pattern in patterns for text in islice(matching(pattern, low, high), _MAX_LISTED)
    ]
    found = _sampled(listed, low, high)
    if mode.portable or mode.bounds_only:
        return found
    drawn = st.from_regex(compiled(patterns[0]))
    return found | drawn.filter(lambda text: low <= len(text) <= high)


def _unlike(pattern: str | None) -> list[str]:
    return [] if pattern is None else [text for _, text in near_misses(pattern)]


def _addresses(hints: Sequence[str], low: int, high: float, mode: DrawMode) -> Strategy:
    """Addresses like the documented ones, a shorter one first."""
    short = _shortened(next(hint for hint in hints if "://" in hint))
    known = [short, *hints, *_ADDRESSES]
    if not mode.portable:
        known += _NOT_ADDRESSES
    if all(not low <= len(address) <= high for address in known):
        known = [short.ljust(low, "a")[: int(min(high, max(low, len(short))))]]
    return _sampled(known, low, high)


def _shortened(address: str) -> str:
    scheme, _, remainder = address.partition("://")
    suffix = remainder.rpartition("/")[2].rpartition(".")[2]
    return f"{scheme}://example.com/a.{suffix}"


def _stretched(low: int, high: float, mode: DrawMode) -> Callable[[DrawFn, int], str]:
    """Short strings as they are drawn, and a drawn piece repeated up to the maximum length.

    A drawn length beyond the maximum is clamped to it; one far beyond also makes each character
    one of four bytes.
    """
    alphabet = _PLAIN + _EVERYDAY
    if not mode.portable:
        alphabet += _HARD + _ASTRAL
    elif not mode.bounds_only:
        alphabet += _ASTRAL
    most = low + _DEFAULT_LENGTH if math.isinf(high) else int(high)
    fewest = low if low <= _MAX_DRAWN_LENGTH else 1
    pieces = st.text(alphabet, min_size=fewest, max_size=max(min(most, _MAX_DRAWN_LENGTH), fewest))
    lengths = st.integers(-2 * most, 2 * most)
    if mode.bounds_only:
        lengths = st.sampled_from([low, most] if mode.portable else [low, most, 2 * most])

    def stretched(draw: DrawFn, _: int) -> str:
        piece = draw(pieces).replace("|", "\\")
        if most <= _MAX_DRAWN_LENGTH and not mode.bounds_only:
            return _within_utf16(piece, most) if mode.portable else piece
        length = draw(lengths)
        size = max(low, min(length, most))
        if not mode.bounds_only:
            size = max(size, len(piece))
        if length > most * 7 // 4 and not mode.portable:
            piece = "".join(_ASTRAL[ord(char) % len(_ASTRAL)] for char in piece)
        text = (piece * (size // len(piece) + 1))[:size] if piece else "a" * size
        return _within_utf16(text, most) if mode.portable else text

    return stretched


def _within_utf16(text: str, most: int) -> str:
    """`text`, without characters beyond U+FFFF if it has more than `most` UTF-16 code units."""
    if count_utf16(text) <= most:
        return text
    return "".join(char if char <= "\uffff" else "a" for char in text)


def integers(schemas: Sequence[Any], mode: DrawMode) -> Iterator[Option]:
    """Options to draw integers within the bounds of all `schemas`."""
    low, high = span(list(schemas), whole=True)
    ends = sorted({int(end) for end in (low, high) if math.isfinite(end)})
    if low > high:
        return
    if _lists_values(schemas):
        yield from option_of(_listed(schemas, mode, whole=True))
    elif mode.bounds_only and ends:
        yield from option_of(st.sampled_from(ends))
    else:
        least = (
            int(low)
            if math.isfinite(low)
            else min([-_DEFAULT_RANGE, *(end - _DEFAULT_RANGE for end in ends)])
        )
        most = (
            int(high) if math.isfinite(high) else max(least + MAX_SAFE_INTEGER // 2, _DEFAULT_RANGE)
        )
        margin = (most - least) // _MARGIN_PART
        below = margin if math.isfinite(low) else 0
        above = margin if math.isfinite(high) else 0
        drawn = st.integers(least - below, most + above)
        if most - least > _NARROW:
            drawn = _often_at(ends, drawn)
        yield _clamped(drawn, least, most)


def _often_at(ends: list[int], drawn: Strategy) -> Strategy:
    """Draws of `drawn`, and for each of `ends` one of `_END_ODDS` draws next to it.

    An integer next to an end, not the end itself: Hypothesis can then shrink a draw by choosing
    `drawn` and keeping the integer.
    """
    near = [st.integers(end - 1, end + 1) for end in ends]

    @st.composite
    def often(draw: DrawFn) -> int:
        index = index_below(draw, _END_ODDS) - (_END_ODDS - len(near))
        value: int = draw(drawn if index < 0 else near[index])
        return value

    return often()


def fractions(schemas: Sequence[Any], mode: DrawMode) -> Iterator[Option]:
    """Options to draw numbers within the bounds of all `schemas`."""
    low, high = (_as_double(end) for end in span(list(schemas), whole=False))
    ends = sorted({_exact(end) for end in (low, high) if math.isfinite(end)})
    if low > high:
        return
    if _lists_values(schemas):
        yield from option_of(_listed(schemas, mode, whole=False))
    elif mode.bounds_only and ends:
        yield from option_of(st.sampled_from(ends))
    else:
        least = (
            _exact(low)
            if math.isfinite(low)
            else min([-_DEFAULT_RANGE, *(e - _DEFAULT_RANGE for e in ends)])
        )
        most = _exact(high) if math.isfinite(high) else max(least + _DEFAULT_RANGE, _DEFAULT_RANGE)
        yield _clamped(_spread(low, high, least, most, mode), least, most)


def _spread(low: float, high: float, least: float, most: float, mode: DrawMode) -> Strategy:
    """Numbers from `least` to `most`, and beyond a bound so that it comes up more often.

    Not below a bound such as 5e-324: Hypothesis would shrink to it, not to a simple number.
    """
    margin = (most - least) / _MARGIN_PART
    start = least - (margin if math.isfinite(low) and least == int(least) else 0)
    end = most + (margin if math.isfinite(high) else 0)
    eighths = math.ceil(least * 8), math.floor(end * 8)
    if mode.portable and eighths[0] < eighths[1]:
        return st.integers(*eighths).map(lambda number: _exact(number / 8))
    most_double = sys.float_info.max
    return st.floats(max(float(start), -most_double), min(float(end), most_double))


def _clamped(drawn: Strategy, least: float, most: float) -> Option:
    return Option(lambda draw, _: min(max(draw(drawn), least), most))


def _listed(schemas: Sequence[Any], mode: DrawMode, *, whole: bool) -> Strategy:
    """Numbers from a list, for keywords such as `multipleOf` that allow few."""
    size = "largest" if mode.bounds_only else "small"
    listed = [*islice(numbers(list(schemas), [], size, whole=whole), _MAX_LISTED)]
    return st.sampled_from(listed) if listed else st.nothing()


def _lists_values(schemas: Sequence[Any]) -> bool:
    return any("multipleOf" in schema or "not" in schema for schema in schemas)


def _sampled(listed: Iterable[str], low: int, high: float) -> Strategy:
    fitting = [text for text in dict.fromkeys(listed) if low <= len(text) <= high]
    return st.sampled_from(fitting) if fitting else st.nothing()


def _exact(number: float) -> float:
    return int(number) if number == int(number) else number


def _as_double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)
