"""Write each exchange to a file of JSON lines when it ends, so that an interrupt loses none."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from aleph_contract.core.exchange import Exchange, as_json
from aleph_contract.errors import ArgumentError


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
                self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed by __exit__
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

    def write(self, exchange: Exchange, case: str) -> None:
        """Append one exchange, with the name of its case, and flush it to the file."""
        if self._file is not None:
            line = {"case": case, **as_json(exchange, _body)}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


def _body(raw: bytes) -> Any:
    """A body as text; `{"base64": …}` if it is not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}
