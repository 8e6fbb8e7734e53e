"""The fake of `aleph-contract exec` as the fixture `aleph_server`: same interface as `Server`."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.pytest_plugin.control import Control
from fake_server.state.billing import Bill


class RemoteServer:
    """A running fake in another process.

    Args:
        url: URL of its control API.
        process: Process of the test suite that its accounts belong to.
    """

    def __init__(self, url: str, process: str | None = None) -> None:
        self.inspector = url
        self.binding_address = urlsplit(url).netloc
        self.origin = f"http://{self.binding_address}"
        self.base_url = f"{self.origin}/client/v4"
        self._control = Control(url)
        self._process = process

    def serves(self, contract: Contract) -> bool:
        """Whether it serves this contract."""
        served = self._control.call("GET", "/contract")
        return bool(served == json.loads(dumps(contract.entry)))

    def account(self, **options: Any) -> RemoteAccount:
        """Create an account with its own token; see `Server.account`."""
        given = options if self._process is None else {**options, "process": self._process}
        return RemoteAccount(self._control, self._control.call("POST", "/accounts", given))


class RemoteAccount:
    """An account of a fake in another process; see `AccountHandle`."""

    def __init__(self, control: Control, made: dict[str, Any]) -> None:
        self._control = control
        self.id: str = made["id"]
        self.token: str = made["token"]
        self.base_url: str = made["base_url"]
        self.env: dict[str, str] = made["env"]

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges of this account, in order of arrival."""
        return self._read("exchanges")

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

    def _read(self, path: str) -> tuple[Exchange, ...]:
        listed = self._control.call("GET", f"/accounts/{self.id}/{path}")
        return tuple(map(_exchange, listed["exchanges"]))


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
