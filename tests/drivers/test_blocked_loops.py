"""A call that blocks the event loop of an async client, and calls that wait for it."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from driver_calls import calls, drive
from waiting import until

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.event_loop import EventLoopExecutor, LoopThread, Probe
from aleph_contract.drivers.python import PythonDriver


def test_only_the_call_that_blocks_the_event_loop_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aleph_contract.drivers.event_loop.BLOCKED_AFTER", 0.1)
    monkeypatch.setattr("aleph_contract.drivers.in_flight.RECHECK_INTERVAL", 0.2)
    release = threading.Event()

    async def client(value: str, *, account_id: str, **_: str) -> str:
        if value == "blocks":
            release.wait(60)
        elif value != "c" and account_id != "new":
            await asyncio.sleep(60)  # until the loop is abandoned
        return value

    renewed = []

    def renew(call: Call) -> Call:
        renewed.append(call.input)
        return Call(call.case + "'", call.input, None, "http://base", "new", "new", call.timeout)

    a, _, b = calls("a", "-", "b", timeout=60)
    given = [a, calls("-", "blocks", timeout=0.3)[1], b]
    with PythonDriver(client) as driver:
        ended = {call.input: (call, outcome) for call, outcome in driver.run(given, renew)}
        release.set()
        again = dict(driver.run(calls("c")))
    assert ended["blocks"][1].kind == "stuck"
    assert "blocked the event loop" in ended["blocks"][1].reason
    assert [(ended[k][1].result, ended[k][0].account_id) for k in "ab"] == [
        ("a", "new"),
        ("b", "new"),
    ]
    assert sorted(renewed) == ["a", "b"]
    assert [o.result for o in again.values()] == ["c"]


def test_a_call_that_blocks_the_event_loop_within_its_timeout_is_not_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aleph_contract.drivers.event_loop.BLOCKED_AFTER", 0.1)
    monkeypatch.setattr("aleph_contract.drivers.in_flight.RECHECK_INTERVAL", 0.1)

    async def client(value: str, **_: str) -> str:
        if value == "blocks":
            time.sleep(1.0)  # noqa: ASYNC251 - that is the point
        else:
            await asyncio.sleep(20)
        return value

    waiting, blocking = calls("waits", "blocks", timeout=0.3)[0], calls("-", "blocks")[1]
    waits, blocks = drive(PythonDriver(client), [waiting, blocking])
    assert (waits.kind, blocks.kind) == ("stuck", "result")
    assert "did not return" in waits.reason


def test_a_loop_that_catches_up_after_a_blocking_call_is_not_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A late call is checked just after the blocking call returned, while no task runs."""
    monkeypatch.setattr("aleph_contract.drivers.event_loop.BLOCKED_AFTER", 0.1)
    monkeypatch.setattr("aleph_contract.drivers.in_flight.RECHECK_INTERVAL", 0.1)
    checks: list[Any] = []
    current_task = asyncio.current_task

    def between_two_tasks(loop: asyncio.AbstractEventLoop) -> Any:
        checks.append(task := current_task(loop))
        return None if len(checks) == 4 else task

    monkeypatch.setattr("aleph_contract.drivers.event_loop.asyncio.current_task", between_two_tasks)

    async def client(value: str, **_: str) -> str:
        if value == "blocks":
            until(lambda: len(checks) > 4)  # it blocks the loop
        else:
            await asyncio.sleep(20)
        return value

    waiting, blocking = calls("waits", "blocks", timeout=0.2)[0], calls("-", "blocks")[1]
    waits, blocks = drive(PythonDriver(client), [waiting, blocking])
    assert len(checks) > 4
    assert (waits.kind, blocks.kind) == ("stuck", "result")
    assert "did not return" in waits.reason


def test_a_loop_that_answers_late_after_a_pause_of_the_process_is_not_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A virtual machine stalls after the loop is asked; the thread that asks runs first again."""

    class AfterThePause(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
            return True

    def ask(thread: LoopThread) -> Probe:
        return Probe(asyncio.current_task(thread.loop), AfterThePause())

    monkeypatch.setattr(LoopThread, "ask", ask)

    async def waits(_: Call) -> Outcome:
        await asyncio.sleep(60)
        return Outcome("result")

    executor = EventLoopExecutor(waits, lambda _: Outcome("stuck"), lambda _: Outcome("stuck"))
    call = calls("late", timeout=60)[0]
    executor.launch(call, lambda _: None)
    try:
        while not executor._tasks or asyncio.current_task(executor._thread.loop):
            time.sleep(0.01)
        for _ in range(3):
            assert executor.give_up([call], [call]) == ({}, [])
    finally:
        executor.end()
