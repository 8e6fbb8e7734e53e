"""Cases that are driven at the same time, each after the call of the one before has arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from threading import Event
from typing import Any

import httpx
import pytest
from waiting import PATIENCE

from aleph_contract.contract import Contract
from aleph_contract.drivers import Call, Driver, Renew, unchanged
from aleph_contract.drivers.crash_triage import Ended
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import CouldNotRun
from aleph_contract.verify import time_phase
from aleph_contract.verify.plans import PlannedCase
from aleph_contract.verify.session import Session
from aleph_contract.verify.settings import Settings
from fake_server.http.delivery import Connection
from fake_server.server import running

#: Seconds that the client computes before it calls.
START = 0.1

NUMBER = 4


def cases() -> list[PlannedCase]:
    first, *_ = time_phase.plans(Contract.load())
    steps = ({"fault": None, "times": None, "delay": 0.1},)
    return [replace(first, name=f"time/{number}", scenario=steps) for number in range(NUMBER)]


class Client:
    """A client that notes when each of its calls begins."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.all_have_begun = Event()

    def __call__(self, edit: Any, base_url: str, account_id: str, api_token: str) -> Any:
        self.begun.append(time.monotonic())
        if len(self.begun) == NUMBER:
            self.all_have_begun.set()
        time.sleep(START)
        reply = httpx.post(
            f"{base_url}/accounts/{account_id}/ai/run",
            json={"model": "runwayml/aleph-2", "input": edit},
            headers={"Authorization": f"Bearer {api_token}"},
            timeout=30,
        )
        return reply.raise_for_status().json()["result"]["video"]


def test_cases_start_one_after_the_other_and_wait_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, contract = Client(), Contract.load()

    async def pause_until_all_have_begun(*_: object) -> None:
        assert await asyncio.to_thread(client.all_have_begun.wait, PATIENCE)

    monkeypatch.setattr(Connection, "pause", pause_until_all_have_begun)
    with running(contract) as server, PythonDriver(client, jobs=NUMBER) as driver:
        session = Session(server, driver, contract, Settings())
        results = [result for _, result in session.side_by_side(cases())]
    assert sorted((result.name, result.status) for result in results) == [
        (f"time/{number}", "passed") for number in range(NUMBER)
    ]
    assert min(after - before for before, after in pairwise(client.begun)) >= START


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
