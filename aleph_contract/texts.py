"""Strings to order: of a length, of a pattern, of a format; plausible where there is a choice."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterator
from functools import lru_cache
from itertools import count, product
from typing import Any

from aleph_contract.patterns import compiled, to_python

try:
    # The parser of Python's own patterns: documented nowhere, unchanged since Python 2.
    from re import _constants as codes  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as codes
    import sre_parse as parser

#: What a string holds when nothing tells what it is for.
PLAIN = "A quiet street at dusk, rain on the pavement"

#: For each format of draft 2020-12 a text that keeps it and one that every checker turns down.
FORMATS = {
    "date-time": ("2026-06-15T19:47:34Z", "2026-06-15 at noon"),
    "date": ("2026-06-15", "2026-13-01"),
    "time": ("19:47:34Z", "25:00:00Z"),
    "duration": ("PT5S", "5 seconds"),
    "email": ("someone@example.com", "someone.example.com"),
    "idn-email": ("someone@example.com", "someone.example.com"),
    "hostname": ("media.example.com", "-media-.example.com"),
    "idn-hostname": ("media.example.com", "-media-.example.com"),
    "ipv4": ("192.0.2.1", "192.0.2.256"),
    "ipv6": ("2001:db8::1", "2001:db8:::1"),
    "uri": ("https://media.example.com/clip.mp4", "not a URI"),
    "uri-reference": ("/clip.mp4", "\\clip.mp4"),
    "iri": ("https://media.example.com/clip.mp4", "not an IRI"),
    "iri-reference": ("/clip.mp4", "\\clip.mp4"),
    "uuid": ("7449093b-e574-41a5-8308-05e4692fa652", "7449093b-e574-41a5-8308"),
    "uri-template": ("https://media.example.com/{name}", "https://media.example.com/{name"),
    "json-pointer": ("/keyframes/0", "keyframes/0"),
    "relative-json-pointer": ("0/keyframes", "/keyframes"),
    "regex": ("^[a-z]+$", "^[a-z+$"),
}


def strings(schemas: list[Any], hints: list[str], size: str) -> Iterator[str]:
    """Strings that keep the string keywords of all `schemas`, the likeliest first.

    Args:
        schemas: Schemas without choice that hold together.
        hints: Realistic texts; those that fit come first.
        size: `smallest` and `largest` ask for the shortest and for the longest.
    """
    low = max((s.get("minLength", 0) for s in schemas), default=0)
    high = min((s.get("maxLength", math.inf) for s in schemas), default=math.inf)
    if size == "largest" and high < math.inf:
        low = high
    elif size == "smallest" and any("minLength" in s for s in schemas):
        high = low
    fitting = [hint for hint in hints if low <= len(hint) <= high]
    yield from fitting
    for schema in schemas:
        if "pattern" in schema.get("not", ()):
            yield from (text for _, text in near_misses(schema["not"]["pattern"]))
        if "pattern" in schema:
            yield from matching(schema["pattern"], low, high)
    formats = [FORMATS[s["format"]][0] for s in schemas if s.get("format") in FORMATS]
    base = [*fitting, *hints, *formats, PLAIN][0]
    yield from (text for text in stretched(base, low, high) if text not in fitting)


def stretched(base: str, low: int, high: float) -> Iterator[str]:
    """Texts of `low` to `high` characters, no two the same: `base` first, if it fits.

    None begins or ends with a space, so that a case about length is not one about trimming.
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


def matching(pattern: str, low: int = 0, high: float = float("inf")) -> Iterator[str]:
    """Texts of `low` to `high` characters in which `pattern` is found; none if none is found.

    What the pattern's lookarounds and anchors do is not planned for but tested for.
    """
    found = compiled(pattern).search
    seen: dict[str, None] = {}
    for text in _tries(pattern, low, high):
        if low <= len(text) <= high and text not in seen and found(text):
            seen[text] = None
            yield text


