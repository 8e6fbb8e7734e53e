"""Recorded traffic: the formats, and the reader that removes the tokens."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import JSONError, RecordingError
from aleph_contract.recordings.calls import Recorded, exchanges
from aleph_contract.recordings.har import read_har
from aleph_contract.recordings.recorded_call import RecordedCall
from aleph_contract.recordings.redaction import Tokens
from fake_server.journal import sqlite

__all__ = ["FORMATS", "Format", "Recorded", "read_recording"]

#: Bytes of a file that are looked at to find its format.
_HEAD = 1024


@dataclass(frozen=True, slots=True)
class Format:
    """One format of recordings.

    Args:
        title: Its name in messages.
        start: The start of every file of the format.
        read: Reads the exchanges of a file; `None` stands for a call to another server.
    """

    title: str
    start: re.Pattern[bytes]
    read: Callable[[Path, ContractSet], Iterator[Recorded | None]]


def _read_har(path: Path, contracts: ContractSet) -> Iterator[Recorded | None]:
    """Read the file twice: a token in its last entry is removed from its first one too."""
    with path.open(encoding="utf-8-sig") as file:
        tokens = Tokens(_readable(read_har(file)))
    with path.open(encoding="utf-8-sig") as file:
        yield from exchanges(read_har(file), tokens, contracts)


def _readable(calls: Iterator[RecordedCall]) -> Iterator[RecordedCall]:
    """The calls up to the place at which the file cannot be read: the second pass reports it."""
    with contextlib.suppress(JSONError, RecordingError, UnicodeDecodeError):
        yield from calls


def _read_journal(path: Path, contracts: ContractSet) -> Iterator[Recorded | None]:  # noqa: ARG001 - see `Format.read`
    yield from map(Recorded, sqlite.read_file(path))


FORMATS = {
    "har": Format("HAR 1.2", re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"log"\s*:'), _read_har),
    "journal": Format("SQLite journal", re.compile(rb"SQLite format 3\0"), _read_journal),
}


def read_recording(
    path: Path, contracts: ContractSet, name: str = "auto"
) -> Iterator[Recorded | None]:
    """Read the exchanges of a recording; `None` stands for a call to another server.

    Args:
        path: The file.
        contracts: The contracts, for the prices of the runs.
        name: A key of `FORMATS`, or `auto`: the content decides.

    Raises:
        RecordingError: The file cannot be read to its end; everything yielded before is complete.
    """
    try:
        chosen = _detected(path) if name == "auto" else FORMATS[name]
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from None
    try:
        yield from chosen.read(path, contracts)
    except (JSONError, RecordingError, UnicodeDecodeError, OSError, sqlite3.Error) as error:
        raise RecordingError(f"{path} is no readable {chosen.title}: {error}") from None


def _detected(path: Path) -> Format:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for chosen in FORMATS.values():
        if chosen.start.match(head):
            return chosen
    known = ", ".join(f"{name} ({chosen.title})" for name, chosen in FORMATS.items())
    raise RecordingError(f"{path} is no recording of a known format; formats: {known}")
