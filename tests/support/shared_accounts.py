"""One account on two fakes that share a journal in PostgreSQL."""

from __future__ import annotations

from fake_server.account_handle import AccountHandle
from fake_server.server import Server

Replicas = tuple[Server, Server]


def on(server: Server, account: AccountHandle) -> AccountHandle:
    """The account, on another replica."""
    return AccountHandle(server, server.app.accounts.get(account.id))


def numbers(account: AccountHandle) -> list[int]:
    """The numbers of its exchanges."""
    return [exchange.number for exchange in account.exchanges]
