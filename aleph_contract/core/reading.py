"""Read a file or a stream that the user names, in bounded memory."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

#: Bytes of the longest file that is read whole; a device such as /dev/zero has no end.
MAX_FILE = 256 << 20

_CHUNK = 1 << 20


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The content of a file.

    Raises:
        OSError: It cannot be read, or holds more than `MAX_FILE` bytes.
    """
    with Path(path).open("rb") as file:
        return read_stream(file, os.fspath(path))


def read_stream(stream: BinaryIO, name: str) -> bytes:
    """The rest of a stream; `name` is for the error.

    Raises:
        OSError: It cannot be read, or holds more than `MAX_FILE` bytes.
    """
    content = stream.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
    return content


def copy_stream(stream: BinaryIO, path: Path, name: str) -> None:
    """Write the rest of a stream to a new file; `name` is for the error.

    Raises:
        OSError: It cannot be read, or holds more than `MAX_FILE` bytes.
    """
    left = MAX_FILE
    with path.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
            file.write(chunk)
