"""`--speed`: what bad input gets."""

from __future__ import annotations

import sys

import pytest

from aleph_contract.cli import run
from aleph_contract.drivers.faketime import LIBRARY_VARIABLE

COMMANDS = {
    "exec": ("exec", "--speed", "{}", "--", sys.executable, "-c", ""),
    "verify": ("verify", "client", "--speed", "{}", "--per-case", "--", sys.executable, "-c", ""),
    "serve": ("serve", "--port", "0", "--speed", "{}"),
}


def called(command: str, speed: str) -> int:
    return run([word.format(speed) for word in COMMANDS[command]])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("speed", ["0.5", "0", "-2", "nan", "inf", "1001", "fast", ""])
def test_a_speed_that_is_none_is_wrong_usage(
    command: str, speed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(command, speed) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "speed is a number from 1" in line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("speed", ["100", "auto"])
def test_without_the_library_there_is_no_verdict(
    command: str, speed: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LIBRARY_VARIABLE, "/nowhere/lib.so")
    assert called(command, speed) == 3
    seen = capfd.readouterr()
    assert "apt install libfaketime" in seen.out + seen.err
    assert "CONFORM" not in seen.out


@pytest.mark.parametrize("option", [("--latency", "-1"), ("--max-body", "0"), ("--credits", "x")])
def test_an_option_of_the_fake_out_of_range_is_wrong_usage(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["exec", *option, "--", sys.executable, "-c", ""]) == 2
    assert option[0].lstrip("-").replace("-", "_") in capsys.readouterr().err.replace("-", "_")
