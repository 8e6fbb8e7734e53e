"""Text of a contract or an input, when a command prints it: no control and no workflow command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from aleph_contract.cli import cli, run
from aleph_contract.core.escaping import escape_controls

SHIPPED = Path(__file__).parents[2] / "aleph_contract/contract/entries/runwayml__aleph-2.json"
HOSTILE = "\x1b[31m\u202e\n::error::x ##[add-mask]y"
COMMANDS = (["cases"], ["cases", "--json"], ["explain", "contract"], ["check", "INPUT"],
            ["check", "--json", "INPUT"], ["check", "INPUT", "INPUT"])  # fmt: skip


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """An entry with a member that has a hostile name."""
    entry = json.loads(SHIPPED.read_text())
    entry["schema"]["input"]["properties"][HOSTILE] = {"type": "integer", "minimum": 3}
    path = tmp_path / "entry.json"
    path.write_text(json.dumps(entry))
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_prints_no_control_and_no_workflow_command(
    command: list[str], contract: Path, tmp_path: Path
) -> None:
    given = tmp_path / "input.json"
    given.write_text(json.dumps({HOSTILE: 1, f"{HOSTILE}z": 1}, ensure_ascii=False, indent=1))
    words = [word.replace("INPUT", str(given)) for word in command]
    result = CliRunner().invoke(cli, [*words, "--contract", str(contract)], color=True)
    text = re.sub(r"\x1b\[(0|1|3[12])m", "", result.output.replace("\x1b[31m\u202e", "HOSTILE"))
    assert "error" in text
    assert "HOSTILE" not in text
    assert text == escape_controls(text)
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]


def test_an_error_names_a_hostile_file_harmlessly(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", f"no{HOSTILE}"]) == 2
    error = capsys.readouterr().err
    assert "no\\u001b[31m\\u202e\n\\u003a:error::x \\u0023#[" in error
