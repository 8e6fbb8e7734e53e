"""Strategies for strings and numbers: what the keywords of several schemas leave, corners often.

Each value takes one or two choices of Hypothesis' however large it is, for a draw costs by the
choice.
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

from aleph_contract.cases.portability import SAFE
from aleph_contract.schema.generation.numbers import numbers, span
from aleph_contract.schema.generation.strings import FORMATS
from aleph_contract.schema.regex import compiled
from aleph_contract.schema.regex_samples import matching, near_misses
from aleph_contract.strategies.options import Option, option_of


@dataclass(frozen=True, slots=True)
class Manner:
    """How values are drawn.

    Args:
        corners: Only values on a bound, where there is one.
        portable: Only what every sane implementation reads alike, as far as one value goes.
    """

    corners: bool = False
    portable: bool = False


#: No digits and no capitals: Hypothesis would take those for simpler than `a`.
_PLAIN = string.ascii_lowercase + " .,-'"

#: What text goes wrong with: characters of two, three and four bytes, combining and joining marks,
#: right to left, line ends, quotes, controls. The bar stands for a backslash, which in its own
#: place would be taken for simpler than `a` as well.
_HARD = '\u00e9\u6f22\u0301\u05d0\u200d\u202e\ufeff\u2028\n\t\0\x7f"|'
_ASTRAL = "\U0001f305\U0001d4d0\U0001f3ac\U0001f468\U00020bb7"

#: Addresses of the kinds that the documentation of such models allows, and texts that are none.
_ADDRESSES = ("https://example.com/a%20b.mp4?c=d&e#f", "runway://a", "data:video/mp4;base64,AAAA")
_NO_ADDRESSES = ("", "a", " ", "https://example.com/\u6f22\U0001f305.mp4", "a" * 10_000)

#: Longest text that is drawn character by character; longer ones are a piece of it repeated, since
#: a thousand characters would take a thousand times as long to draw, and show no more.
_PIECE = 8

#: Numbers are drawn from beyond their bounds too, by this part of the range, and stand for the
#: bound then: so that it comes up often, and still shrinks like any other.
_MARGIN = 16

#: How far draws go where no bound is said, and how many candidates a list of them holds.
_FAR = 1000
_LONG = 40
_LISTED = 40

Strategy = SearchStrategy[Any]


def texts(schemas: Sequence[Any], hints: Sequence[str], manner: Manner) -> Iterator[Option]:
    """How to draw strings that keep the length and pattern keywords of all `schemas`."""
    low = max((s.get("minLength", 0) for s in schemas), default=0)
    high = min((s.get("maxLength", math.inf) for s in schemas), default=math.inf)
    if low > high:
        return
    near = [text for s in schemas for text in _unlike(s.get("not", {}).get("pattern"))]
    if any("pattern" in schema for schema in schemas):
        yield from option_of(_by_patterns(schemas, low, high, manner))
    elif any(schema.get("format") in FORMATS for schema in schemas):
        formed = [FORMATS[s["format"]][0] for s in schemas if s.get("format") in FORMATS]
        yield from option_of(_sampled([*formed, *hints], low, high))
        if not manner.portable:
            yield Option(_stretched(low, high, manner))
    elif any("://" in hint for hint in hints):
        yield from option_of(_addresses(hints, low, high, manner))
    else:
        yield from option_of(_sampled(near, low, high))
        yield Option(_stretched(low, high, manner))


def _by_patterns(schemas: Sequence[Any], low: int, high: float, manner: Manner) -> Strategy:
    patterns = [schema["pattern"] for schema in schemas if "pattern" in schema]
    listed = [
        text for pattern in patterns for text in islice(matching(pattern, low, high), _LISTED)
    ]
    found = _sampled(listed, low, high)
    if manner.portable or manner.corners:
        return found
    drawn = st.from_regex(compiled(patterns[0]))
    return found | drawn.filter(lambda text: low <= len(text) <= high)


def _unlike(pattern: str | None) -> list[str]:
    return [] if pattern is None else [text for _, text in near_misses(pattern)]


def _addresses(hints: Sequence[str], low: int, high: float, manner: Manner) -> Strategy:
    """Addresses like the documented ones, a shorter one first: what a person would write."""
    short = _shortened(next(hint for hint in hints if "://" in hint))
    known = [short, *hints, *_ADDRESSES]
    if not manner.portable:
        known += _NO_ADDRESSES
    if all(not low <= len(address) <= high for address in known):
        known = [short.ljust(low, "a")[: int(min(high, max(low, len(short))))]]
    return _sampled(known, low, high)


def _shortened(address: str) -> str:
    scheme, _, rest = address.partition("://")
    suffix = rest.rpartition("/")[2].rpartition(".")[2]
    return f"{scheme}://example.com/a.{suffix}"


def _stretched(low: int, high: float, manner: Manner) -> Callable[[DrawFn, int], str]:
    """Short texts as they are drawn, and as often a piece repeated, up to the most.

    A length beyond the most stands for the most; one far beyond for as many characters of four
    bytes each.
    """
    alphabet = _PLAIN if manner.portable else _PLAIN + _HARD + _ASTRAL
    most = low + _LONG if math.isinf(high) else int(high)
    fewest = low if low <= _PIECE else 1
    pieces = st.text(alphabet, min_size=fewest, max_size=max(min(most, _PIECE), fewest))
    lengths = st.integers(-2 * most, 2 * most)
    if manner.corners:
        lengths = st.sampled_from([low, most] if manner.portable else [low, most, 2 * most])

    def stretched(draw: DrawFn, _: int) -> str:
        piece = draw(pieces).replace("|", "\\")
        if most <= _PIECE and not manner.corners:
            return piece
        length = draw(lengths)
        size = max(low, min(length, most))
        if not manner.corners:
            size = max(size, len(piece))
        if length > most * 7 // 4 and not manner.portable:
            piece = "".join(_ASTRAL[ord(char) % len(_ASTRAL)] for char in piece)
        return (piece * (size // len(piece) + 1))[:size] if piece else "a" * size

    return stretched


def integers(schemas: Sequence[Any], manner: Manner) -> Iterator[Option]:
    """How to draw integers that keep the bounds of all `schemas`."""
    low, high = span(list(schemas), whole=True)
    ends = sorted({int(end) for end in (low, high) if math.isfinite(end)})
    if low > high:
        return
    if _picky(schemas):
        yield from option_of(_listed(schemas, manner, whole=True))
    elif manner.corners and ends:
        yield from option_of(st.sampled_from(ends))
    else:
        least = int(low) if math.isfinite(low) else min([-_FAR, *(end - _FAR for end in ends)])
        most = int(high) if math.isfinite(high) else max(least + SAFE // 2, _FAR)
        margin = (most - least) // _MARGIN
        below = margin if math.isfinite(low) else 0
        above = margin if math.isfinite(high) else 0
        yield _clamped(st.integers(least - below, most + above), least, most)


def fractions(schemas: Sequence[Any], manner: Manner) -> Iterator[Option]:
    """How to draw numbers that keep the bounds of all `schemas`."""
    low, high = (_as_double(end) for end in span(list(schemas), whole=False))
    ends = sorted({_exact(end) for end in (low, high) if math.isfinite(end)})
    if low > high:
        return
    if _picky(schemas):
        yield from option_of(_listed(schemas, manner, whole=False))
    elif manner.corners and ends:
        yield from option_of(st.sampled_from(ends))
    else:
        least = _exact(low) if math.isfinite(low) else min([-_FAR, *(e - _FAR for e in ends)])
        most = _exact(high) if math.isfinite(high) else max(least + _FAR, _FAR)
        yield _clamped(_spread(low, high, least, most, manner), least, most)


def _spread(low: float, high: float, least: float, most: float, manner: Manner) -> Strategy:
    """Numbers from `least` to `most`, and beyond where a bound is to be met more often.

    Not below a bound such as 5e-324, which would then pass for the simplest number.
    """
    margin = (most - least) / _MARGIN
    start = least - (margin if math.isfinite(low) and least == int(least) else 0)
    end = most + (margin if math.isfinite(high) else 0)
    eighths = math.ceil(least * 8), math.floor(end * 8)
    if manner.portable and eighths[0] < eighths[1]:
        return st.integers(*eighths).map(lambda number: _exact(number / 8))
    most_double = sys.float_info.max
    return st.floats(max(float(start), -most_double), min(float(end), most_double))


def _clamped(drawn: Strategy, least: float, most: float) -> Option:
    return Option(lambda draw, _: min(max(draw(drawn), least), most))


def _listed(schemas: Sequence[Any], manner: Manner, *, whole: bool) -> Strategy:
    """Numbers where a keyword leaves few of them, from those that it leaves."""
    size = "largest" if manner.corners else "small"
    listed = [*islice(numbers(list(schemas), [], size, whole=whole), _LISTED)]
    return st.sampled_from(listed) if listed else st.nothing()


def _picky(schemas: Sequence[Any]) -> bool:
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
