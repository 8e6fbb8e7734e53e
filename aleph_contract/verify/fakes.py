"""The fake that a client is run against: a new one in this process, or one that runs elsewhere."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.remote_fake.server import RemoteAccount, RemoteServer
from fake_server.account_handle import AccountHandle
from fake_server.port import ADMIN_TOKEN_VARIABLE, FAKE_VARIABLE
from fake_server.server import Server, running

Fake = Server | RemoteServer
FakeAccount = AccountHandle | RemoteAccount


@dataclass(frozen=True, slots=True)
class RemoteFake:
    """A fake that runs elsewhere.

    Args:
        url: Its URL, such as `http://fake.example:8790`.
        admin_token: The token of its control API; `None` if it demands none.
    """

    url: str
    admin_token: str | None = field(default=None, repr=False)


def remote_from(variables: Mapping[str, str]) -> RemoteFake | None:
    """The fake that environment variables name, if any."""
    url = variables.get(FAKE_VARIABLE)
    return RemoteFake(url, variables.get(ADMIN_TOKEN_VARIABLE) or None) if url else None


#: The values of options that only a new fake can have.
NEW_FAKE_OPTIONS: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 0,
    "intercept": False,
    "speed": 1.0,
    "latency": 0.0,
    "credits": None,
    "spend_limit": None,
    "max_body": None,
}


@contextmanager
def fake_for(
    contracts: Contract | ContractSet,
    remote: RemoteFake | None,
    given: dict[str, Any],
    **options: Any,
) -> Iterator[Fake]:
    """The fake, within a `with` block.

    Args:
        contracts: What it serves.
        remote: The fake that runs elsewhere; `None` for a new one.
        given: The options of the user; those of a new fake must have their defaults with `remote`.
        **options: Options of `fake_server.running`.

    Raises:
        ArgumentError: The fake elsewhere does not answer, serves another contract, or has no such
            option.
        CouldNotRun: No client on this machine can connect to the new fake.
    """
    if remote is None:
        with running(contracts, **options) as server:
            _check_reachable(server)
            yield server
        return
    for name, default in NEW_FAKE_OPTIONS.items():
        if given.get(name, default) != default:
            raise ArgumentError(
                f"--{name.replace('_', '-')} is an option of a new fake, and --fake names one that "
                "runs already"
            )
    server_elsewhere = RemoteServer(
        remote.url, admin_token=remote.admin_token, profile=options["profile"]
    )
    if not server_elsewhere.serves(ContractSet.of(contracts).default):
        raise ArgumentError(
            f"the fake at {remote.url} serves another contract; start both with the same --contract"
        )
    try:
        yield server_elsewhere
    finally:
        server_elsewhere.close()


def _check_reachable(server: Server) -> None:
    """A machine without a network, such as a sandbox, may have no loopback interface either."""
    address = urlsplit(server.base_url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=10).close()
    except OSError as error:
        raise CouldNotRun(
            f"no program on this machine can connect to the fake at {address.netloc}: "
            f"{error.strerror or error}; start the loopback interface with `ip link set lo up`"
        ) from None
