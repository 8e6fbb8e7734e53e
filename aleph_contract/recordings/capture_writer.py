"""Write exchanges as a capture: JSON lines that `judge` and `serve --replay` read."""

from __future__ import annotations

import json
import os
import stat
import threading
from typing import TextIO

from aleph_contract.core.exchange import Exchange, as_json, body_text
from aleph_contract.errors import ArgumentError

#: Only the user may read a capture: it holds prompts and result URLs.
MODE = 0o600


class CaptureWriter:
    """Appends exchanges to a file, each one when it ends; safe to use from any thread.

    An existing file is continued, because its runs may have cost money.

    Args:
        path: The file.

    Raises:
        ArgumentError: It cannot be written.
    """

    def __init__(self, path: str) -> None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):  # a full pipe would stop the fake
                os.close(descriptor)
                raise ArgumentError(f"--record {path}: it is not a regular file")
            os.fchmod(descriptor, MODE)
            size = status.st_size
            cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        except OSError as error:
            raise ArgumentError(f"--record {path}: {error.strerror}") from None
        self._file: TextIO = os.fdopen(descriptor, "a", encoding="utf-8")
        self._lock = threading.Lock()
        if cut:  # the writer was killed within a line
            self._file.write("\n")

    def __enter__(self) -> CaptureWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, exchange: Exchange) -> None:
        """Append an exchange."""
        line = json.dumps(as_json(exchange, body_text)) + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()
