"""The threads of calls: a free one takes the next call, an abandoned one takes no other."""

from __future__ import annotations

import _thread
import threading
from contextvars import ContextVar
from typing import Any

import pytest
from driver_calls import calls, drive
from waiting import until

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call, unchanged
from aleph_contract.drivers.in_flight import run_windowed
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.threads import ThreadExecutor

TIMEOUT = 0.3


def test_one_thread_makes_calls_that_follow_each_other() -> None:
    threads = []

    def client(_input: Any, **_: str) -> None:
        threads.append(threading.current_thread())

    driver = PythonDriver(client)
    driver.window = 1
    drive(driver, calls(*range(20)))
    assert len({thread.ident for thread in threads}) == 1


def test_context_variables_of_a_call_do_not_reach_the_next_one() -> None:
    seen = ContextVar("seen", default=0)

    def client(_input: Any, **_: str) -> int:
        seen.set(seen.get() + 1)
        return seen.get()

    assert {o.result for o in drive(PythonDriver(client), calls(*range(20)))} == {1}


def test_an_abandoned_thread_takes_no_other_call() -> None:
    release, idents = threading.Event(), {}

    def client(value: str, **_: str) -> None:
        idents[value] = threading.get_ident()
        if value == "stuck":
            release.wait(60)
        elif value == "b":
            release.set()

    driver = PythonDriver(client)
    driver.window = 1
    outcomes = drive(driver, [*calls("a"), *calls("stuck", timeout=TIMEOUT), *calls("b", "c")])
    assert [o.kind for o in outcomes] == ["result", "stuck", "result", "result"]
    assert idents["a"] == idents["stuck"]
    assert idents["b"] == idents["c"]
    assert idents["b"] != idents["stuck"]


def test_all_threads_end_with_the_driver() -> None:
    release, threads = threading.Event(), set()

    def client(value: str, **_: str) -> None:
        threads.add(threading.current_thread())
        if value == "stuck":
            release.wait(60)

    given = [*calls("stuck", timeout=TIMEOUT), *calls(*"abcdefgh")]
    drive(PythonDriver(client), given)
    release.set()
    until(lambda: not any(thread.is_alive() for thread in threads))


def test_a_thread_ends_after_its_call_if_the_run_ends_before() -> None:
    begun, release, threads = threading.Event(), threading.Event(), []

    def work(_call: Call) -> Outcome:
        threads.append(threading.current_thread())
        begun.set()
        release.wait(60)
        return Outcome("result")

    executor = ThreadExecutor(work)
    (call,) = calls("a")
    executor.launch(call, lambda _: None)
    assert begun.wait(60)
    executor.end()
    release.set()
    until(lambda: not threads[0].is_alive())


def test_an_interrupt_just_before_a_wait_ends_the_run() -> None:
    release, ended = threading.Event(), []

    def work(call: Call) -> Outcome:
        _thread.interrupt_main()  # as such a signal, it does not wake the main thread
        release.wait(20)
        ended.append(call)
        return Outcome("result")

    executor = ThreadExecutor(work)
    with pytest.raises(KeyboardInterrupt):
        list(run_windowed(executor, calls("a"), 1, unchanged))
    assert not ended
    release.set()
    executor.end()
