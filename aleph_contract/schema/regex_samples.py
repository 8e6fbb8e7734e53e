"""Samples of a regular expression: texts that match, and texts that nearly match."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from aleph_contract.schema.regex import compiled
from aleph_contract.schema.regex_tree import codes, parsed


def matching(pattern: str, low: int = 0, high: float = float("inf")) -> Iterator[str]:
    """Texts of `low` to `high` characters that match `pattern`; empty if none was found.

    Candidates ignore lookarounds and anchors; those that do not match are dropped.
    """
    return _matching(pattern, low, high, frozenset())


def matching_both(one: str, other: str, low: int = 0, high: float = float("inf")) -> Iterator[str]:
    """Texts that match `one` in which each class of characters is limited to those of `other`.

    Example: for `^[a-z]+$` and `^[x-z0-9]+$` texts of x, y and z. A text may fail to match `other`.
    """
    return _matching(one, low, high, frozenset(_characters(parsed(other))))


def _matching(pattern: str, low: int, high: float, among: frozenset[str]) -> Iterator[str]:
    found = compiled(pattern).search
    seen: dict[str, None] = {}
    for text in _tries(pattern, low, high, among):
        if low <= len(text) <= high and text not in seen and found(text):
            seen[text] = None
            yield text


def _tries(pattern: str, low: int, high: float, among: frozenset[str]) -> Iterator[str]:
    for variant in range(_VARIANTS):
        shortest = _Sampler(variant, 0, among).text(parsed(pattern))
        room = [bound - len(shortest) for bound in (low, high) if bound < float("inf")]
        more = [int(r) // part for r in room if r > 0 for part in range(1, 5)]
        for budget in (0, 1, 2, 3, *more):
            text = _Sampler(variant, budget, among).text(parsed(pattern))
            yield text
            yield from (text + more for more in "abc123")
            if len(text) < low:
                yield text + "a" * (low - len(text))
                yield "a" * (low - len(text)) + text


def near_misses(pattern: str) -> Iterator[tuple[str, str]]:
    """Texts that nearly match `pattern`, each with a label such as `one-short`."""
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


#: How many samples are tried, each with other choices of branch and character.
_VARIANTS = 6

#: In the second half of the variants each choice is this far from the one before, so that one text
#: mixes letters, digits and other characters.
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
        variant: Selects the branch and the character at each choice.
        budget: The number of repetitions beyond the fewest allowed.
        among: The characters to take from each class that has one of them; all if empty.
    """

    def __init__(self, variant: int, budget: int, among: frozenset[str] = frozenset()) -> None:
        self.among = among
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
            return self._character([c for c in _ALPHABET if ord(c) != argument])
        if code is codes.ANY:
            return self._character(_ALPHABET)
        if code is codes.IN:
            return self._character(_members(tuple(argument)))
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

    def _character(self, choices: Sequence[str]) -> str:
        known = [char for char in choices if char in self.among] if self.among else []
        return str(self._pick(known or choices))

    def _pick(self, choices: Any) -> Any:
        self.picks += _STRIDE * (self.variant >= _VARIANTS // 2)
        return choices[(self.variant + self.picks) % len(choices)] if choices else ""


def _characters(nodes: Any) -> Iterator[str]:
    """The characters that the literals and classes of a parsed pattern match."""
    for code, argument in nodes:
        if code is codes.LITERAL:
            yield chr(argument)
        elif code is codes.ANY:
            yield from _ALPHABET
        elif code is codes.IN:
            yield from _members(tuple(argument))
        elif code is codes.BRANCH:
            for alternative in argument[1]:
                yield from _characters(alternative)
        elif code in (codes.SUBPATTERN, codes.MAX_REPEAT, codes.MIN_REPEAT):
            yield from _characters(argument[-1])


@lru_cache(maxsize=256)
def _members(items: tuple[Any, ...]) -> list[str]:
    """Characters of a class: letters and digits first, then other ASCII."""
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
