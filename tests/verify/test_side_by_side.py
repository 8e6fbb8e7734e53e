"""Cases that are driven at the same time, each after the call of the one before has arrived."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx
import pytest

from aleph_contract.contract import Contract
from aleph_contract.drivers import Call, Driver, Renew, unchanged
from aleph_contract.drivers.crash_triage import Ended
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import CouldNotRun
from aleph_contract.verify import time_phase
from aleph_contract.verify.plans import PlannedCase
from aleph_contract.verify.session import Session
from aleph_contract.verify.settings import Settings
from fake_server.server import running

#: Seconds that the client computes before it calls, and that each run takes.
START, RUN = 0.1, 1.0

NUMBER = 4


def cases() -> list[PlannedCase]:
    first, *_ = time_phase.plans(Contract.load())
    steps = ({"fault": None, "times": None, "delay": RUN},)
    return [replace(first, name=f"time/{number}", scenario=steps) for number in range(NUMBER)]


class Client:
    """A client that notes when each of its calls begins."""

    def __init__(self) -> None:
        self.begun: list[float] = []

    def __call__(self, edit: Any, base_url: str, account_id: str, api_token: str) -> Any:
        self.begun.append(time.monotonic())
        time.sleep(START)
        reply = httpx.post(
            f"{base_url}/accounts/{account_id}/ai/run",
            json={"model": "runwayml/aleph-2", "input": edit},
            headers={"Authorization": f"Bearer {api_token}"},
            timeout=30,
        )
        return reply.raise_for_status().json()["result"]["video"]


def test_cases_start_one_after_the_other_and_wait_together() -> None:
    client, contract = Client(), Contract.load()
    with running(contract) as server, PythonDriver(client, jobs=NUMBER) as driver:
        session = Session(server, driver, contract, Settings())
        begun = time.monotonic()
        results = [result for _, result in session.side_by_side(cases())]
        took = time.monotonic() - begun
    assert sorted((result.name, result.status) for result in results) == [
        (f"time/{number}", "passed") for number in range(NUMBER)
    ]
    assert min(after - before for before, after in pairwise(client.begun)) >= START
    assert took < NUMBER * RUN


class Failing(Driver):
    """A driver whose client ends its protocol after some calls."""

    def __init__(self, driver: Driver, calls: int) -> None:
        self._driver = driver
        self.client, self.window = driver.client, driver.window
        self._calls = calls

    def start(self) -> None:
        """Nothing is to be started."""

    def run(self, calls: Iterable[Call], renew: Renew = unchanged) -> Iterator[Ended]:
        for number, ended in enumerate(self._driver.run(calls, renew), 1):
            yield ended
            if number == self._calls:
                raise CouldNotRun("the client ended")

    def close(self) -> None:
        """Nothing is to be ended."""


def test_cases_that_ended_before_the_client_did_have_results() -> None:
    contract = Contract.load()
    with running(contract) as server, PythonDriver(Client(), jobs=NUMBER) as driver:
        session = Session(server, Failing(driver, 2), contract, Settings())
        found = session.side_by_side(cases())
        ended = [next(found)[1].status for _ in range(2)]
        with pytest.raises(CouldNotRun, match="the client ended"):
            next(found)
    assert ended == ["passed", "passed"]
