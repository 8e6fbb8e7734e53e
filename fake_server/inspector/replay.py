"""A recorded request made again: as a command for a shell, or by the fake itself."""

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

#: Bytes of a body that a command line holds; a longer one is fetched from the fake.
COMMAND = 32 * 1024

#: Seconds after which a replay that gets no answer hangs up.
PATIENCE = 30.0

#: Headers that every client writes for itself.
_OWN = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding"}
    | {"accept-encoding", "upgrade", "user-agent", "accept"}
)
_AUTHORIZED = '--header "Authorization: Bearer $CLOUDFLARE_API_TOKEN"'

App = Callable[..., Awaitable[None]]
Message = MutableMapping[str, Any]


def curl(exchange: Exchange, origin: str, raw: str) -> str:
    """A command that makes the same request; the token comes from the environment.

    Args:
        exchange: The request.
        origin: Of the fake, as the reader reached it.
        raw: Where the exact bytes of its body are.
    """
    body = exchange.request_body
    text = _text(body)
    lines = [
        f"curl --request {shlex.quote(exchange.method)} {shlex.quote(origin + exchange.target)}"
    ]
    if any(character in exchange.target for character in "[]{}"):
        lines[0] += " --globoff"
    lines += [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in _kept(exchange)]
    if _showed_token(exchange):
        lines.append(_AUTHORIZED)
    if body and text is not None:
        lines.append(f"--data-raw {shlex.quote(text)}")
    elif body:
        lines.append("--data-binary @-")
        lines[0] = f"curl --silent {shlex.quote(origin + raw)} | {lines[0]}"
    return " \\\n  ".join(lines)


def first(contract: Contract, origin: str) -> str:
    """A first call to try: the first documented example, if there is one."""
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


def _text(body: bytes) -> str | None:
    """A body as a shell can hold it."""
    try:
        return None if len(body) > COMMAND or b"\0" in body else body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _showed_token(exchange: Exchange) -> bool:
    return exchange.credential not in ("missing", "none")


def _kept(exchange: Exchange) -> Iterator[tuple[str, str]]:
    for name, value in exchange.request_headers:
        if name not in _OWN and REDACTED.decode() not in value:
            yield name, value


async def replay(app: App, exchange: Exchange, accounts: Accounts) -> None:
    """Send the request to the fake itself, with the token that lets in to its account."""
    hung_up = asyncio.Event()
    body: list[bytes] = [exchange.request_body]

    async def receive() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        """Nobody reads the answer: it stands in the journal."""

    task = asyncio.ensure_future(app(_scope(exchange, accounts), receive, send))
    try:
        await asyncio.wait([task], timeout=PATIENCE)
    finally:
        hung_up.set()
        await asyncio.gather(task, return_exceptions=True)  # a scripted cut raises


def _scope(exchange: Exchange, accounts: Accounts) -> Message:
    path, _, query = exchange.target.partition("?")
    headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in _kept(exchange)
    ]
    headers.append((b"host", exchange.host.encode("latin-1", "replace")))
    headers.append((b"content-length", b"%d" % len(exchange.request_body)))
    if _showed_token(exchange):
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
