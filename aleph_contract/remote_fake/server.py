"""A fake that runs in another process or on another machine: the interface of `Server`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from aleph_contract.contract import Contract
from aleph_contract.core.clock import WALL_CLOCK
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.remote_fake.control import Control, NotFoundError
from aleph_contract.rules.suite import Suite, TestRun
from fake_server.state.billing import Bill

#: Seconds between two looks at the requests in flight.
_POLL = 0.005


class RemoteServer:
    """A running fake in another process.

    Args:
        url: Its URL, or that of its control API.
        process: Process of the test suite that its accounts belong to.
        admin_token: The token of its control API; `None` if it demands none.
        profile: Reply shape of its accounts; `None` for that of the fake.

    Raises:
        ArgumentError: It is not a URL.
    """

    clock = WALL_CLOCK

    def __init__(
        self,
        url: str,
        process: str | None = None,
        *,
        admin_token: str | None = None,
        profile: str | None = None,
    ) -> None:
        self.origin = url.partition("/__aleph__")[0].rstrip("/")
        self.inspector = f"{self.origin}/__aleph__/"
        self._control = Control(self.inspector, admin_token)
        self.binding_address = urlsplit(url).netloc
        self.host = urlsplit(url).hostname or ""
        self.base_url = f"{self.origin}/client/v4"
        self._defaults = {"process": process, "profile": profile}
        self._accounts: dict[str, RemoteAccount] = {}

    def serves(self, contract: Contract) -> bool:
        """Whether it serves this contract."""
        try:
            served = self._control.call("GET", f"/contract?model={quote(contract.model)}")
        except NotFoundError:
            return False
        return bool(served == json.loads(dumps(contract.entry)))

    def account(self, **options: Any) -> RemoteAccount:
        """Create an account with its own token; see `Server.account`."""
        set_here = {name: value for name, value in options.items() if value is not None}
        given = {k: v for k, v in (self._defaults | set_here).items() if v is not None}
        made = self._control.call("POST", "/accounts", given)
        account = RemoteAccount(self._control, made, self.base_url)
        self._accounts[account.id] = account
        return account

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges of the accounts that were created here."""
        listed = {row["id"] for row in self._control.call("GET", "/accounts")}
        own = (account for name, account in self._accounts.items() if name in listed)
        return tuple(exchange for account in own for exchange in account.exchanges)

    def settle(self, timeout: float = 1.0) -> bool:
        """Wait until no request of these accounts is in flight; see `Server.settle`."""
        return all(account.settle(timeout) for account in self._accounts.values())

    def suite(self, process: str) -> Suite:
        """The tests of the processes whose name begins so, and their accounts."""
        found = self._control.call("GET", f"/tests?process={quote(process)}")
        borders = {
            name: tuple((border["at"], _test(border)) for border in own)
            for name, own in found["borders"].items()
        }
        return Suite(borders, found["accounts"])

    def exchanges_of(self, account: str) -> tuple[Exchange, ...]:
        """The exchanges of an account, in order of arrival."""
        return _read(self._control, account, "exchanges")

    def dropped_of(self, accounts: Iterable[str]) -> int:
        """The number of exchanges of these accounts that a full journal has dropped."""
        names = set(accounts)
        rows = self._control.call("GET", "/accounts")
        return sum(row["dropped"] for row in rows if row["id"] in names)

    def close(self) -> None:
        """Close the connection."""
        self._control.close()


class RemoteAccount:
    """An account of a fake in another process; see `AccountHandle`."""

    def __init__(self, control: Control, made: dict[str, Any], base_url: str) -> None:
        self._control = control
        self._ended: tuple[Exchange, ...] | None = None
        self.id: str = made["id"]
        self.token: str = made["token"]
        self.base_url = base_url  # the fake may know itself by another name
        self.env: dict[str, str] = {**made["env"], "CLOUDFLARE_BASE_URL": base_url}

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges of this account that arrived before `hang_up`, in order of arrival."""
        return self._read("exchanges") if self._ended is None else self._ended

    @property
    def bill(self) -> Bill:
        """What the runs so far would have cost."""
        found = self._control.call("GET", f"/accounts/{self.id}/bill")
        return Bill(
            runs=found["runs"],
            seconds=Decimal(found["seconds"]),
            usd=Decimal(found["usd"]),
            runs_without_duration=found["runs_without_duration"],
            doubtful_runs=found["doubtful_runs"],
            doubtful_usd=Decimal(found["doubtful_usd"]),
            unknown=found.get("unknown", ""),
        )

    def scenario(self, given: Any) -> None:
        """Set the scenario for the next runs.

        Raises:
            ArgumentError: It names an unknown fault, or is not a list of steps.
        """
        if given is None:
            self._control.call("DELETE", f"/accounts/{self.id}/scenario")
        else:
            self._control.call("PUT", f"/accounts/{self.id}/scenario", given)

    def wait_for(self, n: int, timeout: float = 5.0) -> tuple[Exchange, ...]:
        """Wait for `n` exchanges and return all exchanges.

        Raises:
            TimeoutError: Fewer exist after `timeout` seconds.
        """
        found = self._read(f"exchanges?wait_for={n}&timeout={timeout}")
        if len(found) < n:
            raise TimeoutError(f"waited {timeout:g} s for {n} exchanges and saw {len(found)}")
        return found

    def settle(self, timeout: float = 1.0) -> bool:
        """Wait until no request of this account is in flight; `False` if `timeout` passes first."""
        waited = 0.0  # pauses, not seconds: see `fake_server.account_handle.wait_until`
        while self._control.call("GET", f"/accounts/{self.id}/connections")["in_flight"]:
            if waited >= timeout:
                return False
            time.sleep(_POLL)
            waited += _POLL
        return True

    def hang_up(self, timeout: float = 1.0) -> None:
        """Close the connections in flight; see `AccountHandle.hang_up`."""
        self._control.call("DELETE", f"/accounts/{self.id}/connections")
        self.settle(timeout)
        self._ended = self.exchanges

    def forget(self) -> None:
        """Delete the account, its token and its exchanges."""
        self._control.call("DELETE", f"/accounts/{self.id}")

    def _read(self, path: str) -> tuple[Exchange, ...]:
        return _read(self._control, self.id, path)


def _read(control: Control, account: str, path: str) -> tuple[Exchange, ...]:
    mark = "&" if "?" in path else "?"
    listed = control.call("GET", f"/accounts/{account}/{path}{mark}bodies=whole")
    return tuple(map(_exchange, listed["exchanges"]))


def _test(border: dict[str, Any]) -> TestRun | None:
    if border["test"] is None:
        return None
    return TestRun(border["test"], border["outcome"], repeats=border["repeats"])


def _exchange(document: dict[str, Any]) -> Exchange:
    """The exchange of its document in the control API."""
    seconds = document["billed_seconds"]
    converted = {
        "request_headers": tuple(map(tuple, document["request_headers"])),
        "request_body": base64.b64decode(document["request_body"]["base64"]),
        "response_headers": tuple(map(tuple, document["response_headers"])),
        "response_body": base64.b64decode(document["response_body"]["base64"]),
        "billed_seconds": None if seconds is None else Decimal(seconds),
        "cost": Decimal(document["cost_usd"]),
        "elapsed": document["seconds"],
    }
    left = {k: v for k, v in document.items() if k not in ("cost_usd", "seconds")}
    return Exchange(**left | converted)
