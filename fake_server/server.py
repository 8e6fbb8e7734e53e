"""Run the fake under uvicorn: in the foreground, or in a thread on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.control.origin_guard import is_loopback
from fake_server.http.app import CONTROL, App, create_app
from fake_server.http.protocol import Protocol
from fake_server.journal import waiting
from fake_server.runs.rest import API
from fake_server.state.accounts import BINDING, Account
from fake_server.state.billing import Bill

#: Seconds that answers under way get when the server stops; then their connections are cut.
GRACE = 0.1

#: Seconds that an idle connection is kept, as long as an edge does rather than uvicorn's 5: a
#: client that reuses one a little later must not find it closed.
KEEP_ALIVE = 120


class Server:
    """A fake that listens; it serves from `start` or `serve` to `close`.

    Args:
        app: The fake.
        host: Address or name to listen on.
        port: 0 picks a free one.
        expose: Whether others than this machine may reach it.

    Raises:
        ArgumentError: The port is taken, the host is not an address of this machine, or is one
            that others reach while `expose` is not set.
    """

    def __init__(self, app: App, host: str, port: int, *, expose: bool = False) -> None:
        if not (expose or is_loopback(host)):
            raise ArgumentError(
                f"host {host} lets other machines in: they could read every prompt and answer, "
                "and script what clients are answered; if that is meant, add --expose"
            )
        self.app = app
        self._socket = _listen(host, port)
        name = f"[{host}]" if ":" in host else host
        self.binding_address = f"{name}:{self._socket.getsockname()[1]}"
        self.origin = f"http://{self.binding_address}"
        self.base_url = self.origin + API
        self.inspector = self.origin + CONTROL
        self._state = ServerState()
        self._loop = _new_loop()
        self._stopping = asyncio.Event()
        self._threads = ThreadPoolExecutor(2, "aleph-contract")
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.serve, name="aleph-contract", daemon=True)
        self._thread.start()

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve in this thread until `close`, or in the main one until SIGINT or SIGTERM."""
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._serve(ready))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)
            asyncio.set_event_loop(None)
            self._loop.close()
            self.app.journal.close()

    def close(self) -> None:
        """Stop within a second, whatever is in flight."""
        if self._thread is None:
            self._socket.close()
            self._loop.close()
            return
        self.call(self._stopping.set)
        self._thread.join()

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function in the thread that serves, soon; not at all once that has stopped."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function, *arguments)

    def account(self, **options: Any) -> AccountHandle:
        """A fresh account with a token of its own.

        Args:
            **options: `profile`, `credits`, `spend_limit`, where they differ from the server's.
        """
        return AccountHandle(self, self.app.accounts.create(**options))

    @property
    def binding(self) -> AccountHandle:
        """The account of calls through the binding that name no gateway."""
        return AccountHandle(self, self.app.accounts.get(BINDING))

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What came in, of all accounts, in order of arrival."""
        return self.app.journal.exchanges(None)

    async def _serve(self, ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(self._threads)
        for number in _signals():
            loop.add_signal_handler(number, self._stopping.set)
        config = uvicorn.Config(
            self.app,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        config.load()
        listener = await loop.create_server(
            lambda: Protocol(config=config, server_state=self._state, app_state={}),
            sock=self._socket,
            backlog=2048,
        )
        ready()
        while not self._stopping.is_set():
            date = formatdate(time.time(), usegmt=True).encode()
            self._state.default_headers = [(b"date", date)]
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1)
        listener.close()
        await self._hang_up()

    async def _hang_up(self) -> None:
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=GRACE)
        for connection in list(self._state.connections):
            connection.transport.abort()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=GRACE)
        for task in self._state.tasks:
            task.cancel()


class AccountHandle:
    """An account of a running server, as a test uses it; from any thread."""

    def __init__(self, server: Server, account: Account) -> None:
        self._server = server
        self._journal = server.app.journal
        self._accounts = server.app.accounts
        self._account = account
        self.id = account.id
        self.token = account.token or ""
        self.base_url = server.base_url
        self._until = math.inf

    @property
    def env(self) -> dict[str, str]:
        """The environment that a client under test receives."""
        return {
            "CLOUDFLARE_BASE_URL": self.base_url,
            "CLOUDFLARE_ACCOUNT_ID": self.id,
            "CLOUDFLARE_API_TOKEN": self.token,
        }

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What came in for this account and was answered, in order of arrival, until `hang_up`."""
        found = self._journal.exchanges(self.id)
        return tuple(exchange for exchange in found if exchange.received_at <= self._until)

    @property
    def bill(self) -> Bill:
        """What would have been paid so far."""
        return self._account.bill

    def scenario(self, given: Any) -> None:
        """Play a scenario to the runs to come; see `scenarios.scenario`.

        Raises:
            ArgumentError: It names an unknown fault or holds something else than steps.
        """
        self._account.scenario = given

    def wait_for(self, n: int, timeout: float = 5.0) -> tuple[Exchange, ...]:
        """The exchanges, once there are `n`.

        Raises:
            TimeoutError: There were fewer after `timeout` seconds.
        """
        return waiting.wait_for(self._journal, self.id, n, timeout)

    def settle(self, timeout: float = 1.0) -> bool:
        """Wait until no request of this account is in flight; whether that was so in time."""
        deadline = time.monotonic() + timeout
        while self._account.in_flight:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def hang_up(self, timeout: float = 1.0) -> None:
        """Cut what is in flight, for the sake of a client that was given up.

        Its call would otherwise hold what the calls after it need: a lock, a pooled connection.
        What it does about the cut is nothing that it was asked for, so `exchanges` ends here.
        """
        self._until = time.time()
        self._server.call(self._server.app.hang_up, self._account)
        self.settle(timeout)

    def forget(self) -> None:
        """Forget the account, its token and its exchanges: for runs of very many accounts."""
        self._accounts.remove(self._account)
        self._journal.clear(self.id)


@contextmanager
def running(
    contract: Contract | str | os.PathLike[str] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    expose: bool = False,
    allow_hosts: Iterable[str] = (),
    **options: Any,
) -> Iterator[Server]:
    """Run the fake in a thread, over real sockets, for the length of a `with` block.

    Args:
        contract: A contract, the file of one, or `None` for the shipped one.
        host: Address to listen on.
        port: 0 picks a free one.
        expose: Whether others than this machine may reach it.
        allow_hosts: Further names under which the control API may be called.
        **options: Options of `fake_server.create_app`.
    """
    if contract is not None and not isinstance(contract, Contract):
        contract = Contract.load(contract)
    app = create_app(contract, hosts=(host, *allow_hosts), **options)
    try:
        server = Server(app, host, port, expose=expose)
    except ArgumentError:
        app.journal.close()
        raise
    server.start()
    try:
        yield server
    finally:
        server.close()


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:  # noqa: PLR2004 - 16 bits
        raise ArgumentError(f"port is a number from 0 to 65535, not {port}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except socket.gaierror as error:
        raise ArgumentError(f"host {host} is not known here: {error.strerror}") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        free = "; port 0 picks a free one" if port else ""
        raise ArgumentError(f"cannot listen on {host} port {port}: {reason}{free}") from None


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # not on every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _signals() -> tuple[int, ...]:
    if threading.current_thread() is not threading.main_thread():
        return ()
    return signal.SIGINT, signal.SIGTERM
