"""Check, before the run, that the files of reports can be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aleph_contract.errors import ArgumentError


def check_writable(path: Path, source: str) -> None:
    """Open a file for writing without changing it.

    A pipe is not opened: its reader would end when it is closed again.

    Args:
        path: The file.
        source: The option or variable that names the file, for the message.

    Raises:
        ArgumentError: The file cannot be written.
    """
    with writing(path, source):
        if path.is_fifo():
            return
        existed = path.exists()
        file = path if existed else path.resolve()  # of a link, only the target is removed again
        with file.open("ab"):
            pass
    if not existed:
        file.unlink()


@contextmanager
def writing(path: Path, source: str) -> Iterator[None]:
    """Turn an `OSError` within the block into an `ArgumentError` that names the file."""
    try:
        yield
    except OSError as error:
        raise ArgumentError(f"{source}: cannot write {path}: {error.strerror}") from None
