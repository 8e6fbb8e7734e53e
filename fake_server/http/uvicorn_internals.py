"""The private parts of uvicorn that the fake leans on.

uvicorn has no public way to answer a request inside the parser's callbacks, to send a response body
of the application with a refusal, or to notice that the client of a queued request disconnects.
`UvicornProtocol` offers these as methods. `PRIVATE` lists each attribute that this module,
`protocol.py` and `server.py` use. A test names those that the installed uvicorn lacks, and
`pyproject.toml` bounds its version.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

__all__ = ["PRIVATE", "QueuedRequest", "ServerState", "UvicornProtocol"]

#: Class of uvicorn -> attributes of its instances. A cycle is a request and its response;
#: `pipeline` holds the cycles that wait for the responses before theirs, newest first.
PRIVATE: dict[type, tuple[str, ...]] = {
    HttpToolsProtocol: (
        "_start_asgi_task",
        "_unset_keepalive_if_required",
        "access_log",
        "app",
        "cycle",
        "flow",
        "headers",
        "logger",
        "loop",
        "on_response_complete",
        "parser",
        "pipeline",
        "scope",
        "send_400_response",
        "server",
        "server_state",
        "shutdown",
        "tasks",
        "transport",
    ),
    RequestResponseCycle: (
        "body",
        "default_headers",
        "disconnected",
        "message_event",
        "more_body",
        "response_complete",
        "response_started",
        "scope",
    ),
    FlowControl: ("resume_reading", "write_paused"),
    ServerState: ("connections", "default_headers", "tasks"),
}

#: Requests of one connection that may wait for the responses before theirs.
MAX_PIPELINE = 128

#: Scope, body so far, and whether the body is complete, of a request that waits in the pipeline.
QueuedRequest = tuple[Any, bytes, bool]


class UvicornProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with its request queue behind methods.

    Args:
        logger: Logs the errors of the application.
        **options: See uvicorn.
    """

    def __init__(self, logger: logging.Logger, **options: Any) -> None:
        super().__init__(**options)
        self.logger = logger
        self.access_log = False
        self.url = b""
        self._running: RequestResponseCycle | None = None

    @property
    def body_expected(self) -> bool:
        """Whether the body of the latest ASGI request is still being read."""
        return self.cycle is not None and self.cycle.more_body

    @property
    def latest_started(self) -> bool:
        """Whether the response to the latest ASGI request has started."""
        return self.cycle.response_started

    @property
    def latest_complete(self) -> bool:
        """Whether the response to the latest ASGI request is complete, or there was none."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_free(self) -> bool:
        """Whether the response to the next request can be written at once.

        The one before is complete, and the client does not read too slowly.
        """
        cycle = self.cycle
        return (cycle is None or cycle.response_complete) and not self.flow.write_paused

    @property
    def response_pending(self) -> bool:
        """Whether a request of this connection is still waiting for its response."""
        running = self._running is not None and not self._running.response_complete
        return running or bool(self.pipeline)

    def start_asgi(self, extensions: dict[str, Any]) -> None:
        """Start the ASGI application for the request in `url` and `headers`.

        The subclass collects these itself, so the callbacks of uvicorn are replayed here.
        """
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        self.scope["extensions"] = extensions
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take over a piece that the application reads before the next; uvicorn copies it twice."""
        cycle: Any = self.cycle
        if not cycle.body:
            cycle.body = b""  # `+=` then takes over the piece
        elif isinstance(cycle.body, bytes):
            cycle.body = bytearray(cycle.body)
        super().on_body(body)

    def default_headers_remover(self) -> Callable[[], None]:
        """A function that leaves the server's headers out of the response to the latest request."""
        return partial(setattr, self.cycle, "default_headers", [])

    def keep_reading(self, max_body: int) -> None:
        """Read on while requests wait in the pipeline; close the connection if there are too many.

        uvicorn stops reading then, and would not notice that the client disconnects.
        """
        if not self.pipeline:
            return
        if len(self.pipeline) > MAX_PIPELINE or len(self.cycle.body) > max_body:
            self.transport.abort()
        else:
            self.flow.resume_reading()

    def queued(self) -> Iterator[QueuedRequest]:
        """The requests that wait in the pipeline, oldest first."""
        return map(_queued, (cycle for cycle, _ in reversed(self.pipeline)))

    def drop_latest_queued(self) -> QueuedRequest | None:
        """Remove the latest request from the pipeline; `None` if the pipeline is empty."""
        return _queued(self.pipeline.popleft()[0]) if self.pipeline else None

    def disconnect_latest(self, extension: str, value: Any) -> None:
        """Tell the application of the latest request that its client disconnected, and why."""
        self.cycle.scope["extensions"][extension] = value
        self.cycle.disconnected = True
        self.cycle.message_event.set()

    def disconnect_running(self) -> None:
        """Tell the running application that its client disconnected; uvicorn tells the latest."""
        if self._running is not None and self._running is not self.cycle:
            self._running.disconnected = not self._running.response_complete
            self._running.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)


def _queued(cycle: RequestResponseCycle) -> QueuedRequest:
    return cycle.scope, bytes(cycle.body), not cycle.more_body
