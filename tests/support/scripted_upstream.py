"""A server with one scripted reply, which keeps every request as it arrived."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from waiting import PATIENCE

#: A request: method, target, headers in order, body.
Received = tuple[str, str, list[tuple[str, str]], bytes]


@dataclass
class Scripted:
    """The reply, and the requests so far.

    Args:
        status: HTTP status.
        headers: Headers of the reply, beside its length.
        body: Body of the reply; `None` closes the connection without a reply.
        hold: Is awaited before the reply.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    body: bytes | None = b"{}"
    hold: threading.Event | None = None
    url: str = ""
    received: list[Received] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)


@contextmanager
def scripted_upstream(script: Scripted) -> Iterator[Scripted]:
    """Run the server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            script.received.append((self.command, self.path, self.headers.items(), body))
            script.arrived.set()
            if script.hold is not None:
                script.hold.wait(PATIENCE)
            if script.body is None:
                self.close_connection = True
                return
            with contextlib.suppress(OSError):  # the caller has left
                self._reply(script.body)

        def _reply(self, body: bytes) -> None:
            self.send_response_only(script.status)
            for name, value in script.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
