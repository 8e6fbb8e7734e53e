"""An in-process client of the control API, and exchanges to fill a journal with."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partialmethod
from typing import Any

import httpx

from aleph_contract.core.exchange import Exchange
from fake_server.http.app import App

ID = "0123456789abcdef0123456789abcdef"
API = "/__aleph__"

#: The path of the account `ID`.
ACCOUNT_PATH = f"{API}/accounts/{ID}"


class ControlClient:
    """A client of a control API in the same process."""

    def __init__(self, api: Any, base_url: str = "http://testserver") -> None:
        self._transport = httpx.ASGITransport(api)
        self._base_url = base_url

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Make one call, in its own event loop."""

        async def call() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url=self._base_url, follow_redirects=True
            ) as client:
                return await client.request(method, url, **options)

        return asyncio.run(call())

    get = partialmethod(request, "GET")
    post = partialmethod(request, "POST")
    put = partialmethod(request, "PUT")
    delete = partialmethod(request, "DELETE")


def make_exchange(number: int = 1, **values: Any) -> Exchange:
    """A refused run of the account `ID`, as the fake records it.

    Args:
        number: Its number in the account.
        **values: Fields of the exchange that differ.
    """
    exchange = Exchange(
        number=number,
        account=ID,
        surface="rest",
        method="POST",
        target=f"/client/v4/accounts/{ID}/ai/run",
        request_headers=(("host", "localhost"), ("authorization", "Bearer REDACTED")),
        request_body=b'{"model":"runwayml/aleph-2","input":{}}',
        request_complete=True,
        credential="accepted",
        status=400,
        response_headers=(("content-type", "application/json"),),
        response_body="naïve \U0001f3ac".encode(),
        outcome="invalid",
        received_at=1.5,
        elapsed=0.25,
        host="localhost",
    )
    return replace(exchange, **values)


def append_exchange(app: App, **values: Any) -> Exchange:
    """Append an exchange to the journal, with the next number of its account."""
    number = app.journal.arrive(values.get("account", ID))
    exchange = make_exchange(number, **values)
    app.journal.append(exchange.account, number, exchange, 1000)
    return exchange


def numbers(response: httpx.Response) -> list[int]:
    """The numbers of the exchanges in a response."""
    assert response.status_code == 200, response.text
    return [exchange["number"] for exchange in response.json()["exchanges"]]
