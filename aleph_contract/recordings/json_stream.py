"""Read the elements of one array of a JSON document, one at a time.

A recording may be larger than the memory. The reader keeps one element, and at most one block of
text behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TextIO

from aleph_contract.errors import JSONError

#: Characters that are read from the file at a time.
BLOCK = 1 << 16

#: Longest value that is kept in memory, in characters: a small compressed file may hold gigabytes.
MAX_VALUE = 256 * 1024 * 1024

#: More characters than a literal or an escape has: an error so far from the end is definite.
LONGEST_TOKEN = 16

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class JSONStream:
    """A position in a JSON text that is read in blocks."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._before = 0
        self._lines = 1
        self._line_start = 0

    def elements(self, path: Sequence[str]) -> Iterator[Any]:
        """The elements of the array at `path`, such as `("log", "entries")`.

        Members beside the path are read and dropped.

        Raises:
            JSONError: The text is not JSON, ends early, or has no array at the path.
        """
        for name in path:
            self._enter(name)
        yield from self._array()

    def _array(self) -> Iterator[Any]:
        """The elements of the array that starts here."""
        self._expect("[")
        if self._next() == "]":
            self._expect("]")
            return
        while True:
            yield self._value()
            if self._next() != ",":
                break
            self._expect(",")
        self._expect("]")

    def values(self, name: str) -> Iterator[Any]:
        """The JSON values of the text; of an object with a member `name`, the values in that.

        Raises:
            JSONError: The text is not JSON, or ends early.
        """
        while (start := self._next()) != "":
            yield from self._unwrapped(name) if start == "{" else [self._value()]

    def _unwrapped(self, name: str) -> Iterator[Any]:
        """The elements of the member `name` of the object that starts here, or the object."""
        self._expect("{")
        members, found = {}, False
        while self._next() == '"':
            key = self._value()
            self._expect(":")
            if key == name and self._next() in ("[", "{"):
                found = True
                yield from self._array() if self._next() == "[" else [self._value()]
            else:
                members[key] = self._value()
            if self._next() == ",":
                self._expect(",")
        self._expect("}")
        if not found:
            yield members

    def _enter(self, name: str) -> None:
        """Move to the value of one member of the object that starts here."""
        self._expect("{")
        while self._next() == '"':
            found = self._value()
            self._expect(":")
            if found == name:
                return
            self._value()
            if self._next() == ",":
                self._expect(",")
        self._fail(f"the document has no member {name!r} here")

    def _next(self) -> str:
        """The next character that is not white space; empty at the end of the text."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _expect(self, character: str) -> None:
        found = self._next()
        if found != character:
            self._fail(f"expected {character}, found {found or 'the end of the file'}")
        self._at += 1

    def _value(self) -> Any:
        """Read one value, with as many blocks as it takes.

        The text is doubled before each new attempt, so a value of n characters costs O(n). A value
        that ends with the text may go on in the next block: a number, for example.
        """
        self._next()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                offset = error.pos - self._at
                if self._is_final(error) or not self._more(len(self._text) - self._at):
                    self._fail(error.msg, self._at + offset)
                continue
            except RecursionError:
                self._fail("the value is nested too deeply")
            if end < len(self._text) or not self._more():
                self._at = end
                return value

    def _is_final(self, error: json.JSONDecodeError) -> bool:
        """Whether more text cannot mend an error: it is not about the end of the text."""
        unended = error.msg.startswith("Unterminated string")
        return not unended and len(self._text) - error.pos > LONGEST_TOKEN

    def _more(self, least: int = 0) -> bool:
        """Read on; `False` at the end of the file. Text before the position is dropped."""
        if len(self._text) - self._at > MAX_VALUE:
            self._fail(f"the value has more than {MAX_VALUE:,} characters")
        read = self._file.read(max(BLOCK, least))
        line, self._line_start = self._line(self._at)
        self._lines, self._before = line, self._before + self._at
        self._text = self._text[self._at :] + read
        self._at = 0
        return bool(read)

    def _fail(self, reason: str, at: int | None = None) -> NoReturn:
        at = self._at if at is None else at
        line, start = self._line(at)
        offset = self._before + at
        raise JSONError(reason, line=line, column=offset - start + 1, offset=offset)

    def _line(self, at: int) -> tuple[int, int]:
        """The line of a position in the text, from 1, and the offset of its start in the file."""
        newline = self._text.rfind("\n", 0, at)
        start = self._line_start if newline < 0 else self._before + newline + 1
        return self._lines + self._text.count("\n", 0, at), start
