"""Files that reports are written to: whether one can be written is known before the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aleph_contract.errors import ArgumentError


def check_writable(path: Path, asked: str) -> None:
    """Open the file for writing and leave it as it was.

    Args:
        path: The file.
        asked: The option or variable that names it, for the message.

    Raises:
        ArgumentError: It cannot be written.
    """
    existed = path.exists()
    with writing(path, asked), path.open("ab"):
        pass
    if not existed:
        path.unlink()


@contextmanager
def writing(path: Path, asked: str) -> Iterator[None]:
    """Turn what the system says of a file into one clear line."""
    try:
        yield
    except OSError as error:
        raise ArgumentError(f"{asked}: cannot write {path}: {error.strerror}") from None
