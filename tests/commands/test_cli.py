"""The command line: help, invalid arguments, exit codes, no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aleph_contract import cli as cli_module
from aleph_contract.cli import COMMANDS, cli, run
from aleph_contract.verify.phases import PHASES
from fake_server.replies.faults import FAULTS


def helps() -> dict[str, str]:
    pages: dict[tuple[str, ...], click.Command] = {(): cli}
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        pages[name,] = command
        if isinstance(command, click.Group):
            pages |= {(name, inner): found for inner, found in command.commands.items()}
    return {
        " ".join(path): CliRunner().invoke(cli, [*path, "--help"]).output
        for path, command in pages.items()
        if path != ("verify",)
    }


HELPS = helps()


@pytest.mark.parametrize("page", HELPS)
def test_help_fits_80_columns_and_ends_with_an_example(page: str) -> None:
    lines = HELPS[page].splitlines()
    assert max(map(len, lines)) <= 80
    assert "Example: " in HELPS[page]
    assert "\\b" not in HELPS[page]


def test_the_table_repeats_the_help_of_the_commands() -> None:
    for name, (_, text) in COMMANDS.items():
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert command.get_short_help_str(200) == text


def test_help_names_every_phase() -> None:
    words = HELPS["verify client"].replace(",", " ").replace(".", " ").split()
    assert {phase.name for phase in PHASES} <= set(words)


def test_each_report_on_standard_output_has_the_short_option_for_json() -> None:
    lacking = {
        name for name, page in HELPS.items() if "--report FORMAT" in page and "--json " not in page
    }
    assert lacking == {"exec"}, "the command of exec writes to standard output, too"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("bogus", "No such command"),
        ("serve --port nine", "--port"),
        ("serve --port 99999", "0 to 65535"),
        ("serve --port 0 --host 0.0.0.0", "--expose"),
        ("serve --port 0 --profile dreamt", "--profile"),
        ("serve --port 0 --credits lots", "credits"),
        ("serve --port 0 --contract no-such.json", "no-such.json"),
        ("verify client", "choose one of"),
        ("verify client --stdio", "needs a command"),
        ("verify client --python a:b -- c", "takes no command"),
        ("verify client --python a:b --per-case -- c", "choose one of"),
        ("verify client --python nowhere:call", "nowhere"),
        ("verify client --python no-such.py:call", "no-such.py"),
        ("verify client --python os:nothing", "nothing"),
        ("verify client --run no-such-case --per-case -- true", "no case is left"),
        ("verify client --report pdf --per-case -- true", "pdf"),
        ("verify client --report json:/no/such/dir/x --per-case -- true", "/no/such/dir"),
        ("verify client --known-failing no-such --per-case -- true", "no-such"),
        ("verify client --write-known-failing /no/such/x --per-case -- true", "/no/such"),
        ("verify client --contract no-such.json --per-case -- true", "no-such.json"),
        ("verify client --timeout 0 --per-case -- true", "--timeout"),
        ("exec", "Missing argument"),
        ("check no-such.json", "no-such.json"),
        ("cases --contract no-such.json", "no-such.json"),
        ("explain nonsense", "unknown name"),
    ],
)
def test_an_invalid_argument_gets_a_message_that_names_it(
    arguments: str, expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments.split()) == 2
    captured = capfd.readouterr()
    assert expected in captured.err
    assert "Traceback" not in captured.err + captured.out


@pytest.mark.parametrize(
    "arguments", ["verify client --stdio -- no-such-program", "exec -- no-such-program"]
)
def test_a_missing_program_is_exit_code_3(
    arguments: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments.split()) == 3
    captured = capfd.readouterr()
    assert "no-such-program" in captured.err + captured.out
    assert "Traceback" not in captured.err + captured.out


def test_a_deleted_current_folder_gets_a_message_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "deleted"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert run(["verify", "client", "--run", "examples", "--python", "json:dumps"]) == 2
    assert capsys.readouterr().err == (
        "aleph-contract: the current folder was deleted; change to another\n"
    )


def test_explain_lists_all_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "faults"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(FAULTS)


def test_an_internal_error_is_exit_code_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli_module.cli, "main", fail)
    assert run(["rules"]) == 3
    assert "internal error" in capsys.readouterr().err


def test_a_busy_port_gets_a_message_of_one_line() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "aleph_contract", "serve", "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_shell_completion_works() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aleph_contract"],
        env={"_ALEPH_CONTRACT_COMPLETE": "bash_source", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "complete" in done.stdout
