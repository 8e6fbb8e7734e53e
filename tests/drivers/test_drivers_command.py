"""One command per case: its exit code decides, its output is kept, its processes are ended."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from driver_calls import calls, drive
from process_state import gone
from waiting import until

from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.drivers import Call, command
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.errors import CouldNotRun


def run(script: str, given: list[Call], **options: Any) -> list[Outcome]:
    """Run a shell script once per call; return the outcomes in the order of the calls."""
    return drive(CommandDriver(["sh", "-c", script, "client"], **options), given)


def one(script: str, value: Any = None, **options: Any) -> Outcome:
    return run(script, calls(value, **options))[0]


def test_a_command_gets_the_environment_and_the_input() -> None:
    env = ("CLOUDFLARE_BASE_URL", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN")
    script = "".join(f'printf "%s " "${name}"; ' for name in env) + "cat"
    outcomes = run(script, calls({"seed": 0}, {"prompt": "é\n"}), jobs=2)
    assert [o.result for o in outcomes] == [
        'http://base account0 token0 {"seed":0}',
        'http://base account1 token1 {"prompt":"é\\n"}',
    ]


def test_the_input_keeps_its_spelling() -> None:
    assert one("cat >&2", text='{ "seed" : 1e0 }').stderr == '{ "seed" : 1e0 }'


def test_a_command_that_does_not_read_its_input_is_not_delayed() -> None:
    assert one("echo http://x/", "x" * 500_000).result == "http://x/"


@pytest.mark.parametrize(
    ("script", "kind", "expected"),
    [
        ("echo http://x/a.mp4", "result", "http://x/a.mp4"),
        (
            """echo '{"result":{"video":"http://x/a.mp4"}}'""",
            "result",
            {"result": {"video": "http://x/a.mp4"}},
        ),
        ("true", "result", ""),
        ("echo null", "result", None),
        ("""echo '{"error":{"message":"no"}}'""", "result", {"error": {"message": "no"}}),
        ("echo no >&2; exit 1", "error", ReportedError("no")),
        (
            """echo '{"error":{"stage":"api","status":400,"code":7003,"message":"no"}}'; exit 2""",
            "error",
            ReportedError("no", "api", 400, 7003),
        ),
        ("exit 9", "error", ReportedError("")),
        ("kill -SEGV $$", "crashed", "was ended by SIGSEGV"),
    ],
)
def test_the_exit_code_decides(script: str, kind: str, expected: Any) -> None:
    outcome = one(script)
    assert outcome.kind == kind
    assert (
        expected
        == {"result": outcome.result, "error": outcome.error, "crashed": outcome.reason}[kind]
    )


def test_long_output_is_truncated() -> None:
    outcome = one("head -c 3000000 /dev/zero | tr '\\0' x >&2; echo http://x/")
    assert outcome.result == "http://x/"
    assert "bytes left out" in outcome.stderr
    assert len(outcome.stderr) < 1_100_000


@pytest.mark.parametrize(("code", "words"), [(126, "is not executable"), (127, "was not found")])
def test_a_program_missing_inside_the_command_is_could_not_run(code: int, words: str) -> None:
    with pytest.raises(CouldNotRun, match=f"{words}: sh: token <token>") as caught:
        one(f'echo "sh: token $CLOUDFLARE_API_TOKEN" >&2; exit {code}')
    assert "token0" not in str(caught.value)


def test_a_stuck_command_is_killed_with_its_children_and_others_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids, read = tmp_path / "pids", command._read_until_exit

    def read_once_it_is_stuck(process: Any, buffers: Any, timeout: float) -> int | None:
        if timeout < 1:
            until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
        return read(process, buffers, timeout)

    monkeypatch.setattr(command, "_read_until_exit", read_once_it_is_stuck)
    script = f"""
        case $(cat) in 1)
            echo begun; echo moaning >&2
            sleep 60 & echo $! >> {pids}
            setsid sh -c 'echo $$ >> {pids}; exec sleep 61' &
            echo $$ >> {pids}; sleep 62;;
        esac; echo http://x/"""
    given = calls(0, 1, 2)
    given[1] = replace(given[1], timeout=0.3)
    a, stuck, b = run(script, given, jobs=3)
    assert (stuck.kind, stuck.stdout, stuck.stderr) == ("stuck", "begun\n", "moaning\n")
    assert "killed with its children" in stuck.reason
    assert (a.kind, b.kind) == ("result", "result")
    assert gone(*map(int, pids.read_text().split()))


def test_background_children_do_not_delay_the_report_and_are_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"""
        sleep 63 & echo $! >> {pids}
        setsid sh -c 'echo $$ >> {pids}; exec sleep 64' & echo http://x/"""
    began = time.monotonic()
    assert one(script).result == "http://x/"
    assert time.monotonic() - began < 40
    assert gone(*map(int, pids.read_text().split()))


def test_a_command_may_close_its_output_before_it_ends() -> None:
    assert one("echo http://x/; exec >&- 2>&-; sleep 0.1").kind == "result"
    assert one("exec >&- 2>&-; sleep 65", timeout=0.3).kind == "stuck"


@pytest.mark.parametrize("timeout", [20.0, 0.2])
def test_output_that_is_written_while_the_driver_is_paused_is_read(
    timeout: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command writes and exits just after a wait for output, or until its time is over."""
    selected: list[bool] = []

    class Paused(selectors.DefaultSelector):
        def select(self, seconds: float | None = None) -> Any:
            if selected:
                return super().select(seconds)
            selected.append(True)
            (tmp_path / "go").touch()
            (pid,) = (call.pid for call in driver._running)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            if timeout < 1:
                time.sleep(timeout)
            return []

    monkeypatch.setattr("aleph_contract.drivers.command.selectors.DefaultSelector", Paused)
    script = f"while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; echo http://x/; echo word >&2"
    driver = CommandDriver(["sh", "-c", script])
    [outcome] = drive(driver, calls(None, timeout=timeout))
    assert (outcome.kind, outcome.result, outcome.stderr) == ("result", "http://x/", "word\n")


def test_jobs_run_in_parallel(tmp_path: Path) -> None:
    script = f"cd {tmp_path}; mkdir $(cat); while [ $(ls | wc -l) -lt 3 ]; do sleep 0.01; done"
    assert [o.kind for o in run(script, calls(1, 2, 3), jobs=3)] == ["result"] * 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, None])
def test_closing_the_iterator_early_kills_the_calls_in_flight(
    tmp_path: Path, error: type[BaseException] | None
) -> None:
    pids = tmp_path / "pids"

    def source() -> Iterator[Call]:
        yield from calls("stay", "go")
        until(lambda: pids.exists() and pids.read_text())
        if error:
            raise error

    script = f'[ "$(cat)" = \'"go"\' ] || {{ echo $$ >> {pids}; sleep 66; }}'
    driver = CommandDriver(["sh", "-c", script], jobs=3)
    with driver:
        if error:
            with pytest.raises(error):
                list(driver.run(source()))
        else:
            next(driver.run(source()))
    assert gone(int(pids.read_text()))


def test_a_missing_program_is_could_not_run() -> None:
    with pytest.raises(CouldNotRun, match="was not found"), CommandDriver(["./no-such-client"]):
        pass


def test_the_client_is_named_after_its_command() -> None:
    assert (
        CommandDriver(["/usr/bin/sh", "some/where/client.sh", "-x"]).client.name == "sh client.sh"
    )
