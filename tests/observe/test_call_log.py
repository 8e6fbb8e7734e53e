"""The lines of `serve --log`: what they say, and what they never hold."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest
from calling import INPUT, PATIENCE, post

from aleph_contract.commands import serve_terminal
from fake_server.observe import call_log
from fake_server.observe.json_logging import JsonFormatter
from fake_server.server import Server, running

SECRET = "a prompt that no JSON line may hold"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


def test_on_a_terminal_a_long_line_is_wrapped_below_its_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "14:05:08  ba5eba11  400 invalid   seed must be at least 0, not -1"
    monkeypatch.setenv("COLUMNS", "60")
    serve_terminal._say_call(line)
    monkeypatch.setattr(serve_terminal, "on_terminal", lambda: True)
    serve_terminal._say_call(line)
    whole, first, second = capsys.readouterr().err.splitlines()
    assert whole == line
    assert (first, second) == (line[:-7], " " * 20 + line[-6:])


def logged(server: Server, line: call_log.Line, *inputs: dict[str, object]) -> list[str]:
    """The lines for runs with these inputs, after their first two columns."""
    written: list[str] = []
    log = call_log.CallLog(
        server.app.journal,
        server.app.contracts,
        line=line,
        skipped=call_log.text_skipped,
        write=written.append,
    )
    account = server.account()
    for given in inputs:
        post(account, given)
    account.settle(PATIENCE)
    log.close()
    return written


def test_a_line_says_outcome_violation_and_price(server: Server) -> None:
    lines = logged(
        server,
        call_log.text_line,
        INPUT | {"duration": 5},
        {name: value for name, value in INPUT.items() if name != "duration"},
        INPUT | {"seed": -1},
    )
    assert [line[20:].split(maxsplit=2) for line in lines] == [
        ["200", "completed", "1.68 USD"],
        ["200", "completed", "price unknown"],
        ["400", "invalid", "seed must be at least 0, not -1"],
    ]


def test_a_line_names_the_fault_and_a_charge_in_doubt(server: Server) -> None:
    account = server.account()
    account.scenario(["internal-error"])
    post(account, INPUT | {"duration": 5})
    (exchange,) = account.wait_for(1, PATIENCE)
    line = call_log.text_line(exchange, server.app.contracts)
    assert line.endswith("Internal server error  perhaps billed: 1.68 USD")
    assert "500 internal-error" in line
    assert account.id[:8] in line


def test_a_line_escapes_what_a_client_sends(server: Server) -> None:
    (line,) = logged(server, call_log.text_line, INPUT | {"\x1b[31m\n": 1})
    assert line.isprintable()


def test_a_json_line_holds_neither_token_nor_input(server: Server) -> None:
    (line,) = logged(server, call_log.json_line, INPUT | {"prompt": SECRET, "seed": -1})
    document = json.loads(line)
    assert document["violation"] == {"at": "/seed", "keyword": "minimum"}
    assert (document["event"], document["status"], document["cost_usd"]) == ("call", 400, "0")
    assert SECRET not in line
    assert all(account not in line for account in server.app.accounts.tokens)


def test_calls_that_are_too_fast_are_counted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_log, "MAX_WAITING", 0)
    monkeypatch.setattr(call_log.CallLog, "_run", lambda _: None)
    log = call_log.CallLog(
        server.app.journal,
        server.app.contracts,
        line=call_log.text_line,
        skipped=call_log.text_skipped,
        write=print,
    )
    monkeypatch.setattr(call_log, "MAX_WAITING", 1)
    account = server.account()
    for _ in range(3):
        post(account, INPUT)
    account.settle(PATIENCE)
    taken = log._take()
    assert taken is not None
    assert taken[1] == 2
    log.close()


def test_a_log_that_nothing_reads_ends_quietly(server: Server) -> None:
    def write(_: str) -> None:
        raise BrokenPipeError

    log = call_log.CallLog(
        server.app.journal,
        server.app.contracts,
        line=call_log.text_line,
        skipped=call_log.text_skipped,
        write=write,
    )
    assert post(server.account(), INPUT).status_code == 200
    log.close()


def test_a_log_record_is_one_line_of_json() -> None:
    try:
        int("two\nlines")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "a %s", ("b",), sys.exc_info())
    text = JsonFormatter().format(record)
    assert "\n" not in text
    document = json.loads(text)
    assert (document["level"], document["message"]) == ("error", "a b")
    assert "ValueError: invalid literal" in document["error"]
