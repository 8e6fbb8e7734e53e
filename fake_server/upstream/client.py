"""Send a request of a client to the upstream server, and read the whole reply.

Every call has a connection of its own: a server may close an idle connection at any time, and then
it is unknown whether the run began. Redirects are not followed, and proxies of the environment are
not used, so the token goes to the upstream host only.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from aleph_contract.errors import ArgumentError
from fake_server.runs.outside_reply import OutsideReply, end_to_end
from fake_server.runs.request import ReceivedRequest
from fake_server.upstream.target import CONNECT_SECONDS, UpstreamTarget, reason

#: Seconds in which a reply must be complete; live runs took up to 179 s (observed).
REPLY_SECONDS = 900.0

#: Bytes of a reply.
MAX_REPLY = 64 * 1024 * 1024

#: Calls at a time; the others wait for their turn.
MAX_CALLS = 500


class NoReply(Exception):  # noqa: N818 - a state of the upstream, not an error of ours
    """The upstream gave no complete reply.

    Args:
        why: The reason, for the log.
        sent: Whether the run may have begun.
        late: Whether the reply did not come in time.
    """

    def __init__(self, why: str, *, sent: bool, late: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.late = late


def require_httpx() -> Any:
    """The HTTP client, which is imported when it is used: that takes 0.1 s.

    Raises:
        ArgumentError: It is not installed.
    """
    try:
        import httpx
    except ImportError:
        raise ArgumentError(
            "--upstream needs the package httpx: pip install 'aleph-contract[upstream]'"
        ) from None
    return httpx


class UpstreamClient:
    """Calls one upstream server; `send` and `close` run in one event loop.

    Args:
        target: The server.
        reply_seconds: Seconds in which a reply must be complete.
    """

    def __init__(self, target: UpstreamTarget, reply_seconds: float = REPLY_SECONDS) -> None:
        httpx = require_httpx()
        self.target = target
        self._seconds = reply_seconds
        self._httpx = httpx
        self._turn = asyncio.Semaphore(MAX_CALLS)
        secure = target.scheme == "https"
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context() if secure else False,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(self, request: ReceivedRequest) -> OutsideReply:
        """The reply to a request; its body is not decoded.

        Raises:
            NoReply: There is no complete reply.
        """
        head, httpx = request.head, self._httpx
        headers = [
            *end_to_end(head.headers, b"host", b"expect", b"accept-encoding"),
            (b"accept-encoding", b"identity"),  # the judge reads the body
            (b"connection", b"close"),
        ]
        target = self.target.target(head.raw_path, head.query)
        call = httpx.Request(
            head.method,
            self.target.root,
            headers=headers,
            content=request.body,
            extensions={"target": target},  # as it was sent: a URL would be normalised
        )
        async with self._turn:
            try:
                return await asyncio.wait_for(self._exchange(call), self._seconds)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise NoReply(reason(error), sent=False) from None
            except httpx.LocalProtocolError as error:
                raise NoReply(f"the request cannot be sent: {error}", sent=False) from None
            except (asyncio.TimeoutError, TimeoutError):
                why = f"no complete reply in {self._seconds:g} s"
                raise NoReply(why, sent=True, late=True) from None
            except httpx.RequestError as error:
                why = f"the connection ended before the reply did: {error or type(error).__name__}"
                raise NoReply(why, sent=True) from None

    async def _exchange(self, call: Any) -> OutsideReply:
        response = await self._client.send(call, stream=True)
        try:
            parts, size = [], 0
            async for part in response.aiter_raw():
                parts.append(part)
                size += len(part)
                if size > MAX_REPLY:
                    raise NoReply(f"the reply has more than {MAX_REPLY} bytes", sent=True)
        finally:
            await response.aclose()
        headers = end_to_end(response.headers.raw)
        return OutsideReply(response.status_code, headers, b"".join(parts))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()
