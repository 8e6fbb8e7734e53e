"""A long-lived client: fed in parallel, blamed exactly, and held to the line protocol."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapter_breaches import HELLO_BREACHES, ONE_OBJECT, REPORT_BREACHES, hello
from process_state import gone

from aleph_contract.core.exchange import Outcome, ReportedError
from aleph_contract.drivers import Call, stdio
from aleph_contract.drivers.ndjson import ProtocolError, read_hello, read_report, run_line
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.errors import CouldNotRun

# A client whose input says what it does. It answers calls in the order they came, on one thread;
# "later" is answered after the next, "pending" never, and "block" keeps it from everything else.
CLIENT = r"""
import json, os, select, signal, subprocess, sys, threading, time
def say(**message): print(json.dumps(message), flush=True)
def tell(text): print(text, file=sys.stderr, flush=True)
with open("pids", "a") as pids: print(os.getpid(), file=pids)
later = []
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        say(type="hello", protocol=1, max_in_flight=WINDOW,
            client={"name": "scripted", "version": "1.2", "language": "Python"})
        continue
    if message["type"] == "bye":
        break
    case, do = message["case"], message["input"]
    if isinstance(do, dict): do = do["do"]
    done = dict(type="result", case=case)
    if do == "later": later.append(done); continue
    if do == "pending": continue
    if do == "block": tell("blocking"); time.sleep(60)
    if do == "crash": tell("crashing"); os._exit(3)
    if do == "lonely" and select.select([0], [], [], 0.3)[0]: os._exit(4)
    if do == "exit": sys.exit(0)
    if do == "signal": os.kill(os.getpid(), signal.SIGSEGV)
    if do == "family":
        for argv in (["sleep", "70"], ["setsid", "sleep", "71"]):
            with open("pids", "a") as pids: print(subprocess.Popen(argv).pid, file=pids)
        time.sleep(60)
    if do == "slow": time.sleep(0.7)
    if do == "error":
        say(**done, error={"stage": "api", "status": 400, "code": 7003, "message": "no"})
        continue
    if do == "skip": say(type="skipped", case=case, reason="cannot"); continue
    if do == "nothing": say(**done); continue
    if do == "mutter": tell("about " + case)
    if do == "raw": print(message["input"]["line"].replace("CASE", case), flush=True); continue
    if do == "endless":
        while True: sys.stdout.write("x" * 4096)
    if do == "twice": say(**done, video="v")
    keys = "base_url", "account_id", "api_token", "timeout_seconds"
    say(**done, video=[message[key] for key in keys] + [str(line)])
    for done in later: say(**done, video="v")
    later.clear()
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every process that a test started is gone after it, however it went."""
    monkeypatch.chdir(tmp_path)
    yield
    pids = tmp_path / "pids"
    if pids.exists():
        assert gone(*map(int, pids.read_text().split()))


def started() -> int:
    return len(Path("pids").read_text().split())


def python(source: str) -> list[str]:
    Path("client.py").write_text(source)
    return [sys.executable, "-I", "-S", "client.py"]


def driver(*, window: int = 1, source: str = CLIENT, **options: Any) -> StdioDriver:
    return StdioDriver(python(source.replace("WINDOW", str(window))), **options)


def calls(*inputs: Any, timeout: float = 20.0) -> list[Call]:
    return [
        Call(f"c{i}", value, None, "http://base", f"account{i}", f"token{i}", timeout)
        for i, value in enumerate(inputs)
    ]


def renew(call: Call) -> Call:
    return replace(call, case=call.case + "+", account_id="renewed")


def drive(given: list[Call], **options: Any) -> dict[str, Outcome]:
    """Outcomes by case id; a renewed call has a `+` behind it."""
    with driver(**options) as client:
        return {call.case: outcome for call, outcome in client.run(given, renew)}


def kinds(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {case: outcome.kind for case, outcome in sorted(outcomes.items())}


# -- what goes well ---------------------------------------------------------------------------


def test_a_client_says_who_it_is_and_gets_what_it_needs() -> None:
    with driver(window=3) as client:
        assert (client.client.name, client.client.version, client.client.language) == (
            "scripted",
            "1.2",
            "Python",
        )
        assert client.window == 3
        [(_, outcome)] = client.run(calls({"do": "answer", "prompt": "é\n"}, timeout=7.5))
    *arguments, line = outcome.video
    assert arguments == ["http://base", "account0", "token0", 7.5]
    assert json.loads(line)["input"] == {"do": "answer", "prompt": "é\n"}


def test_the_input_keeps_its_spelling_on_one_line() -> None:
    call = replace(calls(None)[0], text='{ "seed":\r\n1e0,\n"prompt":"\ud83d" }')
    line = run_line(call)
    assert line.count(b"\n") == 1
    assert b'"input": { "seed":  1e0, "prompt":"\\ud83d" }}\n' in line


def test_every_kind_of_report_is_understood() -> None:
    outcomes = drive(calls("answer", "error", "skip", "nothing"))
    assert kinds(outcomes) == {"c0": "result", "c1": "error", "c2": "skipped", "c3": "result"}
    assert outcomes["c1"].error == ReportedError("no", "api", 400, 7003)
    assert outcomes["c2"].reason == "cannot"
    assert outcomes["c3"].video is None


def test_reports_come_in_any_order_and_the_window_stays_full() -> None:
    with driver(window=2) as client:
        order = [call.case for call, _ in client.run(calls("later", "a", "b", "later", "c"))]
    assert order == ["c1", "c0", "c2", "c4", "c3"]


def test_calls_are_drawn_as_there_is_room() -> None:
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


def test_a_client_serves_many_runs() -> None:
    with driver() as client:
        for _ in range(3):
            assert [o.kind for _, o in client.run(calls("a"))] == ["result"]
    assert started() == 1


def test_large_input_and_output_do_not_lock_each_other_out() -> None:
    outcomes = drive(calls(*["x" * 100_000] * 6), window=6)
    assert [json.loads(o.video[-1])["input"] for o in outcomes.values()] == ["x" * 100_000] * 6


def test_standard_error_goes_with_its_case() -> None:
    outcomes = drive(calls("mutter", "answer", "mutter"))
    assert [o.stderr for o in outcomes.values()] == ["about c0\n", "", "about c2\n"]


def test_time_that_the_caller_takes_is_not_the_clients() -> None:
    with driver(window=2) as client:
        ended = []
        for call, outcome in client.run(calls("answer", "slow", timeout=1.5)):
            ended.append((call.case, outcome.kind))
            time.sleep(1.6)
    assert sorted(ended) == [("c0", "result"), ("c1", "result")]


# -- stuck and crashed ------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["pending", "block", "family"])
def test_a_stuck_case_is_killed_with_its_children_and_counts_alone(what: str) -> None:
    outcomes = drive(
        [*calls("a", timeout=20), *calls("-", what, timeout=0.5)[1:], *calls(*"--b")[2:]]
    )
    assert kinds(outcomes) == {"c0": "result", "c1": "stuck", "c2": "result"}
    assert outcomes["c1"].reason == "no report within 0.5 s; killed"
    if what == "block":
        assert outcomes["c1"].stderr == "blocking\n"
    assert started() == (4 if what == "family" else 2)


def test_beside_a_pending_case_others_go_on_undisturbed() -> None:
    given = [*calls("pending", timeout=0.5), *calls(*"-abc")[1:]]
    outcomes = drive(given, window=2)
    assert kinds(outcomes) == {"c0": "stuck", "c1": "result", "c2": "result", "c3": "result"}


def test_a_process_with_a_late_case_gets_no_more_calls() -> None:
    given = [*calls("pending", timeout=0.5), *calls("-", "slow", "slow", "a", "b")[1:]]
    assert list(drive(given, window=3)) == ["c1", "c2", "c0", "c3", "c4"]


def test_the_window_holds_while_suspects_are_examined() -> None:
    drawn: list[str] = []

    def source() -> Iterator[Call]:
        for call in calls(*["pending"] * 2, *"abcd", timeout=0.5):
            drawn.append(call.case)
            yield call

    with driver(window=2) as client:
        for ended, _ in enumerate(client.run(source(), renew), start=1):
            assert len(drawn) - ended <= 2
    assert len(drawn) == 6


def test_of_several_that_wait_only_the_culprit_is_stuck() -> None:
    outcomes = drive(calls("a", "block", "b", "c", timeout=0.6), window=4)
    assert kinds(outcomes) == {"c0": "result", "c1+": "stuck", "c2+": "result", "c3+": "result"}


def test_all_that_are_stuck_are_found_in_twice_the_time() -> None:
    began = time.monotonic()
    outcomes = drive(calls(*["pending"] * 4, timeout=0.8), window=4)
    assert kinds(outcomes) == dict.fromkeys(("c0+", "c1+", "c2+", "c3+"), "stuck")
    assert time.monotonic() - began < 4 * 0.8


def test_a_report_after_the_deadline_is_too_late() -> None:
    given = [*calls("slow", timeout=0.3), *calls("-", "pending", timeout=1.4)[1:]]
    outcomes = drive(given, window=2)
    assert kinds(outcomes) == {"c0": "stuck", "c1": "stuck"}
    assert outcomes["c0"].reason == "reported only after its 0.3 s"


@pytest.mark.parametrize(
    ("what", "how"), [("crash", "ended with exit code 3"), ("signal", "was ended by SIGSEGV")]
)
def test_a_crash_counts_against_its_case_alone(what: str, how: str) -> None:
    outcomes = drive(calls("a", what, "b", what))
    assert kinds(outcomes) == {"c0": "result", "c1": "crashed", "c2": "result", "c3": "crashed"}
    assert outcomes["c1"].reason == how
    assert outcomes["c1"].stderr == ("crashing\n" if what == "crash" else "")
    assert started() in (3, 4)


def test_of_several_in_flight_only_the_culprit_crashed() -> None:
    outcomes = drive(calls("later", "pending", "crash", "a", timeout=0.6), window=3)
    assert kinds(outcomes) == {
        "c0+": "stuck",  # alone, nobody comes after it
        "c1+": "stuck",
        "c2+": "crashed",
        "c3": "result",
    }


def test_a_crash_under_concurrency_alone_is_no_pass() -> None:
    # Unbuffered, so that `select` sees whether another call waits.
    source = CLIENT.replace("in sys.stdin:", "in iter(sys.stdin.buffer.raw.readline, b''):")
    outcomes = drive(calls("lonely", "answer"), window=2, source=source)
    assert kinds(outcomes) == {"c0+": "crashed", "c1+": "result"}
    assert outcomes["c0+"].reason == (
        "ended with exit code 4 with 2 cases in flight, though each alone went well"
    )


def test_an_interrupt_passes_through_and_nothing_is_left() -> None:
    def source() -> Iterator[Call]:
        yield from calls("pending", "family")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), driver(window=3) as client:
        list(client.run(source()))
    assert started() >= 1


def test_leaving_early_kills_what_is_in_flight() -> None:
    with driver(window=2) as client:
        iteration = client.run(calls("pending", "a"))
        assert next(iteration)[0].case == "c1"
        iteration.close()  # type: ignore[attr-defined]
        assert [call.case for call, _ in client.run(calls("again"))] == ["c0"]
    assert started() == 2


# -- the end ----------------------------------------------------------------------------------


def test_a_client_may_take_a_moment_to_leave() -> None:
    with driver(source=CLIENT + "time.sleep(0.2); open('left', 'w').close()\n"):
        pass
    assert Path("left").exists()


@pytest.mark.parametrize("ignores", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"])
def test_a_client_that_stays_is_ended(ignores: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio, "GOODBYE", 0.2)
    monkeypatch.setattr(stdio, "GRACE", 0.2)
    client = driver(source=CLIENT + ignores + "while True: time.sleep(60)\n")
    with client:
        list(client.run(calls("a")))
    client.close()


def test_a_word_after_the_goodbye_is_a_breach() -> None:
    client = driver(source=CLIENT + "print('see you')\n")
    with (
        pytest.raises(CouldNotRun, match=r"one JSON object a line.*; the client wrote: see you"),
        client,
    ):
        list(client.run(calls("a")))


# -- breaches: docs/adapter-protocol.md quotes these lines --------------------------------------


@pytest.mark.parametrize(("line", "expected"), HELLO_BREACHES.items())
def test_a_wrong_hello(line: str, expected: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_hello(line.encode())
    assert str(caught.value) == expected


def test_a_generous_offer_is_taken_within_reason() -> None:
    assert read_hello(hello(max_in_flight=10**6).encode()).max_in_flight == 64


@pytest.mark.parametrize(("line", "expected"), REPORT_BREACHES.items())
def test_a_wrong_report(line: str, expected: str) -> None:
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
        ('{"type":"result","case":"c","video":"v","error":null}', Outcome("result", video="v")),
        ('{"type":"result","case":"c"}', Outcome("result")),
        ('{"type":"result","case":"c","video":42,"more":1}', Outcome("result", video=42)),
        (
            '{"type":"result","case":"c","error":{"message":"cut \\ud83d","x":1}}',
            Outcome("error", error=ReportedError("cut ?")),
        ),
    ],
)
def test_an_unusual_report_that_is_none_the_less_one(line: str, outcome: Outcome) -> None:
    assert read_report(line.encode()) == ("c", outcome)


def raw(line: str) -> dict[str, str]:
    return {"do": "raw", "line": line}


RUN_BREACHES = [
    ([raw("debug: 1")], ONE_OBJECT + "; the client wrote: debug: 1"),
    (
        [raw('{"type":"result","case":"other"}')],
        "a report names a case in flight; the client wrote: {",
    ),
    (["twice", "a"], "a case is reported once; the client wrote: {"),
    (["endless"], "a line ends within 1048576 bytes; the client wrote: xxxx"),
    (
        ["exit"],
        'the client ended with exit code 0 though nobody said {"type":"bye"}; cases in flight: 1',
    ),
]


@pytest.mark.parametrize("window", [1, 2])
@pytest.mark.parametrize(("inputs", "expected"), RUN_BREACHES)
def test_a_breach_ends_the_run_in_one_line(inputs: list[Any], expected: str, window: int) -> None:
    with pytest.raises(CouldNotRun) as caught:
        drive(calls(*inputs), window=window)
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_what_was_reported_before_a_breach_is_not_lost() -> None:
    ended: list[str] = []
    with pytest.raises(CouldNotRun, match="reported once"), driver() as client:
        ended.extend(call.case for call, _ in client.run(calls("twice")))
    assert ended == ["c0"]


def test_a_breach_does_not_show_the_token() -> None:
    given = calls("a", raw("token0 token1"))
    with pytest.raises(CouldNotRun, match="the client wrote: <token> <token>"):
        drive(given)


def test_going_away_between_cases_is_a_breach() -> None:
    with driver(source=CLIENT + "\n") as client:
        list(client.run(calls("a")))
        pid = int(Path("pids").read_text())
        os.kill(pid, signal.SIGKILL)
        assert gone(pid)
        with pytest.raises(CouldNotRun, match="was ended by SIGKILL though nobody said"):
            list(client.run(calls("b")))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "import no_such_module",
            "ended with exit code 1 before it said hello (its standard error",
        ),
        ("pass", "ended with exit code 0 before it said hello"),
        ("print('ready')\nwhile True: pass", ONE_OBJECT + "; the client wrote: ready"),
        ("print('ready', end='')", ONE_OBJECT + "; the client wrote: ready"),
        (
            "import time, os; os.write(2, b'hm'); time.sleep(60)",
            'no hello within 0.5 s; it answers the line {"type":"hello","protocol":1}',
        ),
        ("import os, time; os.close(1); time.sleep(60)", "closed its standard output before"),
    ],
)
def test_a_client_that_does_not_start(
    source: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aleph_contract.drivers.worker.GRACE", 0.2)
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


def test_a_client_that_does_not_start_again_could_not_run() -> None:
    source = "import os\nif os.path.exists('pids'): raise SystemExit('only once')\n" + CLIENT
    with pytest.raises(CouldNotRun, match=r"before it said hello \(its standard error ends: only"):
        drive(calls("crash", "a"), source=source)
