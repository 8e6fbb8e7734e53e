"""The endurance benchmarks pass with a small load."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc, which Linux has"
)


def run(name: str, *options: str) -> str:
    """Run a benchmark; return its output."""
    command = [sys.executable, str(BENCHMARKS / name), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("journal", ["memory", "sqlite:{}/journal.db"])
def test_a_mixed_load_is_answered_as_scripted_and_recorded_once(
    journal: str, tmp_path: Path
) -> None:
    shown = run(
        "soak.py", "--requests", "200", "--connections", "20", "--journal", journal.format(tmp_path)
    )
    assert re.search(r"in the journal: +200$", shown, re.MULTILINE)
    assert re.search(r"not as scripted: +0$", shown, re.MULTILINE)


def test_a_killed_fake_has_recorded_every_answered_run() -> None:
    shown = run("kill9.py", "--rounds", "2", "--connections", "8")
    assert re.search(r"wrong: +0$", shown, re.MULTILINE)


def test_concurrent_runs_never_pass_the_cap_of_an_upstream() -> None:
    assert "no cap was passed, no exchange is lost" in run("upstream.py", "100", "0.5")


def test_a_fake_answers_soon_after_its_start() -> None:
    assert "first answer" in run("start.py", "--rounds", "1")
