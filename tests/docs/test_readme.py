"""The first screen of the README holds two commands, and the first one verifies a client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)


def test_the_first_screen_holds_both_commands() -> None:
    assert len(COMMANDS) == 2
    assert README.index(COMMANDS[1]) < 1500


def test_both_commands_set_up_everything_inside_the_clone() -> None:
    for command in COMMANDS:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
        assert not re.search(r"\b(make|uv|docker|sudo|npm)\b", command)


def test_the_first_command_verifies_a_client_and_shows_the_report() -> None:
    job = COMMANDS[0].split(" && ")[-1].replace(".venv/bin/", "")
    job += " --run examples --run 'boundary/seed/*'"  # other tests verify it with every case
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-c", job],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2].startswith("CONFORMS") or "CONFORMS" in done.stdout


def test_ci_runs_the_second_command() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert "<!-- test command -->" in script
    found = re.search(r"<!-- test command -->\n```sh\n(.*?)\n```", README)
    assert found is not None
    assert found[1] == COMMANDS[1]
