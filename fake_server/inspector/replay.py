"""A recorded request made again: by a curl command, or by the fake itself."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any
from urllib.parse import unquote

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps
from fake_server.runs.request import REDACTED
from fake_server.runs.rest import API
from fake_server.state.accounts import Accounts

#: Maximum bytes of a body within a command; the command downloads a longer body from the fake.
MAX_INLINE_BODY = 32 * 1024

#: Seconds after which a replay without a response hangs up.
REPLAY_TIMEOUT = 30.0

#: Headers that are not copied, because every client writes its own.
_CLIENT_HEADERS = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding"}
    | {"accept-encoding", "upgrade", "user-agent", "accept"}
)
_AUTHORIZATION = '--header "Authorization: Bearer $CLOUDFLARE_API_TOKEN"'

App = Callable[..., Awaitable[None]]
Message = MutableMapping[str, Any]


def curl_command(exchange: Exchange, origin: str, body_path: str) -> str:
    """A command that makes the same request, with the token from the environment.

    Args:
        exchange: The request.
        origin: Origin of the fake, such as `http://localhost:8790`.
        body_path: Path at which the fake serves the exact bytes of the request body.
    """
    body = exchange.request_body
    text = _shell_text(body)
    lines = [
        f"curl --request {shlex.quote(exchange.method)} {shlex.quote(origin + exchange.target)}"
    ]
    if any(character in exchange.target for character in "[]{}"):
        lines[0] += " --globoff"
    lines += [
        f"--header {shlex.quote(f'{name}: {value}')}" for name, value in headers_to_copy(exchange)
    ]
    if _had_token(exchange):
        lines.append(_AUTHORIZATION)
    if body and text is not None:
        lines.append(f"--data-raw {shlex.quote(text)}")
    elif body:
        lines.append("--data-binary @-")
        lines[0] = f"curl --silent {shlex.quote(origin + body_path)} | {lines[0]}"
    return " \\\n  ".join(lines)


def example_command(contract: Contract, origin: str) -> str:
    """A command that runs the first documented example; empty if the contract has none."""
    if not contract.examples:
        return ""
    body = dumps({"model": contract.model, "input": contract.examples[0].input})
    return " \\\n  ".join(
        (
            f"curl {origin}{API}/accounts/{'0' * 32}/ai/run",
            "--header 'Authorization: Bearer any-token'",
            "--header 'Content-Type: application/json'",
            f"--data-raw {shlex.quote(body)}",
        )
    )


def _shell_text(body: bytes) -> str | None:
    """A body as text for a command line; `None` if it is too long, not UTF-8, or has a NUL."""
    try:
        return None if len(body) > MAX_INLINE_BODY or b"\0" in body else body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _had_token(exchange: Exchange) -> bool:
    return exchange.credential not in ("missing", "none")


def headers_to_copy(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """The headers that are copied: none with a secret, and none that each client writes itself."""
    for name, value in exchange.request_headers:
        if name not in _CLIENT_HEADERS and REDACTED.decode() not in value:
            yield name, value


async def replay(app: App, exchange: Exchange, accounts: Accounts) -> None:
    """Send the request to the fake's own application, with the token of its account.

    The response is not returned: it is in the journal.
    """
    hung_up = asyncio.Event()
    body: list[bytes] = [exchange.request_body]

    async def receive() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def discard(_: Message) -> None:
        """Drop one message of the response."""

    task = asyncio.ensure_future(app(_scope(exchange, accounts), receive, discard))
    try:
        await asyncio.wait([task], timeout=REPLAY_TIMEOUT)
    finally:
        hung_up.set()
        # Faults that cut the connection raise an exception.
        await asyncio.gather(task, return_exceptions=True)


def _scope(exchange: Exchange, accounts: Accounts) -> Message:
    path, _, query = exchange.target.partition("?")
    headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in headers_to_copy(exchange)
    ]
    headers.append((b"host", exchange.host.encode("latin-1", "replace")))
    headers.append((b"content-length", b"%d" % len(exchange.request_body)))
    if _had_token(exchange):
        headers.append((b"authorization", f"Bearer {_token(exchange.account, accounts)}".encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": exchange.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "headers": headers,
        "server": None,
        "client": None,
        "extensions": {},
    }


def _token(account: str, accounts: Accounts) -> str:
    return accounts.get(account).token or min(accounts.tokens, default="replayed-by-the-inspector")
