"""Standard streams that are closed, or whose reader ends early."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_NAMES = ("stdin", "stdout", "stderr")


def open_missing() -> None:
    """Open each standard stream that is closed, as after `>&-`, on the null device.

    Python sets a closed stream to `None`. The next file that opens takes its number, and a command
    of the user then reads or writes that file.
    """
    if all(getattr(sys, name) for name in _NAMES):
        return
    while (number := os.open(os.devnull, os.O_RDWR)) < len(_NAMES):
        os.set_inheritable(number, True)
    os.close(number)
    for number, name in enumerate(_NAMES):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - open until the process ends


@contextmanager
def printing() -> Iterator[None]:
    """Print within the block; a reader that ends early, as in `| head -1`, ends only the block."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard_unwritable()


def discard_unwritable() -> None:
    """Send a stream without a reader, or on a full disk, to the null device.

    Else Python fails at the end of the process, when it flushes the buffer of the stream.
    """
    for stream in (sys.stdout, sys.stderr):
        _discard_if_unwritable(stream)


def _discard_if_unwritable(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
