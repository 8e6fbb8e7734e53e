"""The command `serve` as a process: ready line, options, signals, refusals to start."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from calling import CONTRACT, HTTP, PATIENCE, body

from aleph_contract.cli import run as command_line

SERVE = [sys.executable, "-m", "aleph_contract", "serve"]
SHIPPED = Path(__file__).parents[2] / "aleph_contract/contract/entries/runwayml__aleph-2.json"


@contextlib.contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`aleph-contract serve` as a process, and its ready line."""
    process = subprocess.Popen(
        [*SERVE, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def refused(*options: str) -> tuple[int, str]:
    """Exit code and message of a `serve` that does not start."""
    done = subprocess.run(
        [*SERVE, *options], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


class TestForeground:
    """`aleph-contract serve`."""

    def test_the_ready_line_has_all_addresses(self) -> None:
        with serving() as (_, ready):
            port = re.fullmatch(r"127\.0\.0\.1:(\d+)", ready["binding_address"])
            assert port is not None
            assert ready == {
                "event": "ready",
                "base_url": f"http://127.0.0.1:{port[1]}/client/v4",
                "inspector": f"http://127.0.0.1:{port[1]}/__aleph__/",
                "binding_address": f"127.0.0.1:{port[1]}",
            }

    def test_it_answers_the_call_of_the_documentation(self) -> None:
        example = CONTRACT.examples[0]
        with serving() as (_, ready):
            response = HTTP.post(
                f"{ready['base_url']}/accounts/{'0' * 32}/ai/run",
                json={"model": CONTRACT.model, "input": example.input},
                headers={"authorization": "Bearer any"},
            )
            assert response.json() == example.reply

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_stops_it_while_a_run_hangs(self, number: signal.Signals) -> None:
        with serving() as (process, ready):
            host, _, port = ready["binding_address"].partition(":")
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(
                    b"POST /client/v4/accounts/%b/ai/run HTTP/1.1\r\nHost: x\r\n"
                    b"Authorization: Bearer fault-hang\r\nContent-Length: 2\r\n\r\n{}" % (b"a" * 32)
                )
                assert HTTP.get(ready["base_url"]).status_code == 400
                process.send_signal(number)
                out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (0, "", "")

    def test_the_options_take_effect(self, tmp_path: Path) -> None:
        journal = tmp_path / "journal.db"
        options = ["--profile", "live", "--token", "sesame", "--credits", "1.68",
                   "--spend-limit", "5", "--latency", "0.1", "--journal", f"sqlite:{journal}",
                   "--contract", str(SHIPPED), "--max-body", "1000"]  # fmt: skip
        with serving(*options) as (_, ready):
            url = f"{ready['base_url']}/accounts/{'0' * 32}/ai/run"

            def run(token: str, content: bytes = body()) -> httpx.Response:
                headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
                return HTTP.post(url, content=content, headers=headers)

            assert run("other").status_code == 401
            assert run("sesame").json()["result"]["state"] == "Completed"
            assert run("sesame").status_code == 402
            assert run("sesame", b"x" * 1001).status_code == 413
        assert journal.stat().st_size > 0

    def test_help_fits_and_has_an_example(self) -> None:
        done = subprocess.run([*SERVE, "--help"], capture_output=True, text=True, check=True)
        assert max(map(len, done.stdout.splitlines())) <= 80
        assert "aleph-contract serve --port 0" in done.stdout

    def test_it_starts_without_slow_imports(self) -> None:
        """None of them is needed for the first answer."""
        code = (
            "import sys, fake_server.server, fake_server.http.factory as a;"
            "import aleph_contract.commands.serve;"
            "a.create_app(); print([m for m in ('fastapi', 'pydantic', 'hypothesis', 'jsonschema',"
            "'rich', 'jinja2', 'sqlite3', 'zipfile', 'aleph_contract.rules.table',"
            "'aleph_contract.core.results', 'aleph_contract.rules.suite',"
            "'fake_server.runs.mutation') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert done.stdout.strip() == b"[]"


class TestRefusedToStart:
    """One line on standard error and exit code 2."""

    def test_a_busy_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            code, message = refused("--port", port)
        assert code == 2
        assert message == (
            f"aleph-contract: cannot listen on 127.0.0.1 port {port}: Address already in use; "
            "port 0 picks a free port\n"
        )

    def test_a_host_that_other_machines_reach(self) -> None:
        code, message = refused("--host", "0.0.0.0", "--port", "0")
        assert code == 2
        assert message.count("\n") == 1
        assert "--expose" in message
        assert "read every prompt" in message

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--host", "no.such.host.invalid"], ["no.such.host.invalid"]),
            (["--host", "192.0.2.1", "--expose", "--port", "0"], ["192.0.2.1"]),
            (["--port", "70000"], ["65535"]),
            (["--port", "-1"], ["65535"]),
            (["--port", "x"], ["'x'"]),
            (["--profile", "beta"], ["documented", "live"]),
            (["--credits", "much"], ["credits", "1.68"]),
            (["--spend-limit", "-5"], ["spend-limit"]),
            (["--latency", "-1"], ["latency"]),
            (["--latency", "nan"], ["latency"]),
            (["--spend-limit-lag", "2147483648"], ["spend_limit_lag"]),
            (["--max-body", "0"], ["max_body"]),
            (["--journal", "paper"], ["memory", "sqlite:PATH"]),
            (["--journal", "sqlite:/no/such/folder/j.db"], ["/no/such/folder/j.db"]),
            (["--contract", "/no/such/file.json"], ["/no/such/file.json"]),
            (["--nothing"], ["--nothing"]),
            (["superfluous"], ["superfluous"]),
        ],
        ids=" ".join,
    )
    def test_invalid_options(
        self, options: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command_line(["serve", *options]) == 2
        out, message = capsys.readouterr()
        assert out == ""
        assert "Traceback" not in message
        assert all(word in message for word in words), message

    def test_with_expose_it_warns(self) -> None:
        with serving("--host", "0.0.0.0", "--expose") as (process, ready):
            port = ready["binding_address"].rpartition(":")[2]
            assert HTTP.get(f"http://127.0.0.1:{port}/client/v4").status_code == 400
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=PATIENCE)
        assert "other machines can reach 0.0.0.0" in err


class TestUnixSocket:
    """`serve --uds PATH`."""

    def test_it_answers_on_the_socket_and_removes_it_at_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "fake.sock"
        with serving("--uds", str(path)) as (process, ready):
            assert ready["uds"] == str(path)
            assert path.stat().st_mode & 0o777 == 0o600
            transport = httpx.HTTPTransport(uds=str(path))
            with httpx.Client(transport=transport, timeout=PATIENCE) as http:
                assert http.get(f"{ready['inspector']}health").status_code == 200
                reply = http.post(
                    f"{ready['base_url']}/accounts/{'a' * 32}/ai/run",
                    headers={
                        "authorization": "Bearer any-token",
                        "content-type": "application/json",
                    },
                    content=body(),
                )
                assert reply.status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        assert not path.exists()

    def test_the_socket_of_a_killed_server_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "fake.sock"
        with serving("--uds", str(path)):
            pass  # killed
        assert path.is_socket()
        with serving("--uds", str(path)) as (_, ready):
            assert ready["uds"] == str(path)

    def test_a_socket_in_use_and_another_file_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "fake.sock"
        with serving("--uds", str(path)):
            code, message = refused("--uds", str(path))
            assert (code, str(path) in message) == (2, True)
        other = tmp_path / "notes.txt"
        other.write_text("mine")
        assert refused("--uds", str(other))[0] == 2
        assert other.read_text() == "mine"


class TestForAPerson:
    """`serve` on a terminal, and its log of calls."""

    @staticmethod
    def on_a_terminal(*options: str, **environment: str) -> str:
        """What a terminal shows of a `serve` that answers one run and is interrupted."""
        master, terminal = pty.openpty()
        command = [*SERVE, "--port", "0", *options]
        variables = {**os.environ, **environment}
        with subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, env=variables
        ) as process:
            os.close(terminal)
            shown = read_until(master, b"Ctrl-C ends")
            base = re.search(r"CLOUDFLARE_BASE_URL=(\S+)", shown)
            assert base is not None
            url = f"{base[1]}/accounts/{'0' * 32}/ai/run"
            sent = {"model": CONTRACT.model, "input": CONTRACT.examples[0].input | {"seed": -1}}
            HTTP.post(url, json=sent, headers={"authorization": "Bearer any"})
            process.send_signal(signal.SIGINT)
            shown += read_until(master, None)
        os.close(master)
        return shown

    def test_a_terminal_gets_addresses_and_a_line_for_each_call(self) -> None:
        shown = self.on_a_terminal(NO_COLOR="")
        assert '{"event"' not in shown
        assert "/__aleph__/" in shown
        assert "400 invalid" in shown
        assert "seed must be at least 0, not -1" in shown
        assert "\x1b[33m" in shown

    def test_no_color_and_log_none(self) -> None:
        shown = self.on_a_terminal("--log", "none", NO_COLOR="1")
        assert "\x1b" not in shown
        assert "400 invalid" not in shown

    @pytest.mark.parametrize("option", [("--log", "json"), ("--log-format", "json")])
    def test_machines_get_calls_as_json_on_standard_error(self, option: tuple[str, str]) -> None:
        with serving(*option) as (process, ready):
            url = f"{ready['base_url']}/accounts/{'0' * 32}/ai/run"
            token = "fault-rate-limited"
            HTTP.post(url, json={}, headers={"authorization": f"Bearer {token}"})
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=PATIENCE)
        (line,) = errors.splitlines()
        call = json.loads(line)
        assert (call["event"], call["fault"], call["status"]) == ("call", "rate-limited", 429)

    def test_without_a_terminal_there_is_no_log(self) -> None:
        with serving() as (process, ready):
            HTTP.post(f"{ready['base_url']}/accounts/{'0' * 32}/ai/run", json={})
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=PATIENCE) == ("", "")

    def test_open_shows_the_inspector_in_a_browser(self, tmp_path: Path) -> None:
        opened = tmp_path / "opened"
        browser = tmp_path / "browser"
        browser.write_text(
            f'#!/bin/sh\nprintf %s "$1" > {opened}.part\nmv {opened}.part {opened}\n'
        )
        browser.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BROWSER", str(browser))
            with serving("--open") as (_, ready):
                deadline = time.monotonic() + PATIENCE
                while not opened.exists() and time.monotonic() < deadline:
                    time.sleep(0.01)
                assert opened.read_text() == ready["inspector"]


def read_until(master: int, end: bytes | None) -> str:
    """What a terminal shows until `end` appears; with `None`, until its programs have ended."""
    shown = b""
    with contextlib.suppress(OSError):  # Linux: EIO once no program has the terminal open
        while (end is None or end not in shown) and (piece := os.read(master, 65536)):
            shown += piece
    return shown.decode()
