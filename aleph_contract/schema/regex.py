r"""Regular expressions of JSON Schema (ECMA-262, Unicode mode), rewritten for both engines.

A pattern is parsed once and written again with characters and ranges only: `\d` becomes `[0-9]`,
`.` becomes `[^\n\r\u2028\u2029]`, `\b` two lookarounds, `\p{L}` the ranges of all letters. So the
verdict does not depend on how an engine, or a version of it, reads these. Only the end of the text
differs: `$` in Rust, `\Z` in Python. A construct that the engines do not share is refused by name.

Outside Unicode mode ECMA-262 reads some patterns that Unicode mode refuses (Annex B); `\-`, `\@`,
`[\w-.]` and a lone `{` or `]` are common in published schemas and read in that way.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from aleph_contract.errors import ArgumentError
from aleph_contract.schema.code_points import NOT_LINE_END, WORD, CodePoints, written
from aleph_contract.schema.regex_characters import CharacterReader


def to_python(pattern: str) -> str:
    """The pattern for Python's `re`; `search` it, since JSON Schema does not anchor.

    Raises:
        ArgumentError: Not a regular expression, or one that the engines do not share.
    """
    return _rewritten(pattern, r"\Z")


def to_rust(pattern: str) -> str:
    """The pattern for the regex libraries of Rust.

    Raises:
        ArgumentError: As for `to_python`.
    """
    compiled(pattern)  # Python is the stricter one: no lookbehind of variable length
    return _rewritten(pattern, "$")


def to_rust_before_line_feed(pattern: str) -> str:
    r"""As `to_rust`, but `$` also matches before a line feed at the end, as in Python and PCRE.

    `^[a-z]+$` then accepts `"abc\n"`, which ECMA-262 refuses.

    Raises:
        ArgumentError: As for `to_python`.
    """
    compiled(pattern)
    return _rewritten(pattern, r"(?=\n?$)")


#: Most bytes of a pattern that the Rust engine has compiled. Its default, 10 MB, refuses
#: `^[\\p{L}\\p{N} ]{1,256}$`: each repetition holds the ranges of all letters.
_MAX_COMPILED = 128 * 1024 * 1024


def rust_options() -> Any:
    """The options with which jsonschema-rs compiles the patterns that `to_rust` writes."""
    from jsonschema_rs import FancyRegexOptions

    return FancyRegexOptions(size_limit=_MAX_COMPILED)


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """`to_python`, compiled.

    Raises:
        ArgumentError: As for `to_python`.
    """
    try:
        return re.compile(to_python(pattern))
    except (re.error, OverflowError) as error:
        reason = getattr(error, "msg", str(error))
        if "look-behind" in reason:
            reason = "a lookbehind must have one length"
        raise ArgumentError(f"{pattern!r} is not a regular expression: {reason}") from None


@lru_cache(maxsize=512)
def _rewritten(pattern: str, end: str) -> str:
    return _Rewriter(pattern, end).whole()


_QUANTIFIER = re.compile(r"(?:[*+?]|\{(?P<low>[0-9]+)(?P<comma>,(?P<high>[0-9]*))?\})\??")
_GROUP = re.compile(r"\((?:\?(?:(?P<kind>:|=|!|<=|<!)|<(?P<name>[A-Za-z_$][\w$]*)>))?")
_BACKREFERENCE = re.compile(r"\\(?:(?P<number>[1-9][0-9]*)|k<(?P<name>[^>]+)>)")

_WORD = written(WORD)
_EDGE = {
    "b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}


class _Rewriter(CharacterReader):
    """Reads one pattern by recursive descent and writes it again.

    Args:
        pattern: The pattern.
        end: What `$` becomes.
    """

    def __init__(self, pattern: str, end: str) -> None:
        super().__init__(pattern)
        self.end = end
        self.groups: list[str | None] = []
        #: Groups that have matched for certain when this place is reached. A backreference to
        #: any other matches the empty text in ECMA-262, and nothing in Python and in Rust.
        self.matched: set[int] = set()
        #: How many lookbehinds are open. ECMA-262 matches these from right to left, so that a
        #: backreference comes before its group.
        self.lookbehinds = 0

    def whole(self) -> str:
        """The rewritten pattern."""
        try:
            rewritten = self._disjunction()
        except RecursionError:
            raise self.malformed("nested too deep") from None
        if self.position < len(self.pattern):
            raise self.malformed("unbalanced parenthesis")
        return rewritten

    def _disjunction(self) -> str:
        before, after, ways = self.matched, set[int](), list[str]()
        while not ways or self.take("|"):
            self.matched = set(before)
            ways.append(self._alternative())
            after = self.matched & after if len(ways) > 1 else self.matched
        self.matched = after
        return "|".join(ways)

    def _alternative(self) -> str:
        terms = []
        while self.position < len(self.pattern) and self.next() not in "|)":
            terms.append(self._term())
        return "".join(terms)

    def _term(self) -> str:
        before = self.matched
        self.matched = set(before)
        repeatable, atom = self._atom()
        quantifier = _QUANTIFIER.match(self.pattern, self.position)
        if quantifier is None:
            return atom
        if not repeatable:
            raise self.malformed("nothing to repeat")
        self.matched = before
        self.position = quantifier.end()
        twice = _QUANTIFIER.match(self.pattern, self.position)
        if twice:
            raise self.refused(quantifier[0] + twice[0])
        if quantifier["high"] and int(quantifier["low"]) > int(quantifier["high"]):
            raise self.malformed("min repeat greater than max repeat")
        return atom + quantifier[0]

    def _atom(self) -> tuple[bool, str]:
        """One atom or assertion, rewritten, and whether a quantifier may follow it."""
        char = self.next()
        if char == "(":
            return self._group()
        if char == "\\":
            return self._escape()
        if _QUANTIFIER.match(self.pattern, self.position):
            raise self.malformed("nothing to repeat")
        if self.pattern.startswith("{,", self.position):
            raise self.refused("{,")
        self.position += 1
        if char in "^$":
            return False, "^" if char == "^" else self.end
        if char == "[":
            return True, self._written(self.character_class())
        return True, self._written(NOT_LINE_END if char == "." else self.single(ord(char)))

    def _group(self) -> tuple[bool, str]:
        opening = _GROUP.match(self.pattern, self.position)
        if opening is None or self.pattern.startswith("?", opening.end()):
            raise self.refused(self.pattern[self.position : self.position + 3])
        self.position = opening.end()
        kind, before = opening["kind"], set(self.matched)
        number = 0
        if kind is None:
            if opening["name"] and opening["name"] in self.groups:
                raise self.malformed(f"two groups {opening['name']!r}")
            self.groups.append(opening["name"])
            number = len(self.groups)
        self.lookbehinds += kind in ("<=", "<!")
        inner = self._disjunction()
        self.lookbehinds -= kind in ("<=", "<!")
        if not self.take(")"):
            raise self.malformed("missing )")
        if kind in ("!", "<=", "<!"):
            self.matched = before
        if number:
            self.matched.add(number)
        return kind in (None, ":"), f"({'?' + kind if kind else ''}{inner})"

    def _escape(self) -> tuple[bool, str]:
        reference = _BACKREFERENCE.match(self.pattern, self.position)
        if reference:
            return True, self._backreference(reference)
        letter = self.pattern[self.position + 1 : self.position + 2]
        if letter in _EDGE:
            self.position += 2
            return False, _EDGE[letter]
        return True, self._written(self.escaped_set())

    def _backreference(self, reference: re.Match[str]) -> str:
        name = reference["name"]
        if name and f"(?<{name}>" not in self.pattern:
            raise self.malformed(f"no group {name!r}")
        known = name in self.groups if name else True
        number = int(reference["number"] or (self.groups.index(name) + 1 if known else 0))
        if number not in self.matched or self.lookbehinds:
            raise self.refused(f"{reference[0]} where that group may not have matched")
        self.position = reference.end()
        return rf"(?:\{number})"

    def _written(self, points: CodePoints) -> str:
        pattern = written(points)
        if pattern is None:
            raise self.refused("a class that begins or ends among the surrogates")
        return pattern
