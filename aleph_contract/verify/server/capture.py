"""Write each exchange to a file of JSON lines, so that an interrupt or a kill loses none.

The request is written before it is sent, and the reply when it ends. After a kill the last line is
cut behind the request, so the file names every call that may have been billed.
"""

from __future__ import annotations

import json
import os
import stat
from types import TracebackType
from typing import Any, TextIO

from aleph_contract.core.exchange import Exchange, as_json, body_text
from aleph_contract.errors import ArgumentError
from aleph_contract.recordings.capture_writer import MODE


class Capture:
    """A capture file; without a path it writes nothing.

    Args:
        path: The file; it is replaced.

    Raises:
        ArgumentError: The file cannot be written.
    """

    def __init__(self, path: str | None) -> None:
        self._file: TextIO | None = None
        if path is not None:
            try:
                self._file = open(path, "w", encoding="utf-8", opener=_private)  # noqa: SIM115 - closed by __exit__
            except OSError as error:
                raise ArgumentError(f"--capture {path}: {error.strerror}") from None

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def begin(self, exchange: Exchange, case: str) -> None:
        """Write the request of an exchange, with the name of its case."""
        members = {"case": case, **as_json(exchange, body_text)}
        first = {name: members[name] for name in list(members)[: _first_of_reply(members)]}
        self._write(json.dumps(first).removesuffix("}"))

    def end(self, exchange: Exchange) -> None:
        """Write the reply of the exchange that was begun."""
        members = as_json(exchange, body_text)
        rest = {name: members[name] for name in list(members)[_first_of_reply(members) :]}
        self._write(", " + json.dumps(rest).removeprefix("{") + "\n")

    def _write(self, text: str) -> None:
        if self._file is not None:
            self._file.write(text)
            self._file.flush()


def _private(path: str, flags: int) -> int:
    """Open a file that only the user may read."""
    descriptor = os.open(path, flags, MODE)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, MODE)
    return descriptor


def _first_of_reply(members: dict[str, Any]) -> int:
    """Position of the first member that is known only after the reply."""
    return list(members).index("status")
