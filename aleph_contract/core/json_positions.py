"""Line and column of each value of a JSON text, to show an error in the user's own file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from aleph_contract.core.jsonvalue import pointer

_TOKEN = re.compile(r'[\[\]{},:]|"(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+')


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a text: line and column, both from 1, the column in characters."""

    line: int
    column: int


class Positions:
    """The positions of all values and keys of one JSON text.

    Of a repeated key the last one counts, as when the text is read.

    Args:
        text: JSON text that has been read without an error.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._values: dict[str, int] = {}
        self._keys: dict[str, int] = {}
        tokens = ((token[0], token.start()) for token in _TOKEN.finditer(text))
        self._value(tokens, next(tokens), "")

    def value(self, where: str) -> Place:
        """The start of the value at a JSON Pointer, or of the nearest value around it."""
        while where not in self._values:
            where = where.rpartition("/")[0]
        return self._place(self._values[where])

    def key(self, where: str, name: str) -> Place:
        """The start of the key `name` of the object at a JSON Pointer."""
        offset = self._keys.get(where + pointer([name]))
        return self.value(where) if offset is None else self._place(offset)

    def line(self, number: int) -> str:
        """One line of the text, counted from 1."""
        return self._text.split("\n")[number - 1].rstrip("\r")

    def _place(self, offset: int) -> Place:
        start = self._text.rfind("\n", 0, offset) + 1
        return Place(self._text.count("\n", 0, offset) + 1, offset - start + 1)

    def _value(self, tokens: Iterator[tuple[str, int]], token: tuple[str, int], where: str) -> None:
        text, offset = token
        self._values[where] = offset
        if text == "{":
            self._object(tokens, where)
        elif text == "[":
            self._array(tokens, where)

    def _object(self, tokens: Iterator[tuple[str, int]], where: str) -> None:
        for text, offset in tokens:
            if text == "}":
                return
            if text != ",":
                here = where + pointer([json.loads(text)])
                self._keys[here] = offset
                next(tokens)  # the colon
                self._value(tokens, next(tokens), here)

    def _array(self, tokens: Iterator[tuple[str, int]], where: str) -> None:
        index = 0
        for token in tokens:
            if token[0] == "]":
                return
            if token[0] != ",":
                self._value(tokens, token, f"{where}/{index}")
                index += 1
