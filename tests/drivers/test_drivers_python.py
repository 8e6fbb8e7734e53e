"""A Python callable as client: its output is captured per case, and it cannot stop the run."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from driver_calls import calls, drive
from waiting import until

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.in_flight import OnEnd
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.threads import ThreadExecutor

TIMEOUT = 0.6


def run(function: Callable[..., Any] | str, given: list[Call], **options: Any) -> list[Outcome]:
    """Call `function` once per call; return the outcomes in the order of the calls."""
    return drive(PythonDriver(function, **options), given)


def one(function: Callable[..., Any], value: Any = None) -> Outcome:
    return run(function, calls(value))[0]


def echo(input: Any, *, base_url: str, account_id: str, api_token: str) -> Any:  # noqa: A002 - the documented name
    return f"{base_url}/{account_id}/{api_token}/{input}"


async def async_echo(input: Any, **rest: str) -> Any:  # noqa: A002
    await asyncio.sleep(0)
    return echo(input, **rest)


def wrapped_echo(input: Any, **rest: str) -> Any:  # noqa: A002
    return async_echo(input, **rest)


@pytest.mark.parametrize("function", [echo, async_echo, wrapped_echo])
def test_each_call_gets_its_own_arguments(function: Callable[..., Any]) -> None:
    outcomes = run(function, calls(*range(40)))
    assert [o.result for o in outcomes] == [
        f"http://base/account{i}/token{i}/{i}" for i in range(40)
    ]
    assert {o.kind for o in outcomes} == {"result"}


@pytest.mark.parametrize("value", [None, 42, "", {}, {"video": None}, [], b"x"])
def test_every_returned_value_is_a_result(value: Any) -> None:
    outcome = one(lambda _input, **_: value)
    assert outcome.kind == "result"
    assert outcome.error is None


def test_an_exception_is_an_error_and_its_traceback_is_kept() -> None:
    def refuse(_input: Any, **_: str) -> None:
        raise ValueError("seed is too big")

    outcome = one(refuse)
    assert (outcome.kind, outcome.error and outcome.error.message) == (
        "error",
        "ValueError: seed is too big",
    )
    assert "in refuse" in outcome.stderr
    assert "aleph_contract/drivers" not in outcome.stderr


def test_tracebacks_are_formatted_in_many_threads_at_once() -> None:
    def inner(_input: Any, **_: str) -> None:
        raise ValueError from KeyError("key")

    outcomes = run(inner, calls(*range(200)), jobs=8)
    assert all("KeyError: 'key'" in o.stderr and "in inner" in o.stderr for o in outcomes)
    assert not any("^^^" in o.stderr for o in outcomes)


def test_an_exception_whose_str_raises_is_an_error_too() -> None:
    class Unspeakable(ValueError):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError

    def client(_input: Any, **_: str) -> None:
        raise Unspeakable

    outcome = one(client)
    assert outcome.error is not None
    assert outcome.error.message == "Unspeakable: (str() of it raises an exception)"


def test_an_exit_is_a_crash() -> None:
    outcome = one(lambda _input, **_: sys.exit(3))
    assert (outcome.kind, outcome.reason) == ("crashed", "raised SystemExit: 3")


def test_system_exit_in_a_task_does_not_stop_other_calls() -> None:
    async def client(value: int, **_: str) -> str:
        if value == 1:
            asyncio.get_running_loop().create_task(_exit())
        await asyncio.sleep(0.02)
        return str(value)

    async def _exit() -> None:
        raise SystemExit

    assert [o.result for o in run(client, calls(0, 1, 2))] == ["0", "1", "2"]


def test_the_input_is_a_copy_of_plain_types() -> None:
    seen: list[Any] = []

    def spoil(value: dict[str, Any], **_: str) -> str:
        seen.append({type(item) for item in value.values()})
        value.clear()
        return "x"

    given = calls({"a": 1.5, "b": []})
    run(spoil, given)
    assert given[0].input == {"a": 1.5, "b": []}
    assert seen == [{float, list}]


def test_calls_are_read_only_as_the_window_has_room() -> None:
    drawn = 0

    def source() -> Iterator[Call]:
        nonlocal drawn
        for call in calls(*range(10)):
            drawn += 1
            yield call

    with PythonDriver(echo, jobs=2) as driver:
        assert driver.window == 2
        for ended, _ in enumerate(driver.run(source()), start=1):
            assert drawn - ended <= 2
    assert drawn == 10


@pytest.mark.parametrize("is_async", [False, True])
def test_the_window_is_filled(is_async: bool) -> None:
    gate = threading.Barrier(3)

    def together(_input: Any, **_: str) -> str:
        gate.wait(60)
        return "x"

    async def together_async(_input: Any, **_: str) -> str:
        return await asyncio.to_thread(together, _input)

    outcomes = run(together_async if is_async else together, calls(1, 2, 3), jobs=3)
    assert [o.kind for o in outcomes] == ["result"] * 3


def test_output_is_captured_per_case_and_does_not_reach_the_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def chatty(value: int, **_: str) -> str:
        sys.stdout.write(f"out {value}\n")
        await asyncio.sleep(0.01)
        sys.stderr.write(f"err {value}\n")
        return "x"

    def chatty_sync(value: int, **_: str) -> str:
        sys.stdout.write(f"out {value}\n")
        sys.stderr.writelines(["err ", f"{value}\n"])
        return "x"

    before = sys.stdout
    for client in (chatty, chatty_sync):
        for i, outcome in enumerate(run(client, calls(*range(8)))):
            assert (outcome.stdout, outcome.stderr) == (f"out {i}\n", f"err {i}\n")
    assert sys.stdout is before
    assert capsys.readouterr() == ("", "")


def test_a_stuck_thread_does_not_affect_other_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release = threading.Event(), threading.Event()
    launch = ThreadExecutor.launch

    def launch_and_be_late(self: ThreadExecutor, call: Call, on_end: OnEnd) -> float:
        deadline = launch(self, call, on_end)
        if call.input != "stuck":
            return deadline
        assert begun.wait(60)
        return time.monotonic()

    monkeypatch.setattr(ThreadExecutor, "launch", launch_and_be_late)

    def client(value: str, **_: str) -> str:
        sys.stdout.write("begun\n")
        if value == "stuck":
            begun.set()
            release.wait(20)
        return value

    given = calls("a", "stuck", "b", "c")
    a, stuck, b, c = run(client, given, jobs=2)
    release.set()
    assert (stuck.kind, stuck.stdout) == ("stuck", "begun\n")
    assert "20 s" in stuck.reason
    assert [o.result for o in (a, b, c)] == ["a", "b", "c"]


def test_a_thread_in_a_busy_loop_is_ended() -> None:
    def spin(_input: Any, **_: str) -> None:
        while True:
            pass

    before = threading.active_count()
    assert run(spin, calls(1, timeout=TIMEOUT))[0].kind == "stuck"
    until(lambda: threading.active_count() <= before)


def test_a_stuck_task_does_not_affect_other_cases_even_if_it_ignores_cancellation() -> None:
    async def client(value: str, **_: str) -> str:
        while value == "stuck":
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:  # noqa: PERF203 - it refuses on purpose
                value = "very stuck"
                await asyncio.sleep(0.1)
        return value

    given = calls("a", "stuck", "b")
    given[1] = replace(given[1], timeout=TIMEOUT)
    a, stuck, b = run(client, given)
    assert (a.result, stuck.kind, b.result) == ("a", "stuck", "b")


def test_calls_of_a_closed_iterator_are_not_reported_by_the_next_run() -> None:
    with PythonDriver(echo) as driver:
        next(iter(driver.run(calls(*range(10)))))
        assert [call.case for call, _ in driver.run(calls("again"))] == ["c0"]


def test_keyboard_interrupt_is_raised_and_stdout_restored() -> None:
    def interrupt() -> Iterator[Call]:
        yield from calls(1)
        raise KeyboardInterrupt

    before = sys.stdout
    with pytest.raises(KeyboardInterrupt), PythonDriver(echo) as driver:
        list(driver.run(interrupt()))
    assert sys.stdout is before


def test_an_object_with_an_async_call_is_a_client() -> None:
    class Client:
        async def __call__(self, value: Any, **_: str) -> Any:
            return value

    with PythonDriver(Client()) as driver:
        assert driver.window > 4
        assert driver.client.name.endswith("Client")
        assert [o.result for _, o in driver.run(calls("x"))] == ["x"]


def test_calls_to_this_machine_bypass_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "intranet")
    monkeypatch.delenv("no_proxy", raising=False)

    def client(_input: Any, **_: str) -> Any:
        bypassed = urllib.request.proxy_bypass_environment("127.0.0.1:8790")  # type: ignore[attr-defined]
        return [bool(bypassed), os.environ["no_proxy"]]

    assert one(client).result == [True, "intranet,127.0.0.1,localhost"]
    assert os.environ["NO_PROXY"] == "intranet"
    assert "no_proxy" not in os.environ


def test_a_stuck_call_does_not_block_a_traced_program() -> None:
    """A coverage tool traces the thread that gives the call up."""
    program = """
import socket, sys
from threading import Thread
from aleph_contract.drivers.threads import raise_system_exit
ends = socket.socketpair()
stuck = Thread(target=ends[0].recv, args=(1,), daemon=True)
stuck.start()
sys.settrace(lambda *_: None)
raise_system_exit(stuck)
print([number for number in range(3)])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.stdout, done.stderr) == ("[0, 1, 2]\n", "")
