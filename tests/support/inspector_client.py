"""Calls to a running fake as a client makes them, and recorded runs for the inspector's tests."""

from __future__ import annotations

import json
from typing import Any

import httpx
from calling import HTTP
from control_client import append_exchange, make_exchange

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from fake_server.account_handle import AccountHandle
from fake_server.http.app import App
from fake_server.server import Server

GOOD = {"prompt": "The river at dusk", "video_uri": "https://example.com/a.mp4"}
BODY = json.dumps({"model": Contract.load().model, "input": GOOD}).encode()

_COMPLETED_RUN: dict[str, Any] = {
    "request_headers": (("host", "h"), ("authorization", "Bearer REDACTED"), ("x-own", "it's")),
    "request_body": BODY,
    "status": 200,
    "response_body": b"{}",
    "outcome": "completed",
    "host": "h",
}


def make_run(number: int = 1, **values: Any) -> Exchange:
    """A completed run; `values` are the fields that differ."""
    return make_exchange(number, **_COMPLETED_RUN | values)


def append_run(app: App, **values: Any) -> Exchange:
    """Append a completed run to the journal; `values` are the fields that differ."""
    return append_exchange(app, **_COMPLETED_RUN | values)


def call(account: AccountHandle, value: Any = None, **options: Any) -> httpx.Response:
    """Run the model with `value` as input, or with `GOOD`.

    Args:
        account: The account that runs it.
        value: The input.
        **options: Options of httpx; `content` replaces the whole body, `headers` adds headers.
    """
    document = {"model": Contract.load().model, "input": GOOD if value is None else value}
    content = options.pop("content", json.dumps(document).encode())
    headers = {"authorization": f"Bearer {account.token}", "content-type": "application/json"}
    headers |= options.pop("headers", {})
    url = f"{account.base_url}/accounts/{account.id}/ai/run"
    return HTTP.post(url, content=content, headers=headers, **options)


def get_page(server: Server, path: str, **options: Any) -> httpx.Response:
    """Get a page of the inspector."""
    return HTTP.get(server.inspector + path, **options)
