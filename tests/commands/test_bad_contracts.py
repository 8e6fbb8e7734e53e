"""A bad catalog entry ends every command with exit code 2; in a folder it is left out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aleph_contract.cli import run

FIXTURES = Path(__file__).parents[2] / "fixtures/contracts"
GOOD = FIXTURES / "herald__schedule-1.json"
MODEL = "herald/schedule-1"

BAD = {
    "not-json": ("nope", "is not JSON"),
    "neither-format": ('{"x": 1}', "has no `model_id`"),
    "no-model": ('{"schema": {"input": {}, "output": {}}}', "has no `model_id`"),
    "invalid-schema": (
        '{"model_id": "a/b", "schema": {"input": {"type": "nonsense"}, "output": {}}}',
        "is not a schema",
    ),
    "model-of-two-lines": (
        '{"model_id": "a\\n::error::b", "schema": {"input": {}, "output": {}}}',
        "white space or control characters",
    ),
    "repeats-a-model": (GOOD.read_text(), f"repeats the model id {MODEL}"),
}

COMMANDS = {
    "serve": ["serve", "--port", "0", "--contract", "X"],
    "exec": ["exec", "--contract", "X", "--", "true"],
    "verify client": ["verify", "client", "--contract", "X", "--per-case", "--", "true"],
    "verify server": ["verify", "server", "http://127.0.0.1:9", "--plan", "--contract", "X"],
    "check": ["check", "--contract", "X", "INPUT"],
    "cases": ["cases", "--contract", "X"],
    "rules": ["rules", "--contract", "X"],
    "workers": ["workers", "--contract", "X"],
    "explain": ["explain", "contract", "--contract", "X"],
    "judge": ["judge", "INPUT", "--contract", "X"],
}


def arguments(command: str, folder: Path, contract: Path) -> list[str]:
    given = folder / "input"
    given.write_text("{}")
    words = {"X": str(contract), "INPUT": str(given)}
    return [words.get(word, word) for word in COMMANDS[command]]


def strictly(command: str, folder: Path, contract: Path) -> list[str]:
    given = arguments(command, folder, contract)
    at = given.index("--contract")
    return [*given[:at], "--strict", *given[at:]]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", [name for name in BAD if name != "repeats-a-model"])
def test_a_bad_entry_ends_the_command_with_exit_code_2(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, reason = BAD[name]
    entry = tmp_path / f"{name}.json"
    entry.write_text(text)
    assert run(arguments(command, tmp_path, entry)) == 2
    told = capsys.readouterr()
    assert reason in told.err
    assert f"{name}.json" in told.err
    assert told.out == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_repeated_model_ends_the_command_with_exit_code_2(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "again.json"
    shutil.copy(GOOD, again)
    given = arguments(command, tmp_path, GOOD)
    at = given.index("--contract")
    assert run([*given[:at], "--contract", str(again), *given[at:]]) == 2
    assert f"repeats the model id {MODEL}" in capsys.readouterr().err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good entry, and one entry of each bad kind."""
    entries = tmp_path / "entries"
    entries.mkdir()
    shutil.copy(GOOD, entries / "a-good.json")
    for name, (text, _) in BAD.items():
        (entries / f"{name}.json").write_text(text)
    return entries


@pytest.mark.parametrize("command", COMMANDS)
def test_strict_refuses_a_folder_with_a_bad_entry(
    command: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(strictly(command, tmp_path, folder)) == 2
    told = capsys.readouterr().err
    assert any(f"{name}.json" in told for name in BAD)


@pytest.mark.parametrize("command", ["cases", "rules", "workers", "explain"])
def test_the_good_entries_of_a_folder_are_used_and_each_bad_one_is_a_line(
    command: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = ["--model", MODEL] if command in ("cases", "explain") else []
    assert run([*arguments(command, tmp_path, folder), *chosen]) == 0
    assert capsys.readouterr().out
    for name, (_, reason) in BAD.items():
        (line,) = [line for line in caplog.messages if f"{name}.json" in line]
        assert "\n" not in line
        assert line.startswith("aleph-contract: left out: ")
        assert reason in line
