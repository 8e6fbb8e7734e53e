"""Large bodies of the journal in memory, kept in files of a private folder.

A video as a data URI has 20 MB and more. The journal keeps the beginning of such a body in memory,
and the whole in a file that only this user can read. The folder is removed when the journal is
closed; after a crash, at the next start.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from aleph_contract.core.body_start import START, BodyStart, is_large
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.private_folder import PrivateFolder

_BODIES = ("request_body", "response_body")


@dataclass(frozen=True, slots=True, eq=False)
class SpooledExchange:
    """An exchange with a large body. Called, it returns the whole exchange.

    Args:
        start: The exchange with the beginning of each large body.
        files: The file of each large body, by the name of its field.
    """

    start: Exchange
    files: tuple[tuple[str, Path], ...]

    @property
    def bytes_on_disk(self) -> int:
        """The bytes of its files."""
        bodies = (getattr(self.start, name) for name, _ in self.files)
        return sum(body.length for body in bodies)

    def __call__(self) -> Exchange:
        """The whole exchange; if it was dropped meanwhile, an incomplete one."""
        try:
            bodies: dict[str, Any] = {name: file.read_bytes() for name, file in self.files}
        except FileNotFoundError:
            return replace(self.start, request_complete=False)
        return replace(self.start, **bodies)

    def discard(self) -> None:
        """Delete the files."""
        for _, file in self.files:
            file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, eq=False)
class LazyExchange:
    """An exchange with a large body that another store holds. Called, it returns the whole one.

    Args:
        start: The exchange with the beginning of each large body.
        read: Returns the whole exchange.
    """

    start: Exchange
    read: Callable[[], Exchange]

    def __call__(self) -> Exchange:
        """The whole exchange."""
        return self.read()


class Spool:
    """The files of one journal; its folder is made with the first file.

    Args:
        parent: Folder to make its folder in; the user's temporary folder if `None`.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent
        self._folder: PrivateFolder | None = None
        self._numbers = count()
        self._lock = threading.Lock()

    def keep(self, exchange: Exchange) -> Exchange | SpooledExchange:
        """Write the large bodies of an exchange to files.

        Raises:
            OSError: They cannot be written, for example because the disk is full.
        """
        bodies = {name: getattr(exchange, name) for name in _BODIES}
        files = {name: self._next_path() for name, body in bodies.items() if is_large(body)}
        if not files:
            return exchange
        starts: dict[str, Any] = {name: _start(bodies[name], path) for name, path in files.items()}
        spooled = SpooledExchange(replace(exchange, **starts), tuple(files.items()))
        try:
            for name, path in files.items():
                _write(path, bodies[name])
        except OSError:
            spooled.discard()
            raise
        return spooled

    def close(self) -> None:
        """Remove the folder."""
        with self._lock:
            if self._folder is not None:
                self._folder.__exit__()
                self._folder = None

    def _next_path(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = PrivateFolder(self._parent)
            return self._folder.path / str(next(self._numbers))


def _start(body: bytes, path: Path) -> BodyStart:
    return BodyStart(body[:START], len(body), partial(_sha256, path))


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:  # the exchange was dropped
        return ""


def _write(path: Path, body: bytes) -> None:
    with open(path, "xb", opener=_private) as file:
        file.write(body)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
