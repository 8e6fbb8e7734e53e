"""Helpers of the fake's tests: calls over HTTP and over raw sockets."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import waiting

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from fake_server.account_handle import AccountHandle
from fake_server.server import Server

CONTRACT = Contract.load()

#: The smallest input that is billed.
INPUT: dict[str, Any] = {"prompt": "p", "video_uri": "https://example.com/v.mp4", "duration": 5}

#: Seconds after which a call that takes milliseconds counts as hung.
PATIENCE = waiting.PATIENCE

#: One client for all tests, since creating one takes 0.1 s. It keeps no connection.
HTTP = httpx.Client(
    verify=False,  # noqa: S501 - plain HTTP, and certificates take long to load
    timeout=PATIENCE,
    limits=httpx.Limits(max_keepalive_connections=0),
    trust_env=False,
)


def body(value: Any = INPUT, model: str = CONTRACT.model) -> bytes:
    """The body of a run request."""
    return json.dumps({"model": model, "input": value}).encode()


def post(
    account: AccountHandle,
    value: Any = INPUT,
    *,
    content: bytes | None = None,
    token: str | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Call the model with the input `value`, or send `content` as the body."""
    return HTTP.post(
        f"{account.base_url}/accounts/{account.id}/ai/run",
        content=body(value) if content is None else content,
        headers={
            "authorization": f"Bearer {account.token if token is None else token}",
            "content-type": "application/json",
            **(headers or {}),
        },
    )


def connect(server: Server) -> socket.socket:
    """Open a socket to the server."""
    host, _, port = server.binding_address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def head(account: AccountHandle, length: int | None = None, *more: str) -> bytes:
    """Request line and headers of a run."""
    lines = [
        f"POST /client/v4/accounts/{account.id}/ai/run HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {account.token}",
        "Content-Type: application/json",
        *([] if length is None else [f"Content-Length: {length}"]),
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def only(account: AccountHandle) -> Exchange:
    """The one exchange of an account."""
    (exchange,) = account.wait_for(1, PATIENCE)
    return exchange


def code(response: httpx.Response) -> tuple[int, int]:
    """Status and error code of a refusal."""
    return response.status_code, response.json()["errors"][0]["code"]


def message(response: httpx.Response) -> str:
    """Error message of a refusal."""
    text: str = response.json()["errors"][0]["message"]
    return text


def talk(server: Server, *pieces: bytes) -> bytes:
    """Send pieces one after another on one connection, and read until the server closes it."""
    with connect(server) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def answers(data: bytes) -> list[tuple[int, bytes]]:
    """Statuses and bodies of the responses in a byte stream."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        found.append((int(head.split()[1]), data[:length]))
        data = data[length:]
    return found
