"""With one job a sync callable runs in the main thread, as in its own program."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from driver_calls import calls, drive
from waiting import until

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers.main_thread import CallTimeoutError
from aleph_contract.drivers.python import PythonDriver

DATABASE = sqlite3.connect(":memory:")


def outcomes_of(function: Callable[..., Any], *inputs: Any, jobs: int) -> Any:
    driver = PythonDriver(lambda value, **_: function(value), jobs=jobs)
    return drive(driver, calls(*inputs))


def alarm(value: Any) -> Any:
    rang: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    until(lambda: rang)
    signal.signal(signal.SIGALRM, before)
    return f"{value} {len(rang)}"


def database(value: Any) -> Any:
    return DATABASE.execute("SELECT ?", (str(value),)).fetchone()[0]


async def _later(value: Any) -> str:
    await asyncio.sleep(0)
    return str(value)


def own_loop(value: Any) -> Any:
    return asyncio.run(_later(value))


def fork(value: Any) -> Any:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(value).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return os.read(reading, 100).decode()


@pytest.mark.parametrize("function", [alarm, database, own_loop, fork])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_needs_the_main_thread_works_with_one_job(function: Callable[[Any], Any]) -> None:
    outcomes = outcomes_of(function, "a", "b", jobs=1)
    assert [outcome.kind for outcome in outcomes] == ["result", "result"]


@pytest.mark.parametrize("function", [alarm, database])
def test_with_more_jobs_it_could_not_run_and_the_reason_names_the_option(
    function: Callable[[Any], Any],
) -> None:
    [outcome] = outcomes_of(function, "a", jobs=2)
    assert outcome.kind == "could-not-run"
    assert "--jobs 1" in outcome.reason


def sleep(_: Any) -> None:
    time.sleep(60)


def spin(_: Any) -> None:
    while True:
        pass


def catch_once(_: Any) -> None:
    with suppress(CallTimeoutError):
        time.sleep(60)
    time.sleep(60)


@pytest.mark.parametrize("function", [sleep, spin, catch_once])
def test_a_stuck_call_is_interrupted_and_the_next_one_runs(function: Callable[[Any], Any]) -> None:
    def stuck_first(value: Any) -> Any:
        return function(value) if value == "stuck" else value

    begun = time.monotonic()
    given = calls("stuck", "fine", timeout=50)
    given[0] = replace(given[0], timeout=0.2)
    stuck, fine = drive(PythonDriver(lambda value, **_: stuck_first(value), jobs=1), given)
    assert (stuck.kind, fine.kind, fine.result) == ("stuck", "result", "fine")
    assert time.monotonic() - begun < 50


def test_ctrl_c_ends_the_run_and_not_one_case() -> None:
    def interrupted(_: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        outcomes_of(interrupted, "a", jobs=1)


def test_the_signal_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGUSR2)
    outcomes_of(str, "a", jobs=1)
    assert signal.getsignal(signal.SIGUSR2) is before


@contextmanager
def in_thread() -> Iterator[list[Outcome]]:
    found: list[Outcome] = []
    thread = threading.Thread(target=lambda: found.extend(outcomes_of(str, "a", jobs=1)))
    thread.start()
    thread.join()
    yield found


def test_a_run_that_is_not_in_the_main_thread_uses_threads() -> None:
    with in_thread() as found:
        assert [outcome.kind for outcome in found] == ["result"]
