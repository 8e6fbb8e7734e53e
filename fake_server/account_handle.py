"""The account of a running fake that a test holds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

from aleph_contract.core.exchange import Exchange
from fake_server.http.app import App
from fake_server.journal import waiting
from fake_server.state.accounts import Account
from fake_server.state.billing import Bill

#: Seconds between two looks of a wait.
PAUSE = 0.001


class ServerOfAccount(Protocol):
    """What an account needs of its server."""

    app: App
    base_url: str

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function soon in the serving thread."""


class AccountHandle:
    """An account of a running server, for tests; safe to use from any thread.

    Attributes:
        id: The account id, 32 hexadecimal digits.
        token: The only API token that it accepts.
        base_url: The URL that ends in `/client/v4`, as `CLOUDFLARE_BASE_URL` holds it.
    """

    def __init__(self, server: ServerOfAccount, account: Account) -> None:
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
        """The exchanges of this account that arrived before `hang_up`, in order of arrival."""
        found = self._journal.exchanges(self.id)
        return tuple(exchange for exchange in found if exchange.received_at <= self._until)

    @property
    def bill(self) -> Bill:
        """What the runs so far would have cost."""
        return self._account.bill

    def scenario(self, given: Any) -> None:
        """Set the scenario for the next runs.

        Args:
            given: A list of steps; the name of one fault, for all later runs; or `None` for none. A
                step is the name of a fault, for one run; an object
                `{"fault", "times"?, "retry_after"?, "delay"?}`; or a reply of your own,
                `{"status"?, "headers"?, "body"?, "times"?, "delay"?}`.

        Raises:
            ArgumentError: It names an unknown fault, or is not a list of steps.
        """
        self._account.scenario = given

    def wait_for(self, n: int, timeout: float = 5.0) -> tuple[Exchange, ...]:
        """Wait for `n` exchanges and return all exchanges.

        Raises:
            TimeoutError: Fewer exist after `timeout` seconds.
        """
        return waiting.wait_for(self._journal, self.id, n, timeout)

    def settle(self, timeout: float = 1.0) -> bool:
        """Wait until no request of this account is in flight; `False` if `timeout` passes first."""
        return wait_until(lambda: not self._server.app.in_flight(self.id), timeout)

    def hang_up(self, timeout: float = 1.0) -> None:
        """Close the connections in flight of a client whose call has timed out.

        The pending call could hold a lock or a pooled connection that later calls need. How the
        client reacts to the close is not part of the test: `exchanges` omits later requests.
        """
        self._until = self._server.app.clock.now()
        self._server.call(self._server.app.hang_up, self._account)
        self.settle(timeout)

    def forget(self) -> None:
        """Delete the account, its token and its exchanges, to free memory in long verifications."""
        self._accounts.remove(self._account)
        self._journal.clear(self.id)


def wait_until(holds: Callable[[], bool], timeout: float) -> bool:
    """Wait until a condition holds; `False` if `timeout` seconds pass first.

    It counts pauses, so that a busy machine has more time: after a stall of the whole process, the
    thread that brings the condition about must get its turn.
    """
    waited = 0.0
    while not holds():
        if waited >= timeout:
            return False
        time.sleep(PAUSE)
        waited += PAUSE
    return True
