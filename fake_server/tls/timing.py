"""Time limits of TLS connections."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

#: Seconds for a client to complete the TLS handshake.
HANDSHAKE_SECONDS = 10.0

#: Seconds that a closed connection waits for the client's own end of TLS, then TCP ends. Java's
#: HTTP client waits for the end of TCP; asyncio's default is 30.
SHUTDOWN_SECONDS = 1.0


def time_limits(loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    """The limits as arguments of `create_server` and `connect_accepted_socket` with TLS.

    asyncio of Python 3.10 has no limit for the end of TLS.
    """
    limits: dict[str, Any] = {"ssl_handshake_timeout": HANDSHAKE_SECONDS}
    if sys.version_info >= (3, 11) or type(loop).__module__.startswith("uvloop"):
        limits["ssl_shutdown_timeout"] = SHUTDOWN_SECONDS
    return limits
