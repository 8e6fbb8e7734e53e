"""A JSON text laid out for reading, token by token as it arrived, with marks at places in it.

No value is read and written again: a number keeps its spelling, a repeated key stays, an escape
stays an escape. Only white space between tokens is ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from aleph_contract.core.jsonvalue import loads, pointer
from aleph_contract.errors import JSONError

#: Characters of one string that are shown; a data URI may have millions.
STRING = 2_000

#: Characters of a text that are laid out; of a longer one the beginning is shown as it is.
TEXT = 256 * 1024

_LEXEME = re.compile(r'[\[\]{},:]|"(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+')
_OPENING, _CLOSING = ("{", "["), ("}", "]")
_KINDS = {'"': "string", "t": "literal", "f": "literal", "n": "literal"}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters of one kind.

    Args:
        text: The characters, shortened where `cut` says so.
        kind: `key`, `string`, `number`, `literal`, `punctuation` or `text`.
        marks: Numbers of the marks that stand at it.
        cut: How many characters are left out after it.
    """

    text: str
    kind: str
    marks: tuple[int, ...] = ()
    cut: int = 0


@dataclass(slots=True)
class Line:
    """One line: how deep it is, its pieces, and the marks that are explained below it."""

    depth: int
    pieces: list[Piece] = field(default_factory=list)

    @property
    def marks(self) -> tuple[int, ...]:
        """The marks of its pieces, each once."""
        return tuple(dict.fromkeys(mark for piece in self.pieces for mark in piece.marks))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark stands: at the value of a JSON Pointer, or at a key of the object there."""

    pointer: str
    key: str | None = None


_ROOT = Place("")


@dataclass(frozen=True, slots=True)
class Shown:
    """A body, ready to be shown.

    Args:
        lines: Its lines.
        json: Whether it could be laid out as JSON.
        problem: Why not, if it was tried.
        left: How many characters of it are not shown.
    """

    lines: tuple[Line, ...]
    json: bool
    problem: str = ""
    left: int = 0


def lay_out(raw: bytes, marks: Sequence[Place] = ()) -> Shown:
    """Lay out a body: JSON indented, anything else as it is.

    Args:
        raw: The body.
        marks: Places that are marked, numbered from 0; one that is not there marks what is around.
    """
    if len(raw) > 4 * TEXT:
        return _plain(raw, "")
    try:
        loads(raw)
    except JSONError as error:
        return _plain(raw, str(error) if raw.strip() else "")
    return Shown(tuple(_lines(raw.decode("utf-8"), marks)), json=True)


def _plain(raw: bytes, problem: str) -> Shown:
    text = raw[: 4 * TEXT].decode("utf-8", "backslashreplace")
    shown = text[: TEXT // 4]
    lines = tuple(Line(0, [Piece(line, "text")]) for line in shown.splitlines())
    return Shown(lines, json=False, problem=problem, left=max(0, len(raw) - len(shown.encode())))


def _lines(text: str, marks: Sequence[Place]) -> Iterator[Line]:
    """The lines of a text that is known to be JSON."""
    walked = list(_walk(text))
    known = {place for _, place in walked if place}
    marked: dict[Place, list[int]] = {}
    for number, place in enumerate(marks):
        marked.setdefault(_nearest(place, known), []).append(number)
    depth, before, line = 0, "", Line(0)
    for lexeme, at in walked:
        closing = lexeme in _CLOSING
        depth -= closing
        if before == "," or ((before in _OPENING or closing) and not _empty(before, lexeme)):
            yield line
            line = Line(depth)
        line.pieces.append(_piece(lexeme, at, marked.get(at, ()) if at else ()))
        depth += lexeme in _OPENING
        before = lexeme
    yield line


def _empty(before: str, lexeme: str) -> bool:
    return before in _OPENING and lexeme in _CLOSING


def _piece(lexeme: str, at: Place | None, marks: Sequence[int]) -> Piece:
    if at is None or lexeme in _OPENING:
        return Piece(": " if lexeme == ":" else lexeme, "punctuation", tuple(marks))
    kind = "key" if at.key is not None else _KINDS.get(lexeme[0], "number")
    return Piece(lexeme[:STRING], kind, tuple(marks), max(0, len(lexeme) - STRING))


def _nearest(place: Place, known: Collection[Place]) -> Place:
    """The place itself if it is there, otherwise the nearest around it."""
    while place not in known and place != _ROOT:
        above = place.pointer.rpartition("/")[0] if place.key is None else place.pointer
        place = Place(above)
    return place


def _walk(text: str) -> Iterator[tuple[str, Place | None]]:
    """Every token, with the place of the value or the key that it is or begins."""
    lexemes = (lexeme[0] for lexeme in _LEXEME.finditer(text))
    return _value(lexemes, next(lexemes), "")


def _value(lexemes: Iterator[str], lexeme: str, where: str) -> Iterator[tuple[str, Place | None]]:
    yield lexeme, Place(where)
    if lexeme == "{":
        yield from _object(lexemes, where)
    elif lexeme == "[":
        yield from _array(lexemes, where)


def _object(lexemes: Iterator[str], where: str) -> Iterator[tuple[str, Place | None]]:
    for lexeme in lexemes:
        if lexeme in (",", "}"):
            yield lexeme, None
            if lexeme == "}":
                return
        else:
            key = json.loads(lexeme)
            yield lexeme, Place(where, key)
            yield next(lexemes), None  # the colon
            yield from _value(lexemes, next(lexemes), where + pointer([key]))


def _array(lexemes: Iterator[str], where: str) -> Iterator[tuple[str, Place | None]]:
    index = 0
    for lexeme in lexemes:
        if lexeme in (",", "]"):
            yield lexeme, None
            if lexeme == "]":
                return
        else:
            yield from _value(lexemes, lexeme, f"{where}/{index}")
            index += 1
