"""Ctrl-C and SIGTERM: a report of the cases so far, exit code 3, and no process left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from process_state import gone

SLEEPER = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()} '); time.sleep(60)"
ALEPH = [sys.executable, "-m", "aleph_contract"]


def end(command: list[str], pids: Path, number: int) -> tuple[int, str, list[int]]:
    """Start a command, send a signal when its child runs; return exit code, output and children."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (pids.exists() and pids.read_text().endswith(" ")):
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out, [int(pid) for pid in pids.read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_verify_ends_its_clients_and_reports(tmp_path: Path, number: int) -> None:
    pids = tmp_path / "pids"
    verify = [*ALEPH, "verify", "client", "--run", "examples", "--report", "json", "--per-case"]
    code, out, children = end(
        [*verify, "--", sys.executable, "-c", SLEEPER, str(pids)], pids, number
    )
    assert code == 3
    assert json.loads(out)["interrupted"] is True
    assert children
    assert gone(*children)


def test_exec_ends_its_command(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    command = [*ALEPH, "exec", "--", sys.executable, "-c", SLEEPER, str(pids)]
    code, out, children = end(command, pids, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert "interrupted after 0 cases" in out
    assert "made no call" not in out
    assert gone(*children)


def test_an_interrupt_while_modules_load_has_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    ended = subprocess.run(
        [sys.executable, "-m", "aleph_contract", "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
