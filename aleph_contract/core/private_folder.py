"""Temporary folders that only this user can enter, removed also after kill -9.

A process locks its folder (flock) for as long as it lives; the kernel drops the lock however the
process ends. The next process that makes a folder removes those that are not locked. A process id
in the name would not do: ids are reused, and two containers that share a folder share no ids.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

#: Beginning of the names of the folders.
PREFIX = "aleph-contract-private-"

#: Mode bits that a folder of ours never has: access for other users.
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class PrivateFolder:
    """A new folder of mode 0700; use it in a `with` block, which removes it.

    Args:
        parent: Folder to make it in; the user's temporary folder if `None`.
    """

    def __init__(self, parent: Path | None = None) -> None:
        place = Path(tempfile.gettempdir()) if parent is None else parent
        remove_abandoned(place)
        self.path, self._lock = _make(place)

    def __enter__(self) -> PrivateFolder:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def write(self, name: str, content: bytes) -> Path:
        """Write a file and return its path."""
        path = self.path / name
        path.write_bytes(content)
        return path


def remove_abandoned(parent: Path) -> None:
    """Remove the folders of processes that were killed.

    A symbolic link, a folder of another user, or one that others can enter is not ours: it stays.
    """
    for path in parent.glob(PREFIX + "*"):
        with suppress(OSError):
            lock = _open(path)
            try:
                if _is_private(os.fstat(lock)) and _locked(lock):
                    shutil.rmtree(path)  # refuses a symbolic link, follows none inside
            finally:
                os.close(lock)


def _make(parent: Path) -> tuple[Path, int]:
    """A new folder, and the descriptor that holds its lock."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        try:
            lock = _open(path)
        except FileNotFoundError:
            continue  # another process removed it before it was locked
        if _locked(lock) and path.exists():
            return path, lock
        os.close(lock)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _is_private(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS


def _locked(descriptor: int) -> bool:
    """Lock a folder; `False` if a process holds the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
