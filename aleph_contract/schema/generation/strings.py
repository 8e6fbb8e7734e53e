"""Build strings: of a length, of a pattern, of a format; realistic ones first."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator
from itertools import count, islice, permutations, product
from typing import Any

from aleph_contract.schema.generation.formats import FORMATS, formed
from aleph_contract.schema.regex_samples import matching, matching_both, near_misses

#: The longest string that is built (characters).
MAX_LENGTH = 1_000_000

#: Most samples of each of two patterns that are joined.
_MAX_JOINED = 4

#: Most samples of one pattern from the characters of another.
_MAX_SHARED = 12

#: The string that is built where no hint applies.
PLAIN = "A quiet street at dusk, rain on the pavement"


def strings(schemas: list[Any], hints: list[str], size: str) -> Iterator[str]:
    """Strings that satisfy the string keywords of all `schemas`, the most realistic first.

    Args:
        schemas: Schemas without unions that hold together.
        hints: Realistic strings; those that fit come first.
        size: With `smallest` or `largest`, strings have the least or the greatest length.
    """
    low = max((s.get("minLength", 0) for s in schemas), default=0)
    high = min((s.get("maxLength", math.inf) for s in schemas), default=math.inf)
    if size == "largest" and high < math.inf:
        low = high
    elif size == "smallest" and any("minLength" in s for s in schemas):
        high = low
    if low > MAX_LENGTH:
        return
    formats = [s["format"] for s in schemas if s.get("format") in FORMATS]
    fitting = [hint for hint in hints if low <= len(hint) <= high]
    base = [*fitting, *hints, *(FORMATS[name][0] for name in formats), PLAIN][0]
    if formats:
        patterns = [s["pattern"] for s in schemas if "pattern" in s]
        yield from formed(
            formats, patterns, [*fitting, next(stretched(base, low, high))], low, high
        )
    yield from fitting
    patterns = [schema["pattern"] for schema in schemas if "pattern" in schema]
    for one, other in permutations(patterns, 2):
        yield from islice(matching_both(one, other, low, high), _MAX_SHARED)
    for schema in schemas:
        if "pattern" in schema.get("not", ()):
            misses = [text for _, text in near_misses(schema["not"]["pattern"])]
            yield from (text for text in misses if low <= len(text) <= high)
            yield from (_cut(text, low) for text in misses if 0 < len(text) < low)
        if "pattern" in schema:
            yield from matching(schema["pattern"], low, high)
    for one, other in permutations(patterns, 2):
        yield from _joined(one, other, low, high)
    yield from (text for text in stretched(base, low, high) if text not in fitting)


def _joined(one: str, other: str, low: int, high: float) -> Iterator[str]:
    """Texts of `low` to `high` characters that begin as `one` and end as `other`, with a filler."""
    for start, end in product(
        islice(matching(one), _MAX_JOINED), islice(matching(other), _MAX_JOINED)
    ):
        least = max(low, len(start) + len(end))
        if least <= high:
            missing = least - len(start) - len(end)
            yield from (start + filler * missing + end for filler in "a0- ")


def stretched(base: str, low: int, high: float) -> Iterator[str]:
    """Distinct strings of `low` to `high` characters; `base` comes first if it fits.

    No string begins or ends with a space: a client that trims would otherwise fail a case about
    length.
    """
    length = int(max(low, min(len(base), high)))
    if length == 0:
        yield ""
        if high < 1:
            return
        length = 1
    first = _cut(base or PLAIN, length)
    yield first
    for number in count(2):
        mark = str(number)
        if len(mark) < length:
            yield first[: length - len(mark) - 1].rstrip().ljust(length - len(mark), "-") + mark
        elif length + len(mark) <= high:
            yield f"{first}{number}"
        else:
            yield from (t for t in _words(length) if t != first)
            return


def _cut(base: str, length: int) -> str:
    if len(base) >= length:
        text = base[:length]
    elif "://" in base:
        text = base + "a" * (length - len(base))
    else:
        text = ". ".join([base] * (length // len(base) + 1))[:length]
    return text if text == text.strip() else text.strip().ljust(length, ".")


def _words(length: int) -> Iterator[str]:
    return ("".join(letters) for letters in product(string.ascii_letters, repeat=length))
