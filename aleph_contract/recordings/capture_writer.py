"""Write exchanges as a capture: JSON lines that `judge` and `serve --replay` read."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading

from aleph_contract.core.escaping import pluralise
from aleph_contract.core.exchange import Exchange, as_json, body_text
from aleph_contract.errors import ArgumentError

#: Only the user may read a capture: it holds prompts and result URLs.
MODE = 0o600

_LOGGER = logging.getLogger("aleph_contract")


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
        self._path = path
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._lock = threading.Lock()
        #: Whether the last line may be cut: its writer was killed, or the disk is full.
        self._cut = cut
        self._missing = 0

    def __enter__(self) -> CaptureWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._missing:
            count = pluralise(self._missing, "exchange is missing", "exchanges are missing")
            _LOGGER.warning("aleph-contract: --record %s: %s", self._path, count)

    def write(self, exchange: Exchange) -> None:
        """Append an exchange; if the file cannot be written, log that once, and go on."""
        line = json.dumps(as_json(exchange, body_text)) + "\n"
        with self._lock:
            try:
                self._append(("\n" if self._cut else "") + line)
            except OSError as error:
                if not self._missing:
                    _LOGGER.warning("aleph-contract: --record %s: %s", self._path, error.strerror)
                self._missing += 1

    def _append(self, text: str) -> None:
        self._cut = True
        rest = memoryview(text.encode())
        while rest:
            rest = rest[self._file.write(rest) or 0 :]
        self._cut = False
