"""The fake on a faster clock: it waits less, and reports in the client's seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
from calling import post

from aleph_contract.core.clock import Clock
from fake_server.server import Server, running
from fake_server.state.suite import SuiteLog

#: Its start lies an hour back, so that the client's clock is four days ahead.
CLOCK = Clock(speed=100, start=time.time() - 3600)

#: Seconds of the client that a run takes; a hundredth of it on the machine.
LATENCY = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(clock=CLOCK, latency=LATENCY) as server:
        yield server


def test_a_run_takes_its_latency_on_the_clients_clock(server: Server) -> None:
    account = server.account()
    begun, now = time.monotonic(), CLOCK.now()
    assert post(account).status_code == 200
    took = time.monotonic() - begun
    assert 0.19 <= took < LATENCY
    (exchange,) = account.exchanges
    assert 19 <= exchange.elapsed <= CLOCK.elapsed(took)  # a timer may fire a moment early
    assert now <= exchange.received_at <= CLOCK.now()


def test_a_drip_takes_its_seconds_on_the_clients_clock(server: Server) -> None:
    account = server.account()
    account.scenario([{"fault": "drip", "delay": 30}])
    begun = time.monotonic()
    assert post(account).status_code == 200
    took = time.monotonic() - begun
    assert 0.25 <= took < 30
    assert 25 <= account.exchanges[0].elapsed <= CLOCK.elapsed(took)


def test_dates_are_on_the_clients_clock(server: Server) -> None:
    account = server.account()
    account.scenario([{"fault": "rate-limited-retry-after-date", "retry_after": 60}])
    before = CLOCK.now()
    reply = post(account)
    after = CLOCK.now()
    asked = parsedate_to_datetime(reply.headers["retry-after"]).timestamp() - 60
    assert before - 2 < asked < after + 2  # dates have whole seconds
    # uvicorn writes the date once per second of the machine, which is 100 of the client's.
    assert before - 300 < parsedate_to_datetime(reply.headers["date"]).timestamp() < after + 2


def test_seconds_in_retry_after_are_the_clients(server: Server) -> None:
    account = server.account()
    account.scenario([{"fault": "rate-limited-retry-after", "retry_after": 60}])
    assert post(account).headers["retry-after"] == "60"


def test_a_result_url_expires_on_the_clients_clock() -> None:
    with running(clock=Clock(speed=1000, start=time.time()), presigned=60) as server:
        url = post(server.account()).json()["result"]["video"]
        presigner = server.app.presigner
        assert presigner is not None
        path, query = url.split("?")
        name = path.rpartition("/")[2].encode()
        assert presigner.problem(name, query.encode()) in ("", "AccessDenied")
        time.sleep(0.1)
        assert presigner.problem(name, query.encode()) == "AccessDenied"


def test_the_borders_of_tests_are_on_the_clock_of_the_clients() -> None:
    clock = Clock(1000.0, time.time() - 10)
    log = SuiteLog(clock=clock)
    begun = clock.now()
    number = log.start("process", "first")
    assert number is not None
    arrived = clock.now()
    log.finish(number, "passed")
    first, second = (at for at, _ in log.suite().borders["process"])
    assert begun <= first <= arrived <= second
