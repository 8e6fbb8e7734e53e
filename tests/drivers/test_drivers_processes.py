"""A client's processes end with every process they started, and their output is bounded."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from process_state import alive, gone
from waiting import PATIENCE

from aleph_contract.drivers import processes
from aleph_contract.drivers.processes import BoundedBuffer
from aleph_contract.errors import ArgumentError, CouldNotRun

LINUX = sys.platform.startswith("linux")


@pytest.fixture
def marked() -> Iterator[str]:
    mark = processes.new_mark()
    yield mark
    processes.end_marked(mark)


FAMILY = {
    "child": "sleep 50 & echo $! $$; wait",
    "grandchild": "(sleep 51; true) & echo $! $$; wait",
    "in its own session": "setsid sh -c 'echo $$; exec sleep 52' & echo $$; wait",
    "detached": "(setsid sh -c 'echo $$; exec sleep 53' &) ; echo $$; sleep 54",
}


@pytest.mark.parametrize("script", FAMILY.values(), ids=FAMILY)
def test_a_process_ends_with_its_children_even_detached_ones(script: str, marked: str) -> None:
    env = processes.environment(marked)
    process = processes.start(["sh", "-c", script], env, subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stderr is not None
    printed = b""
    while len(printed.split()) < 2:
        printed += os.read(process.stdout.fileno(), 100)
    pids = [int(pid) for pid in printed.split()]
    assert all(map(alive, pids))
    processes.end(process, marked)
    process.stdout.close()
    process.stderr.close()
    assert gone(*pids)


def test_a_process_has_its_own_session(marked: str) -> None:
    process = processes.start(["cat"], processes.environment(marked), subprocess.PIPE)
    streams = processes.pipes(process)
    assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid
    processes.end(process)
    for stream in streams:
        stream.close()


def test_descendants_are_found_with_and_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sh", "-c", "sh -c 'sleep 55; true' & echo; wait"], stdout=-1) as top:
        assert top.stdout is not None
        top.stdout.readline()
        until = time.monotonic() + PATIENCE
        while len(found := processes.descendants(top.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        monkeypatch.setattr(processes, "_proc", list)  # as on macOS
        assert sorted(processes.descendants(top.pid)) == sorted(found)
        assert len(found) == 2
        for pid in (*found, top.pid):
            os.kill(pid, 9)


def test_a_mark_does_not_match_a_longer_number() -> None:
    mark = processes.new_mark()
    with subprocess.Popen(["sleep", "56"], env={processes.MARK_VARIABLE: f"{mark}12."}) as process:
        processes.end_marked(f"{mark}1.")
        assert process.poll() is None
        processes.end_marked(mark)
        assert process.wait(PATIENCE) == -9


def test_a_client_does_not_get_the_users_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_KEY", "real money")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "real money")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "intranet,localhost")
    env = processes.environment("m", {"CLOUDFLARE_API_TOKEN": "fake"})
    assert {k: v for k, v in env.items() if k.startswith("CLOUDFLARE_")} == {
        "CLOUDFLARE_API_TOKEN": "fake"
    }
    assert env["no_proxy"] == env["NO_PROXY"] == "intranet,localhost,127.0.0.1"


def test_a_command_that_cannot_start_gets_a_message_with_the_correction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "client.sh"
    script.write_text("echo\n")
    with pytest.raises(ArgumentError, match="write it after `--`"):
        processes.check_command([])
    with pytest.raises(CouldNotRun, match=r"'no-such-program' was not found on PATH"):
        processes.check_command(["no-such-program"])
    with pytest.raises(CouldNotRun, match=r"'./no-such' was not found$"):
        processes.check_command(["./no-such"])
    with pytest.raises(CouldNotRun, match=r"did you mean ./client.sh\?"):
        processes.check_command(["client.sh"])
    with pytest.raises(CouldNotRun, match=r"chmod \+x ./client.sh"):
        processes.check_command(["./client.sh"])
    script.chmod(0o755)
    processes.check_command(["./client.sh"])
    script.write_bytes(b"\x00\x01 no program")
    with pytest.raises(CouldNotRun, match="Exec format error; is its `#!` line missing"):
        processes.start(["./client.sh"], {}, subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (3, "exit code 3"), (-9, "SIGKILL"), (-62, "signal 62")],
)
def test_the_exit_of_a_process_is_described(code: int, words: str) -> None:
    assert words in processes.describe_exit(code)


def test_short_output_is_kept_whole_and_long_output_at_both_ends() -> None:
    little, much = BoundedBuffer(8), BoundedBuffer(8)
    for chunk in (b"ab", b"cdefgh"):
        little.add(chunk)
    assert little.text() == "abcdefgh"
    for _ in range(1000):
        much.add(b"0123456789")
    assert much.text() == "0123\n… 9992 bytes left out …\n6789"
    assert much.text() == much.text()
