"""A long-lived client process: calls in parallel, reports in any order, an orderly end."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from driver_calls import calls
from scripted_process import CLIENT, drive, driver, kinds, started
from waiting import until

from aleph_contract.core.outcome import ReportedError
from aleph_contract.drivers import Call, stdio
from aleph_contract.drivers.ndjson import run_line
from aleph_contract.drivers.worker import InFlight

pytestmark = pytest.mark.usefixtures("own_folder")


def test_a_client_gives_its_name_and_gets_the_arguments_of_a_call() -> None:
    with driver(window=3) as client:
        assert (client.client.name, client.client.version, client.client.language) == (
            "scripted",
            "1.2",
            "Python",
        )
        assert client.window == 3
        [(_, outcome)] = client.run(calls({"do": "answer", "prompt": "é\n"}, timeout=7.5))
    *arguments, line = outcome.result
    assert arguments == ["http://base", "account0", "token0", 7.5]
    assert json.loads(line)["input"] == {"do": "answer", "prompt": "é\n"}


def test_the_input_keeps_its_spelling_on_one_line() -> None:
    call = replace(calls(None)[0], text='{ "seed":\r\n1e0,\n"prompt":"\ud83d" }')
    line = run_line(call)
    assert line.count(b"\n") == 1
    assert b'"input": { "seed":  1e0, "prompt":"\\ud83d" }}\n' in line


def test_every_kind_of_report_is_read() -> None:
    outcomes = drive(calls("answer", "error", "skip", "nothing"))
    assert kinds(outcomes) == {"c0": "result", "c1": "error", "c2": "skipped", "c3": "result"}
    assert outcomes["c1"].error == ReportedError("no", "api", 400, 7003)
    assert outcomes["c2"].reason == "cannot"
    assert outcomes["c3"].result is None


def test_reports_come_in_any_order_and_the_window_stays_full() -> None:
    with driver(window=2) as client:
        order = [call.case for call, _ in client.run(calls("later", "a", "b", "later", "c"))]
    assert order == ["c1", "c0", "c2", "c4", "c3"]


def test_calls_are_read_only_as_the_window_has_room() -> None:
    drawn = 0

    def source() -> Iterator[Call]:
        nonlocal drawn
        for call in calls(*"abcdefgh"):
            drawn += 1
            yield call

    with driver(window=2, jobs=2) as client:
        assert client.window == 4
        for ended, _ in enumerate(client.run(source()), start=1):
            assert drawn - ended <= 4
    assert started() == 2


def test_one_process_serves_several_runs() -> None:
    with driver() as client:
        for _ in range(3):
            assert [o.kind for _, o in client.run(calls("a"))] == ["result"]
    assert started() == 1


def test_large_input_and_output_do_not_deadlock() -> None:
    outcomes = drive(calls(*["x" * 100_000] * 6), window=6)
    assert [json.loads(o.result[-1])["input"] for o in outcomes.values()] == ["x" * 100_000] * 6


def test_standard_error_is_kept_with_its_case() -> None:
    outcomes = drive(calls("mutter", "answer", "mutter"))
    assert [o.stderr for o in outcomes.values()] == ["about c0\n", "", "about c2\n"]


def test_time_spent_by_the_caller_does_not_count_against_the_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The report of `mutter` is in the pipe when its time ends; the caller is still busy."""
    over: list[float] = []
    monkeypatch.setattr(InFlight, "deadline", property(lambda _: over[0] if over else math.inf))
    waits = "    while do == 'mutter' and not os.path.exists('go'): time.sleep(0.01)\n    keys ="
    said = "    open(case, 'w').close()\n    for done in later"
    source = CLIENT.replace("    keys =", waits).replace("    for done in later", said)
    with driver(window=2, source=source) as client:
        ended = []
        for call, outcome in client.run(calls("answer", "mutter")):
            ended.append((call.case, outcome.kind))
            Path("go").touch()
            until(Path("c1").exists)
            over.append(time.monotonic())
    assert sorted(ended) == [("c0", "result"), ("c1", "result")]


def test_a_client_has_time_to_exit_after_bye(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio, "BYE_GRACE", 60.0)
    with driver(source=CLIENT + "time.sleep(0.2); open('left', 'w').close()\n"):
        pass
    assert Path("left").exists()


@pytest.mark.parametrize("ignores", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"])
def test_a_client_that_does_not_exit_is_killed(
    ignores: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stdio, "BYE_GRACE", 0.2)
    monkeypatch.setattr(stdio, "EXIT_GRACE", 0.2)
    client = driver(source=CLIENT + ignores + "while True: time.sleep(60)\n")
    with client:
        list(client.run(calls("a")))
    client.close()
