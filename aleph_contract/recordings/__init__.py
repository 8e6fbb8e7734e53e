"""Recorded traffic: the formats, and the reader that removes the secrets."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import JSONError, RecordingError
from aleph_contract.recordings.calls import Recorded, exchanges
from aleph_contract.recordings.formats import FORMATS, Format, detect
from aleph_contract.recordings.recorded_call import BadEntry, Entry, ForeignCall
from aleph_contract.recordings.redaction import Tokens

__all__ = [
    "FORMATS",
    "BadEntry",
    "Entry",
    "ForeignCall",
    "Format",
    "Recorded",
    "choose",
    "read_recording",
    "secrets_of",
]

#: The errors of a file that cannot be read, or not to its end.
_UNREADABLE = (
    JSONError, RecordingError, UnicodeDecodeError, OSError, EOFError, zlib.error, sqlite3.Error,
)  # fmt: skip


def choose(path: Path, name: str = "auto") -> Format:
    """The format of a file.

    Args:
        path: The file.
        name: A key of `FORMATS`, or `auto`: the content decides.

    Raises:
        RecordingError: The file cannot be opened, can be read only once, is empty, or is of no
            known format.
    """
    if path.is_fifo() or path.is_char_device():
        raise RecordingError(f"{path} can be read only once; save it to a file first")
    try:
        return detect(path) if name == "auto" else FORMATS[name]
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def secrets_of(path: Path, contracts: ContractSet, chosen: Format) -> Tokens:
    """The secrets in the entries of a recording, up to the place at which it cannot be read."""
    return Tokens(_readable(chosen.read(path, contracts)))


def read_recording(
    path: Path, contracts: ContractSet, chosen: Format, secrets: Tokens | None = None
) -> Iterator[Recorded | BadEntry | ForeignCall]:
    """Read the exchanges of a recording, one at a time.

    The file is read twice: a token in its last entry is removed from its first one too.

    Args:
        path: The file.
        contracts: The contracts, for the prices of the runs.
        chosen: Its format.
        secrets: Its secrets, if they are known already.

    Raises:
        RecordingError: The file cannot be read to its end; everything yielded before is complete.
    """
    tokens = secrets_of(path, contracts, chosen) if secrets is None else secrets
    try:
        yield from exchanges(chosen.read(path, contracts), tokens, contracts)
    except _UNREADABLE as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordingError(f"{path} is no readable {chosen.title}: {reason}") from None


def _readable(entries: Iterator[Entry]) -> Iterator[Entry]:
    """The entries up to the place at which the file cannot be read: the second pass reports it."""
    with contextlib.suppress(*_UNREADABLE):
        yield from entries
