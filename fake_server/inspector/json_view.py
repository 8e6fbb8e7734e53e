r"""A body formatted for display: indented JSON with every token as it was sent, and marks.

The JSON is not parsed and serialised again, so a number keeps its digits and a repeated key stays.
Only the white space between tokens changes, and strings show their text as it was typed: many
clients send `caf\u00e9` for `café`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from aleph_contract.core.jsonvalue import loads, pointer
from aleph_contract.errors import JSONError

#: Maximum characters shown of one string; a data URI may have millions.
MAX_STRING = 2_000

#: Maximum bytes of a body that is formatted as JSON; a longer body is shown as plain text.
MAX_JSON = 1024 * 1024

#: Maximum characters shown of a plain text.
MAX_PLAIN = 64 * 1024

_LEXEME = re.compile(r'[\[\]{},:]|"(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+')

#: An escape of a character, or of a character outside the Basic Multilingual Plane as two
#: surrogates, behind an even number of backslashes.
_ESCAPE = re.compile(
    r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})"
)
_OPENING, _CLOSING = ("{", "["), ("}", "]")
_KINDS = {'"': "string", "t": "literal", "f": "literal", "n": "literal"}


@dataclass(frozen=True, slots=True)
class Span:
    """Text of one kind.

    Args:
        text: The text, without the characters that `cut` counts.
        kind: `key`, `string`, `number`, `literal`, `punctuation` or `text`.
        marks: Indices of the marks at this span.
        cut: Number of characters left out after `text`.
    """

    text: str
    kind: str
    marks: tuple[int, ...] = ()
    cut: int = 0


@dataclass(slots=True)
class Line:
    """One line of a formatted body, `depth` levels indented."""

    depth: int
    spans: list[Span] = field(default_factory=list)

    @property
    def marks(self) -> tuple[int, ...]:
        """The marks of the spans, without repetitions."""
        return tuple(dict.fromkeys(mark for span in self.spans for mark in span.marks))


@dataclass(frozen=True, slots=True)
class Location:
    """A value, by its JSON Pointer; or, with `key`, one key of the object at that pointer."""

    pointer: str
    key: str | None = None


_ROOT = Location("")


@dataclass(frozen=True, slots=True)
class FormattedBody:
    """A body, ready for the template.

    Args:
        lines: Its lines.
        json: Whether it is formatted as JSON.
        problem: Why it is not JSON; empty for an empty body and for one above `MAX_JSON`.
        bytes_left_out: Number of bytes that are not shown.
    """

    lines: tuple[Line, ...]
    json: bool
    problem: str = ""
    bytes_left_out: int = 0


def format_body(raw: bytes, marks: Sequence[Location] = ()) -> FormattedBody:
    """Format a body: JSON indented, any other body as plain text.

    Args:
        raw: The body.
        marks: Locations to mark; the mark with index 0 is the first. A location that does not
            exist marks the nearest value around it.
    """
    if len(raw) > MAX_JSON:
        return _plain(raw, "")
    try:
        loads(raw)
    except JSONError as error:
        return _plain(raw, str(error) if raw.strip() else "")
    return FormattedBody(tuple(_lines(raw.decode("utf-8"), marks)), json=True)


def _plain(raw: bytes, problem: str) -> FormattedBody:
    text = raw[: 4 * MAX_PLAIN].decode("utf-8", "backslashreplace")[:MAX_PLAIN]
    lines = tuple(Line(0, [Span(line, "text")]) for line in text.splitlines())
    left_out = max(0, len(raw) - len(text.encode()))
    return FormattedBody(lines, json=False, problem=problem, bytes_left_out=left_out)


def _lines(text: str, marks: Sequence[Location]) -> Iterator[Line]:
    """The lines of a valid JSON text."""
    lexemes = list(_walk(text))
    existing = {location for _, location in lexemes if location}
    marked: dict[Location, list[int]] = {}
    for index, location in enumerate(marks):
        marked.setdefault(_nearest(location, existing), []).append(index)
    depth, before, line = 0, "", Line(0)
    for lexeme, at in lexemes:
        closing = lexeme in _CLOSING
        depth -= closing
        if before == "," or ((before in _OPENING or closing) and not _is_empty(before, lexeme)):
            yield line
            line = Line(depth)
        line.spans.append(_span(lexeme, at, marked.get(at, ()) if at else ()))
        depth += lexeme in _OPENING
        before = lexeme
    yield line


def _is_empty(before: str, lexeme: str) -> bool:
    return before in _OPENING and lexeme in _CLOSING


def _span(lexeme: str, at: Location | None, marks: Sequence[int]) -> Span:
    if at is None or lexeme in _OPENING:
        return Span(": " if lexeme == ":" else lexeme, "punctuation", tuple(marks))
    kind = "key" if at.key is not None else _KINDS.get(lexeme[0], "number")
    return Span(as_typed(lexeme[:MAX_STRING]), kind, tuple(marks), max(0, len(lexeme) - MAX_STRING))


def as_typed(literal: str) -> str:
    r"""A JSON literal with printable characters instead of their escapes; `\n`, `\"`, `\\` stay."""
    return _ESCAPE.sub(_typed, literal) if "\\u" in literal else literal


def _typed(match: re.Match[str]) -> str:
    character = str(json.loads(f'"{match[2]}"'))
    return match[1] + character if character.isprintable() and character not in '"\\' else match[0]


def _nearest(location: Location, existing: Collection[Location]) -> Location:
    """`location` if it exists, otherwise the nearest value around it."""
    while location not in existing and location != _ROOT:
        parent = location.pointer.rpartition("/")[0] if location.key is None else location.pointer
        location = Location(parent)
    return location


def _walk(text: str) -> Iterator[tuple[str, Location | None]]:
    """Each token, with its location if it is a key or the first token of a value."""
    lexemes = (match[0] for match in _LEXEME.finditer(text))
    return _value(lexemes, next(lexemes), "")


def _value(lexemes: Iterator[str], lexeme: str, at: str) -> Iterator[tuple[str, Location | None]]:
    yield lexeme, Location(at)
    if lexeme == "{":
        yield from _object(lexemes, at)
    elif lexeme == "[":
        yield from _array(lexemes, at)


def _object(lexemes: Iterator[str], at: str) -> Iterator[tuple[str, Location | None]]:
    for lexeme in lexemes:
        if lexeme in (",", "}"):
            yield lexeme, None
            if lexeme == "}":
                return
        else:
            key = json.loads(lexeme)
            yield lexeme, Location(at, key)
            yield next(lexemes), None  # the colon
            yield from _value(lexemes, next(lexemes), at + pointer([key]))


def _array(lexemes: Iterator[str], at: str) -> Iterator[tuple[str, Location | None]]:
    index = 0
    for lexeme in lexemes:
        if lexeme in (",", "]"):
            yield lexeme, None
            if lexeme == "]":
                return
        else:
            yield from _value(lexemes, lexeme, f"{at}/{index}")
            index += 1