def _tries(pattern: str, low: int, high: float) -> Iterator[str]:
    for variant in range(_VARIANTS):
        shortest = _Sampler(variant, 0).text(_parsed(pattern))
        room = [bound - len(shortest) for bound in (low, high) if bound < float("inf")]
        more = [int(r) // part for r in room if r > 0 for part in range(1, 5)]
        for budget in (0, 1, 2, 3, *more):
            text = _Sampler(variant, budget).text(_parsed(pattern))
            yield text
            yield from (text + more for more in "abc123")
            if len(text) < low:
                yield text + "a" * (low - len(text))
                yield "a" * (low - len(text)) + text


def near_misses(pattern: str) -> Iterator[tuple[str, str]]:
    """Texts that come close to `pattern` but are not found by it, each with a label."""
    found = compiled(pattern).search
    seen = {""}
    for base in (text for text in matching(pattern) if text):
        for label, text in _mutants(base):
            if label not in seen and not found(text):
                seen.add(label)
                yield label, text
    if not found(""):
        yield "empty", ""


def _mutants(base: str) -> Iterator[tuple[str, str]]:
    yield "one-short", base[:-1]
    yield "one-more", base + "!"
    yield "wrong-start", "!" + base[1:]
    yield "wrong-case", base.swapcase()
    yield "leading-space", " " + base
    yield "trailing-space", base + " "
    yield "trailing-line-feed", base + "\n"
    yield "other-characters", re.sub(r"\w", "%", base)
    yield "digits", re.sub(r"\w", "7", base)


@lru_cache(maxsize=256)
def _parsed(pattern: str) -> Any:
    return parser.parse(to_python(pattern))


#: How often a pattern is sampled with other choices of branch and character.
_VARIANTS = 6

#: In the later half of the variants each choice is this far from the one before, so that one text
#: holds letters, digits and the rest.
_STRIDE = 11

_ALPHABET = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_.:/ !#~"
_CATEGORIES = {
    codes.CATEGORY_DIGIT: "7302195",
    codes.CATEGORY_NOT_DIGIT: "abcxyz-",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_NOT_SPACE: "abcxyz7",
    codes.CATEGORY_WORD: "abcxyz7",
    codes.CATEGORY_NOT_WORD: "-.:",
}


class _Sampler:
    """One text of a parsed pattern.

    Args:
        variant: Which branch and which character is taken where there is a choice.
        budget: How many repetitions there are beyond the fewest allowed.
    """

    def __init__(self, variant: int, budget: int) -> None:
        self.variant = variant
        self.budget = budget
        self.picks = 0
        self.groups: dict[int, str] = {}

    def text(self, nodes: Any) -> str:
        return "".join(self._one(code, argument) for code, argument in nodes)

    def _one(self, code: Any, argument: Any) -> str:
        if code is codes.LITERAL:
            return chr(argument)
        if code is codes.NOT_LITERAL:
            return str(self._pick([c for c in _ALPHABET if ord(c) != argument]))
        if code is codes.ANY:
            return str(self._pick(_ALPHABET))
        if code is codes.IN:
            return str(self._pick(_members(argument)))
        if code is codes.BRANCH:
            return self.text(self._pick(argument[1]))
        if code is codes.SUBPATTERN:
            text = self.text(argument[-1])
            self.groups[argument[0]] = text
            return text
        if code is codes.GROUPREF:
            return self.groups.get(argument, "")
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            return self._repeat(*argument)
        return ""

    def _repeat(self, low: int, high: int, nodes: Any) -> str:
        more = int(min(self.budget, high - low))
        self.budget -= more
        return "".join(self.text(nodes) for _ in range(low + more))

    def _pick(self, choices: Any) -> Any:
        self.picks += _STRIDE * (self.variant >= _VARIANTS // 2)
        return choices[(self.variant + self.picks) % len(choices)] if choices else ""


def _members(items: Any) -> list[str]:
    """Characters of a class, the plainest first."""
    negated = items[0][0] is codes.NEGATE
    positive = [char for item in items[negated:] for char in _expand(*item)]
    if negated:
        return [char for char in _ALPHABET if char not in positive]
    return sorted(dict.fromkeys(positive), key=lambda c: (not c.isalnum(), not c.isascii()))


def _expand(code: Any, argument: Any) -> list[str]:
    if code is codes.LITERAL:
        return [chr(argument)]
    if code is codes.RANGE:
        low, high = argument
        return [c for c in _ALPHABET if low <= ord(c) <= high] or [chr(low), chr(high)]
    return list(_CATEGORIES.get(argument, ""))
