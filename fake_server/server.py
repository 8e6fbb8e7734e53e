"""Run the fake under uvicorn: in the foreground, or in a thread on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.clock import Clock
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.account_handle import AccountHandle, wait_until
from fake_server.control.origin_guard import is_loopback
from fake_server.http.app import CONTROL_PATH, App
from fake_server.http.factory import create_app
from fake_server.http.listening import listen, listen_unix, reachable_host
from fake_server.http.protocol import Protocol
from fake_server.http.uvicorn_internals import ServerState
from fake_server.runs.rest import API
from fake_server.state.accounts import BINDING
from fake_server.tls.timing import time_limits

T = TypeVar("T")
P = TypeVar("P", bound=Protocol)

#: Seconds that responses in progress get when the server stops; then their connections are closed.
STOP_GRACE = 0.1

#: Seconds, at least, between two updates of the `Date` header.
MIN_DATE_INTERVAL = 0.05

#: Seconds that an idle connection stays open. uvicorn's default of 5 closes connections that a
#: client is about to reuse.
KEEP_ALIVE = 120


class Server:
    """A fake that listens on a socket; `start` or `serve` runs it, `close` stops it.

    Args:
        app: The fake.
        host: Address or name to listen on.
        port: 0 picks a free port.
        expose: Whether the host may be reachable from other machines.
        uds: Path of a Unix domain socket to listen on instead of host and port.
        told: Host in the URLs that clients are told; `host` if `None`.
        tls: The certificate and key to serve TLS with; `None` for plain HTTP.
        drain: Seconds that open requests have to end after SIGTERM; a second signal ends them.
        listener: A socket that listens already, for several servers in turn; it stays open.

    Raises:
        ArgumentError: The port or the path is taken, the host is not an address of this machine,
            or other machines can reach it and `expose` is not set.
    """

    def __init__(
        self,
        app: App,
        host: str,
        port: int,
        *,
        expose: bool = False,
        uds: str | os.PathLike[str] | None = None,
        told: str | None = None,
        tls: ssl.SSLContext | None = None,
        drain: float = 0.0,
        listener: socket.socket | None = None,
    ) -> None:
        if not (expose or uds or is_loopback(host)):
            raise ArgumentError(
                f"host {host!r} is reachable from other machines: they could read every prompt and "
                "response and script the responses to your clients; to allow that, add --expose"
            )
        self.app = app
        self.uds = None if uds is None else os.fspath(uds)
        self.host = host if told is None else told
        if self.uds is None:
            self._socket = listen(host, port) if listener is None else listener.dup()
            name = f"[{self.host}]" if ":" in self.host else self.host
            self.binding_address = f"{name}:{self._socket.getsockname()[1]}"
        else:
            self._socket = listen_unix(self.uds)
            self.binding_address = "localhost"
        scheme = "http" if tls is None else "https"
        self.app.runs.urls.scheme = scheme.encode()
        self.origin = f"{scheme}://{self.binding_address}"
        self.base_url = self.origin + API
        self.inspector = self.origin + CONTROL_PATH
        self._tls = tls
        self._state = ServerState()
        self._loop = _new_loop()
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self._drain = drain
        self._grace = STOP_GRACE
        self._threads = ThreadPoolExecutor(2, "aleph-contract")
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve in a new thread."""
        self._thread = threading.Thread(target=self.serve, name="aleph-contract", daemon=True)
        self._thread.start()

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve in this thread until `close`; in the main thread also until SIGINT or SIGTERM."""
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._serve(ready))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)
            asyncio.set_event_loop(None)
            self._loop.close()
            self.app.journal.close()
            if self.uds is not None:
                Path(self.uds).unlink(missing_ok=True)

    def close(self) -> None:
        """Stop within a second, also with requests in flight."""
        if self._thread is None:
            self._socket.close()
            self._loop.close()
            return
        self.call(self._stopping.set)
        self._thread.join()

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function soon in the serving thread; do nothing if the server has stopped."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function, *arguments)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the serving thread and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def protocol(self, kind: type[P]) -> P:
        """A protocol for a connection that another socket accepted, such as an interceptor's."""
        return kind(config=self._config, server_state=self._state, app_state={})

    def account(self, **options: Any) -> AccountHandle:
        """Create an account with its own token.

        Args:
            **options: Where other than the server's: `profile`, `documented` or `live`; `credits`,
                USD that its runs may cost before a 402; `spend_limit`, USD from which on its
                gateway answers 429; `spend_limit_lag`, runs let through after that.
        """
        return AccountHandle(self, self.app.accounts.create(**options))

    @property
    def clock(self) -> Clock:
        """The clock of the clients."""
        return self.app.clock

    @property
    def binding(self) -> AccountHandle:
        """The account of calls through the binding whose gateway id is not an account id."""
        return AccountHandle(self, self.app.accounts.get(BINDING))

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges of all accounts, in order of arrival."""
        return self.app.journal.exchanges(None)

    @cached_property
    def _config(self) -> uvicorn.Config:
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
        return config

    def settle(self, timeout: float = 1.0) -> bool:
        """Wait until no response is pending; `False` if `timeout` passes first.

        The connections of a client that ended are closed, but the fake may not have seen it yet.
        """
        return wait_until(lambda: not self.app.open_connections, timeout)

    async def _serve(self, ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(self._threads)
        for number in _signals():
            loop.add_signal_handler(number, self._stop, number)
        create = loop.create_server if self.uds is None else loop.create_unix_server
        secured = {} if self._tls is None else {"ssl": self._tls, **time_limits(loop)}
        listener = await create(
            lambda: self.protocol(Protocol),
            sock=self._socket,
            backlog=2048,
            **secured,
        )
        ready()
        interval = max(self.app.clock.wait(1), MIN_DATE_INTERVAL)
        while not self._stopping.is_set():
            date = formatdate(self.app.clock.now(), usegmt=True).encode()
            self._state.default_headers = [(b"date", date)]
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), interval)
        listener.close()
        await self._hang_up()
        await self.app.shutdown()

    def _stop(self, number: int) -> None:
        if self._stopping.is_set():
            self._hurrying.set()
        elif number == signal.SIGTERM:
            self._grace = max(self._drain, STOP_GRACE)
        self._stopping.set()

    async def _hang_up(self) -> None:
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            ended = asyncio.ensure_future(asyncio.wait(self._state.tasks))
            hurried = asyncio.ensure_future(self._hurrying.wait())
            either = {ended, hurried}
            await asyncio.wait(either, timeout=self._grace, return_when=asyncio.FIRST_COMPLETED)
            for waiting in either:
                waiting.cancel()
        for connection in list(self._state.connections):
            connection.transport.abort()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=STOP_GRACE)
        for task in self._state.tasks:
            task.cancel()


@contextmanager
def running(
    contract: Contract | ContractSet | str | os.PathLike[str] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    expose: bool = False,
    allow_hosts: Iterable[str] = (),
    tls: ssl.SSLContext | None = None,
    listener: socket.socket | None = None,
    **options: Any,
) -> Iterator[Server]:
    """Run the fake in a thread, on a real socket, for the duration of a `with` block.

    Args:
        contract: A contract, a set of contracts, or the path of an entry or of a folder of entries;
            `None` for the shipped contract.
        host: Address to listen on; for a wildcard address, such as `0.0.0.0`, the URLs that clients
            are told name an address of this machine.
        port: 0 picks a free port.
        expose: Whether the host may be reachable from other machines.
        allow_hosts: Further host names that the control API accepts.
        tls: The certificate and key to serve TLS with; `None` for plain HTTP.
        listener: See `Server`.
        **options: Options of `fake_server.create_app`.
    """
    if contract is not None and not isinstance(contract, (Contract, ContractSet)):
        contract = ContractSet.load([contract])
    told = reachable_host(host)
    app = create_app(contract, hosts=(host, told, *allow_hosts), **options)
    try:
        server = Server(app, host, port, expose=expose, told=told, tls=tls, listener=listener)
    except ArgumentError:
        app.journal.close()
        raise
    server.start()
    try:
        yield server
    finally:
        server.close()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # not available on every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _signals() -> tuple[int, ...]:
    if threading.current_thread() is not threading.main_thread():
        return ()
    return signal.SIGINT, signal.SIGTERM
