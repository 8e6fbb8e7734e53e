"""Open a recording as bytes or text, and split it into JSON values."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from aleph_contract.errors import JSONError, RecordingError
from aleph_contract.recordings.json_stream import MAX_VALUE, JSONStream
from aleph_contract.recordings.recorded_call import BadEntry

#: Start of every gzip file (RFC 1952, 2.3.1).
GZIP = b"\x1f\x8b"

#: Longest line of a file of JSON lines, in characters.
MAX_LINE = MAX_VALUE


def open_bytes(path: Path) -> BinaryIO:
    """Open a file; one that is compressed with gzip, as in a bucket, is read decompressed."""
    with path.open("rb") as file:
        compressed = file.read(2) == GZIP
    return cast("BinaryIO", gzip.open(path)) if compressed else path.open("rb")


def open_text(path: Path) -> TextIO:
    """The same as text; a byte order mark is dropped."""
    return io.TextIOWrapper(open_bytes(path), encoding="utf-8-sig")


def read_elements(path: Path, *names: str) -> Iterator[tuple[str, Any]]:
    """The place and value of each element of the array at these names.

    Raises:
        JSONError: The file is not JSON, ends early, or has no such array.
    """
    with open_text(path) as file:
        elements = JSONStream(file).elements(names)
        yield from ((f"entry {number}", value) for number, value in enumerate(elements, 1))


def read_lines(path: Path) -> Iterator[tuple[str, Any] | BadEntry]:
    """The place and value of each line; a line that is not JSON is a bad entry.

    Raises:
        RecordingError: A line is too long.
        JSONError: The last line is not JSON: the file ends early.
    """
    with open_text(path) as file:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE:
                raise RecordingError(f"line {number} has more than {MAX_LINE:,} characters")
            if line.isspace():
                continue
            try:
                yield f"line {number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                reason = getattr(error, "msg", "the value is nested too deeply")
                column = getattr(error, "colno", 1)
                if not line.endswith("\n"):
                    raise JSONError(
                        f"the last line ends early: {reason}", line=number, column=column
                    ) from None
                yield BadEntry(f"line {number} column {column}", reason)
