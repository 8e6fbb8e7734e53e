"""Ports for servers that a test starts later, or that nothing listens on."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from itertools import count

#: Linux gives ports from 32768 on to clients, and to servers that ask for port 0; another process
#: of the tests may get such a port between two uses. Each process has its own ports below them.
_FIRST, _EACH, _PROCESSES = 20_000, 100, 120

_numbers = count()


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, and that no other test gets."""
    while True:
        port = _FIRST + os.getpid() % _PROCESSES * _EACH + next(_numbers) % _EACH
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
