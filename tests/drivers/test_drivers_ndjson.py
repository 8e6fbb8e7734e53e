"""Messages that break the line protocol; docs/adapter-protocol.md quotes their error messages."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from driver_calls import calls
from process_state import gone
from protocol_errors import INVALID_HELLOS, INVALID_REPORTS, ONE_OBJECT, hello
from scripted_process import CLIENT, drive, driver

from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.drivers.ndjson import ProtocolError, read_hello, read_report
from aleph_contract.errors import CouldNotRun

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.mark.parametrize(("line", "expected"), INVALID_HELLOS.items())
def test_an_invalid_hello(line: str, expected: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_hello(line.encode())
    assert str(caught.value) == expected


def test_max_in_flight_has_an_upper_bound() -> None:
    assert read_hello(hello(max_in_flight=10**6).encode()).max_in_flight == 64


@pytest.mark.parametrize(("line", "expected"), INVALID_REPORTS.items())
def test_an_invalid_report(line: str, expected: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_report(line.encode())
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (
            '{"type":"result","case":"c","video":null,"error":{}}',
            Outcome("error", error=ReportedError("")),
        ),
        ('{"type":"result","case":"c","video":"v","error":null}', Outcome("result", result="v")),
        ('{"type":"result","case":"c"}', Outcome("result")),
        ('{"type":"result","case":"c","video":42,"more":1}', Outcome("result", result=42)),
        (
            '{"type":"result","case":"c","result":{"video":"v"}}',
            Outcome("result", result={"video": "v"}),
        ),
        ('{"type":"result","case":"c","result":[1]}', Outcome("result", result=[1])),
        (
            '{"type":"result","case":"c","error":{"message":"cut \\ud83d","x":1}}',
            Outcome("error", error=ReportedError("cut ?")),
        ),
    ],
)
def test_an_unusual_but_valid_report(line: str, outcome: Outcome) -> None:
    assert read_report(line.encode()) == ("c", outcome)


def raw(line: str) -> dict[str, str]:
    return {"do": "raw", "line": line}


INVALID_OUTPUT = [
    ([raw("debug: 1")], ONE_OBJECT + "; the client wrote: debug: 1"),
    (
        [raw('{"type":"result","case":"other"}')],
        "a report must name a case in flight; the client wrote: {",
    ),
    (["twice", "a"], "each case must be reported once; the client wrote: {"),
    (["endless"], "a line must end within 1048576 bytes; the client wrote: xxxx"),
    (
        ["exit"],
        'the client ended with exit code 0 before it was sent {"type":"bye"}; cases in flight: 1',
    ),
]


@pytest.mark.parametrize("window", [1, 2])
@pytest.mark.parametrize(("inputs", "expected"), INVALID_OUTPUT)
def test_a_protocol_error_ends_the_run_with_a_message_of_one_line(
    inputs: list[Any], expected: str, window: int
) -> None:
    with pytest.raises(CouldNotRun) as caught:
        drive(calls(*inputs), window=window)
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_reports_before_a_protocol_error_are_yielded() -> None:
    ended: list[str] = []
    with pytest.raises(CouldNotRun, match="reported once"), driver() as client:
        ended.extend(call.case for call, _ in client.run(calls("twice")))
    assert ended == ["c0"]


def test_a_protocol_error_does_not_show_the_token() -> None:
    given = calls("a", raw("token0 token1"))
    with pytest.raises(CouldNotRun, match="the client wrote: <token> <token>"):
        drive(given)


def test_a_process_that_exits_between_cases_breaks_the_protocol() -> None:
    with driver(source=CLIENT + "\n") as client:
        list(client.run(calls("a")))
        pid = int(Path("pids").read_text())
        os.kill(pid, signal.SIGKILL)
        assert gone(pid)
        with pytest.raises(CouldNotRun, match="was ended by SIGKILL before it was sent"):
            list(client.run(calls("b")))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "import no_such_module",
            "ended with exit code 1 before it sent its hello (its standard error says",
        ),
        (
            "import sys; sys.exit('Error: no ws\\n    at onerror (a.js:1)\\n\\nNode.js v20')",
            "(its standard error says: Error: no ws)",
        ),
        ("pass", "ended with exit code 0 before it sent its hello"),
        ("print('ready')\nwhile True: pass", ONE_OBJECT + "; the client wrote: ready"),
        ("print('ready', end='')", ONE_OBJECT + "; the client wrote: ready"),
        (
            "import time, os; os.write(2, b'hm'); time.sleep(60)",
            'no hello within 0.5 s; it must answer the line {"type":"hello","protocol":1}',
        ),
        ("import os, time; os.close(1); time.sleep(60)", "closed its standard output before"),
    ],
)
def test_a_client_that_does_not_start(
    source: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aleph_contract.drivers.worker.EXIT_GRACE", 0.2)
    if "ready'" in source:
        source = source.replace(")", ", flush=True)", 1)
    record = "with open('pids', 'a') as pids: print(__import__('os').getpid(), file=pids)\n"
    timeout = 0.5 if "hello within" in expected else 30.0
    with (
        pytest.raises(CouldNotRun) as caught,
        driver(source=record + source, hello_timeout=timeout),
    ):
        pass
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_client_that_does_not_start_again_is_could_not_run() -> None:
    source = "import os\nif os.path.exists('pids'): raise SystemExit('only once')\n" + CLIENT
    with pytest.raises(
        CouldNotRun, match=r"before it sent its hello \(its standard error says: only"
    ):
        drive(calls("crash", "a"), source=source)


def test_output_after_bye_breaks_the_protocol() -> None:
    client = driver(source=CLIENT + "print('see you')\n")
    with (
        pytest.raises(CouldNotRun, match=r"one JSON object per line.*; the client wrote: see you"),
        client,
    ):
        list(client.run(calls("a")))
