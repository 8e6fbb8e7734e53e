"""An HTTP CONNECT proxy in the fake's event loop that answers for one host and refuses the others.

HTTP/2 is not offered in the TLS handshake (ALPN), so clients that prefer it fall back to HTTP/1.1.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from fake_server.http.listening import listen
from fake_server.http.protocol import Protocol
from fake_server.intercept import streams
from fake_server.intercept.tally import Tally
from fake_server.intercept.targets import HOST, AllowedHosts, Target, describe, read_target
from fake_server.server import Server
from fake_server.tls.timing import time_limits

#: Seconds for a client to send its CONNECT request, and for a connection to an allowed host.
HEAD_SECONDS = 10.0
CONNECT_SECONDS = 30.0

#: Seconds until the next attempt after a connection could not be accepted.
ACCEPT_PAUSE = 0.1

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Proxy:
    """A proxy on a free loopback port; all methods but `tally` run in the fake's event loop.

    Args:
        server: The fake that answers for `HOST`.
        context: Settings of TLS with a certificate for `HOST`.
        allowed: Hosts that connections are passed on to.
    """

    def __init__(self, server: Server, context: ssl.SSLContext, allowed: AllowedHosts) -> None:
        self.tally = Tally()
        self._server = server
        self._context = context
        self._allowed = allowed
        self._listening = listen("127.0.0.1", 0)
        self._listening.setblocking(False)
        self.host, self.port = self._listening.getsockname()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Accept connections."""
        self._spawn(self._accept())

    async def close(self) -> None:
        """Close the listening socket and all tunnels; the fake closes the opened connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listening.close()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self) -> None:
        while True:
            await streams.readable(self._listening)
            connection = None
            with suppress(OSError):  # such as too many open files
                connection, _ = self._listening.accept()
            if connection is None:
                await asyncio.sleep(ACCEPT_PAUSE)
            else:
                connection.setblocking(False)
                task = self._spawn(self._serve(connection))
                task.add_done_callback(partial(_close_if_cancelled, connection))

    async def _serve(self, connection: socket.socket) -> None:
        try:
            head = await asyncio.wait_for(streams.read_head(connection), HEAD_SECONDS)
            target = read_target(head)
            if target is not None and target.intercepted:
                await self._open(connection)
            elif target is not None and target in self._allowed:
                await self._pass_on(connection, target)
            else:
                await self._refuse(connection, describe(head) if target is None else str(target))
        except streams.HeadTooLargeError:
            reason = f"the head of a request has at most {streams.MAX_HEAD} bytes"
            await streams.answer(connection, "431 Request Header Fields Too Large", reason)
        except (OSError, asyncio.TimeoutError):
            connection.close()

    async def _open(self, connection: socket.socket) -> None:
        """Take the place of `HOST`: TLS, then the protocol of the fake."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, _ESTABLISHED)
        protocol = self._server.protocol(InterceptedProtocol)
        protocol.tally = self.tally
        try:
            await loop.connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._context,
                **time_limits(loop),
            )
        except ssl.SSLError as error:
            self.tally.reject((error.reason or "TLS error").lower().replace("_", " "))
        except OSError:
            self.tally.reject("it closed the connection")
        else:
            self.tally.opened += 1

    async def _pass_on(self, connection: socket.socket, target: Target) -> None:
        try:
            upstream = await asyncio.wait_for(
                asyncio.open_connection(target.host, target.port), CONNECT_SECONDS
            )
        except (OSError, UnicodeError, asyncio.TimeoutError) as error:
            reason = str(error) or f"no connection within {CONNECT_SECONDS:g} s"
            await streams.answer(connection, "502 Bad Gateway", f"{target}: {reason}")
            return
        self.tally.pass_on(str(target))
        await asyncio.get_running_loop().sock_sendall(connection, _ESTABLISHED)
        await streams.tunnel(connection, upstream)

    async def _refuse(self, connection: socket.socket, target: str) -> None:
        self.tally.refuse(target)
        await streams.answer(
            connection,
            "403 Refused by aleph-contract; see --allow-host",
            f"{target} is refused: the interceptor takes HTTPS connections to {HOST} only; "
            "to let another host through, add --allow-host HOST",
        )


def _close_if_cancelled(connection: socket.socket, task: asyncio.Task[None]) -> None:
    """Close the connection of a task that was cancelled, perhaps before its first step."""
    if task.cancelled():
        connection.close()


class InterceptedProtocol(Protocol):
    """The protocol of the fake on an intercepted connection; notices if it is never used."""

    tally: Tally

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection without a request: the client may not trust the certificate.

        Node.js checks it after the handshake, and sends no alert.
        """
        if not self.url:
            self.tally.unused += 1
        super().connection_lost(exc)
