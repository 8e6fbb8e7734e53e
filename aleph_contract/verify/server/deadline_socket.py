"""A connection whose reads and writes all end at one moment.

The time limit of a socket starts again with each byte: a server that sends the head of a reply
byte by byte would exceed it. `http.client` reads the head, and the sizes of chunks, by itself.
"""

from __future__ import annotations

import io
import socket
import time
from typing import Any


class DeadlineSocket:
    """The parts of a socket that `http.client` uses.

    Args:
        connected: The socket.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        #: The moment, by `time.monotonic`, after which every read and write raises `TimeoutError`.
        self.deadline = 0.0

    def sendall(self, data: Any) -> None:
        """Send bytes."""
        left = memoryview(data)
        while left:
            self.limit()
            left = left[self._socket.send(left) :]

    def makefile(self, *_: object) -> io.BufferedReader:
        """A file that reads the reply; it stays open when this is closed."""
        return io.BufferedReader(_Reader(self, self._socket.makefile("rb", buffering=0)))

    def close(self) -> None:
        """Close the connection once no file reads from it."""
        self._socket.close()

    def limit(self) -> None:
        """Give the next read or write the time that is left.

        Raises:
            TimeoutError: None is left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, timed: DeadlineSocket, raw: io.RawIOBase) -> None:
        self._timed, self._raw = timed, raw

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See `io.RawIOBase`."""
        self._timed.limit()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """See `io.RawIOBase`."""
        self._raw.close()
        super().close()
