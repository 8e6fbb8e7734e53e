"""A command per case: its exit code decides, its output is the evidence, nothing is left of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from process_state import gone

from aleph_contract.core.exchange import Outcome, ReportedError
from aleph_contract.drivers import Call
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.errors import CouldNotRun


def calls(*inputs: Any, timeout: float = 20.0, text: str | None = None) -> list[Call]:
    return [
        Call(f"c{i}", value, text, "http://base", f"account{i}", f"token{i}", timeout)
        for i, value in enumerate(inputs)
    ]


def drive(script: str, given: list[Call], **options: Any) -> list[Outcome]:
    with CommandDriver(["sh", "-c", script, "client"], **options) as driver:
        ended = dict(driver.run(given))
    return [ended[call] for call in given]


def one(script: str, value: Any = None, **options: Any) -> Outcome:
    return drive(script, calls(value, **options))[0]


def test_a_command_gets_the_environment_and_the_input() -> None:
    env = ("CLOUDFLARE_BASE_URL", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN")
    script = "".join(f'printf "%s " "${name}"; ' for name in env) + "cat"
    outcomes = drive(script, calls({"seed": 0}, {"prompt": "é\n"}), jobs=2)
    assert [o.video for o in outcomes] == [
        'http://base account0 token0 {"seed":0}',
        'http://base account1 token1 {"prompt":"é\\n"}',
    ]


def test_the_input_keeps_its_spelling() -> None:
    assert one("cat >&2", text='{ "seed" : 1e0 }').stderr == '{ "seed" : 1e0 }'


def test_input_that_nobody_reads_holds_nothing_up() -> None:
    assert one("echo http://x/", "x" * 500_000).video == "http://x/"


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        ("echo http://x/a.mp4", "result", "http://x/a.mp4"),
        ("""echo '{"result":{"video":"http://x/a.mp4"}}'""", "result", "http://x/a.mp4"),
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
def test_the_exit_code_decides(script: str, kind: str, said: Any) -> None:
    outcome = one(script)
    assert outcome.kind == kind
    assert (
        said == {"result": outcome.video, "error": outcome.error, "crashed": outcome.reason}[kind]
    )


def test_output_of_every_kind_is_kept_in_bounds() -> None:
    outcome = one("head -c 3000000 /dev/zero | tr '\\0' x >&2; echo http://x/")
    assert outcome.video == "http://x/"
    assert "bytes left out" in outcome.stderr
    assert len(outcome.stderr) < 1_100_000


@pytest.mark.parametrize(("code", "words"), [(126, "is not executable"), (127, "was not found")])
def test_a_program_that_is_missing_inside_the_command_says_nothing_about_it(
    code: int, words: str
) -> None:
    with pytest.raises(CouldNotRun, match=f"{words}: sh: token <token>") as caught:
        one(f'echo "sh: token $CLOUDFLARE_API_TOKEN" >&2; exit {code}')
    assert "token0" not in str(caught.value)


def test_a_stuck_command_is_killed_with_all_it_started_and_counts_alone(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"""
        case $(cat) in 1)
            echo begun; echo moaning >&2
            sleep 60 & echo $! >> {pids}
            setsid sh -c 'echo $$ >> {pids}; exec sleep 61' &
            echo $$ >> {pids}; sleep 62;;
        esac; echo http://x/"""
    a, stuck, b = drive(script, calls(0, 1, 2, timeout=1.0), jobs=3)
    assert (stuck.kind, stuck.stdout, stuck.stderr) == ("stuck", "begun\n", "moaning\n")
    assert "killed with its children" in stuck.reason
    assert (a.kind, b.kind) == ("result", "result")
    assert len(pids.read_text().split()) == 3
    assert gone(*map(int, pids.read_text().split()))


def test_what_a_command_leaves_behind_neither_delays_its_report_nor_stays(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"""
        sleep 63 & echo $! >> {pids}
        setsid sh -c 'echo $$ >> {pids}; exec sleep 64' & echo http://x/"""
    began = time.monotonic()
    assert one(script).video == "http://x/"
    assert time.monotonic() - began < 10
    assert gone(*map(int, pids.read_text().split()))


def test_a_command_may_close_its_output_before_it_ends() -> None:
    assert one("echo http://x/; exec >&- 2>&-; sleep 0.1").kind == "result"
    assert one("exec >&- 2>&-; sleep 65", timeout=0.3).kind == "stuck"


def test_jobs_run_together(tmp_path: Path) -> None:
    script = f"cd {tmp_path}; mkdir $(cat); while [ $(ls | wc -l) -lt 3 ]; do sleep 0.01; done"
    assert [o.kind for o in drive(script, calls(1, 2, 3), jobs=3)] == ["result"] * 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, None])
def test_leaving_early_kills_what_is_in_flight(
    tmp_path: Path, error: type[BaseException] | None
) -> None:
    pids = tmp_path / "pids"

    def source() -> Iterator[Call]:
        yield from calls("stay", "go")
        until = time.monotonic() + 10
        while not pids.exists() and time.monotonic() < until:
            time.sleep(0.01)
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


def test_a_client_that_is_not_there_could_not_run() -> None:
    with pytest.raises(CouldNotRun, match="was not found"), CommandDriver(["./no-such-client"]):
        pass


def test_the_client_is_known_by_its_command() -> None:
    assert (
        CommandDriver(["/usr/bin/sh", "some/where/client.sh", "-x"]).client.name == "sh client.sh"
    )
