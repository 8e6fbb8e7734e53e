"""Interception: clients with the URL of the real service written into them reach the fake."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from aleph_contract.core.private_folder import PrivateFolder
from fake_server.intercept.proxy import Proxy
from fake_server.intercept.tally import Tally
from fake_server.intercept.targets import HOST, PORT, AllowedHosts
from fake_server.intercept.variables import Route, Trust, variables
from fake_server.runs.rest import API
from fake_server.server import Server
from fake_server.tls.authority import Authority


@dataclass(frozen=True, slots=True)
class Interception:
    """An interceptor that is running.

    Args:
        environment: Environment variables for the client, without those of its account.
        tally: What it did with the connections so far.
    """

    environment: Mapping[str, str]
    tally: Tally


@contextmanager
def intercepting(server: Server, allow_hosts: Iterable[str] = ()) -> Iterator[Interception]:
    """Answer for https://api.cloudflare.com within a `with` block.

    Accounts that are created inside tell their clients the URL of the real service.

    Args:
        server: The fake; it must be running.
        allow_hosts: Other hosts that connections are passed on to, unread; see `AllowedHosts`.

    Raises:
        ArgumentError: trustme is not installed, or a name in `allow_hosts` is malformed.
    """
    allowed = AllowedHosts(allow_hosts)
    with PrivateFolder() as folder:
        authority = Authority(folder)
        proxy = Proxy(server, authority.server_context(HOST), allowed)
        local = tuple(dict.fromkeys((server.host,)))
        trust = Trust(folder, authority, os.environ)
        route = Route(proxy.host, proxy.port, local, trust, os.environ)
        with _answering_for_host(server):
            server.run(proxy.start())
            try:
                yield Interception(variables(route), proxy.tally)
            finally:
                server.run(proxy.close())


@contextmanager
def _answering_for_host(server: Server) -> Iterator[None]:
    """Let the fake tell clients the URL of `HOST`, and name its own address in replies."""
    base_url, urls = server.base_url, server.app.runs.urls
    aliases = dict.fromkeys((HOST, f"{HOST}:{PORT}"), server.binding_address)
    server.base_url = f"https://{HOST}{API}"
    urls.aliases = {host.encode(): address.encode() for host, address in aliases.items()}
    try:
        yield
    finally:
        server.base_url = base_url
        urls.aliases = {}
