"""Run the fake under uvicorn: in the foreground, or in a thread on a free port."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from aleph_contract.exchange import Exchange
from fake_server import journal
from fake_server.accounts import Account, Bill
from fake_server.app import API, CONTROL, App, create_app


class AccountHandle:
    """An account of a running server, as a test uses it."""

    def __init__(self, server: Server, account: Account) -> None:
        self._server = server
        self._account = account
        self.id = account.id
        self.token = account.token or ""
        self.base_url = server.base_url

    @property
    def env(self) -> dict[str, str]:
        """The environment a client under test receives."""
        return {
            "CLOUDFLARE_BASE_URL": self.base_url,
            "CLOUDFLARE_ACCOUNT_ID": self.id,
            "CLOUDFLARE_API_TOKEN": self.token,
        }

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What the fake saw of this account, in order of arrival."""
        return self._server.app.journal.exchanges(self.id)

    @property
    def bill(self) -> Bill:
        """What the account would have paid."""
        return self._account.bill

    def wait_for(self, n: int, timeout: float = 5.0) -> tuple[Exchange, ...]:
        """Wait until the journal holds `n` exchanges."""
        return journal.wait_for(self._server.app.journal, self.id, n, timeout)


class Server:
    """A fake in a thread of its own."""

    def __init__(self, app: App, host: str, port: int) -> None:
        self.app = app
        self._socket = socket.create_server((host, port), backlog=2048)
        self.binding_address = f"{host}:{self._socket.getsockname()[1]}"
        self.origin = f"http://{self.binding_address}"
        self.base_url = self.origin + API
        self.inspector = self.origin + CONTROL
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.run(self._uvicorn.serve(sockets=[self._socket]))

    def account(self, **options: Any) -> AccountHandle:
        """A fresh account with its own token."""
        return AccountHandle(self, self.app.accounts.create(**options))

    def close(self) -> None:
        """Stop the server."""
        self._uvicorn.should_exit = True
        self._thread.join()


@contextmanager
def running(
    contract: Any = None, *, host: str = "127.0.0.1", port: int = 0, **options: Any
) -> Iterator[Server]:
    """Run the real server in a thread for the duration of a `with` block."""
    server = Server(create_app(contract, **options), host, port)
    try:
        yield server
    finally:
        server.close()
