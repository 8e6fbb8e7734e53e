"""The server as a process and as a thread: it says where it is, serves, and ends when told."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from calling import CONTRACT, HTTP, PATIENCE, body, connect, head, only, post

from aleph_contract.errors import ArgumentError, ContractError
from fake_server.server import running

SERVE = [sys.executable, "-m", "aleph_contract", "serve"]
SHIPPED = Path(__file__).parents[2] / "aleph_contract/contract/entries/runwayml__aleph-2.json"

#: Seconds within which a server must have stopped, whatever is in flight.
STOP = 1.0


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

    def test_the_ready_line_says_where_everything_is(self) -> None:
        with serving() as (_, ready):
            port = re.fullmatch(r"127\.0\.0\.1:(\d+)", ready["binding_address"])
            assert port is not None
            assert ready == {
                "event": "ready",
                "base_url": f"http://127.0.0.1:{port[1]}/client/v4",
                "inspector": f"http://127.0.0.1:{port[1]}/__aleph__/",
                "binding_address": f"127.0.0.1:{port[1]}",
            }

    def test_it_answers_the_pages_own_call(self) -> None:
        example = CONTRACT.examples[0]
        with serving() as (_, ready):
            response = HTTP.post(
                f"{ready['base_url']}/accounts/{'0' * 32}/ai/run",
                json={"model": CONTRACT.model, "input": example.input},
                headers={"authorization": "Bearer any"},
            )
            assert response.json() == example.reply

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_it_cleanly_even_while_a_run_hangs(self, number: signal.Signals) -> None:
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

    def test_options_arrive(self, tmp_path: Path) -> None:
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

    def test_it_starts_without_what_it_does_not_need(self) -> None:
        code = (
            "import sys, fake_server.server, fake_server.http.app as a;"
            "import aleph_contract.commands.serve;"
            "a.create_app(); print([m for m in ('fastapi', 'pydantic', 'hypothesis', 'jsonschema',"
            "'rich', 'jinja2', 'sqlite3') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert done.stdout.strip() == b"[]"


class TestRefusedToStart:
    """One clear line and exit code 2."""

    def test_a_busy_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            code, message = refused("--port", port)
        assert code == 2
        assert message == (
            f"aleph-contract: cannot listen on 127.0.0.1 port {port}: Address already in use; "
            "port 0 picks a free port\n"
        )

    def test_a_host_that_others_reach(self) -> None:
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
            (["--max-body", "0"], ["max_body"]),
            (["--journal", "paper"], ["memory", "sqlite:PATH"]),
            (["--journal", "sqlite:/no/such/folder/j.db"], ["/no/such/folder/j.db"]),
            (["--contract", "/no/such/file.json"], ["/no/such/file.json"]),
            (["--nothing"], ["--nothing"]),
            (["superfluous"], ["superfluous"]),
        ],
        ids=" ".join,
    )
    def test_options_that_cannot_be_meant(self, options: list[str], words: list[str]) -> None:
        code, message = refused(*options)
        assert code == 2
        assert all(word in message for word in words), message

    def test_exposed_it_says_what_that_means(self) -> None:
        with serving("--host", "0.0.0.0", "--expose") as (process, ready):
            port = ready["binding_address"].rpartition(":")[2]
            assert HTTP.get(f"http://127.0.0.1:{port}/client/v4").status_code == 400
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=PATIENCE)
        assert "other machines can reach 0.0.0.0" in err


class TestThread:
    """`running(...)`."""

    def test_a_contract_can_be_named_by_its_file(self) -> None:
        with running(str(SHIPPED)) as server:
            assert post(server.account()).status_code == 200
        with pytest.raises(ContractError), running("/no/such/file"):
            pass

    def test_an_account_brings_its_environment(self) -> None:
        with running() as server:
            account = server.account()
            assert account.env == {
                "CLOUDFLARE_BASE_URL": server.base_url,
                "CLOUDFLARE_ACCOUNT_ID": account.id,
                "CLOUDFLARE_API_TOKEN": account.token,
            }
            assert server.base_url == f"{server.origin}/client/v4"
            assert server.inspector == f"{server.origin}/__aleph__/"
            assert server.origin == f"http://{server.binding_address}"

    @pytest.mark.parametrize("host", ["localhost", "::1"])
    def test_it_listens_where_it_is_told(self, host: str) -> None:
        if host == "::1" and not _has_ipv6():
            pytest.skip("this machine has no IPv6 loopback address")
        with running(host=host) as server:
            assert post(server.account()).status_code == 200

    def test_a_busy_port_is_an_error(self) -> None:
        with running() as server:
            port = int(server.binding_address.rpartition(":")[2])
            with pytest.raises(ArgumentError, match="Address already in use"), running(port=port):
                pass

    def test_a_server_that_does_not_start_lets_go_of_its_journal(self, tmp_path: Path) -> None:
        journal = f"sqlite:{tmp_path / 'journal.db'}"
        with pytest.raises(ArgumentError, match="port"), running(port=-1, journal=journal):
            pass
        with running(journal=journal) as server:
            assert post(server.account()).status_code == 200

    def test_others_are_let_in_only_on_purpose(self) -> None:
        with pytest.raises(ArgumentError, match="expose"), running(host="0.0.0.0"):
            pass
        with running(host="0.0.0.0", expose=True) as server:
            assert post(server.account()).status_code == 200

    def test_a_port_is_free_again_at_once(self) -> None:
        with running() as server:
            post(server.account())
            port = int(server.binding_address.rpartition(":")[2])
        with running(port=port) as server:
            assert post(server.account()).status_code == 200

    @pytest.mark.parametrize("flight", ["hang", "drip", "delayed", "half a head", "half a body",
                                        "idle", "control stream"])  # fmt: skip
    def test_it_stops_whatever_is_in_flight(self, flight: str) -> None:
        with running() as server:
            account = server.account()
            connection = connect(server)
            if flight in ("hang", "drip", "delayed"):
                account.scenario([{"fault": flight, "delay": 60}])
                connection.sendall(head(account, len(body())) + body())
            elif flight == "half a head":
                connection.sendall(head(account, 10)[:30])
            elif flight == "half a body":
                connection.sendall(head(account, 10) + b"x")
            elif flight == "control stream":
                connection.sendall(b"GET /__aleph__/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
            post(server.account())
            begun = time.monotonic()
        assert time.monotonic() - begun < STOP
        with connection, contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
        if flight in ("hang", "drip", "delayed", "half a body"):
            assert only(account).outcome == "cut"

    def test_what_is_nearly_answered_is_answered(self) -> None:
        with running(latency=0.05) as server:
            account = server.account()
            connection = connect(server)
            connection.sendall(head(account, len(body())) + body())
            while not account._account.in_flight:
                time.sleep(0.001)
        with connection:
            assert connection.recv(15) == b"HTTP/1.1 200 OK"

    def test_twenty_servers_at_once(self) -> None:
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(running()) for _ in range(20)]
            assert all(post(server.account()).status_code == 200 for server in servers)
        assert "aleph-contract" not in {thread.name for thread in threading.enumerate()}

    def test_no_descriptor_is_left(self) -> None:
        with running() as server:
            post(server.account())
        before = _open_descriptors()
        for _ in range(3):
            with running() as server:
                post(server.account())
        assert _open_descriptors() <= before


class TestAccountHandle:
    """An account as a test uses it."""

    def test_it_waits_for_exchanges_and_tells_what_it_saw_instead(self) -> None:
        with running() as server:
            account = server.account()
            thread = threading.Timer(0.05, post, [account])
            thread.start()
            assert len(account.wait_for(1)) == 1
            with pytest.raises(TimeoutError, match="1: 200 completed"):
                account.wait_for(2, timeout=0.05)
            thread.join()

    def test_it_settles_once_nothing_is_in_flight(self) -> None:
        with running() as server:
            account = server.account()
            assert account.settle(0)
            account.scenario([{"fault": "hang"}])
            with connect(server) as connection:
                connection.sendall(head(account, len(body())) + body())
                while account.settle(0):
                    time.sleep(0.001)
                assert not account.settle(0.05)
            assert account.settle()
            assert only(account).fault == "hang"

    def test_it_can_be_forgotten(self) -> None:
        with running() as server:
            account = server.account()
            post(account)
            account.forget()
            assert account.exchanges == ()
            assert server.app.accounts.find(account.id) is None

    def test_the_server_has_them_all(self) -> None:
        with running() as server:
            accounts = [server.account() for _ in range(3)]
            for account in accounts:
                post(account)
            assert [e.account for e in server.exchanges] == [account.id for account in accounts]


def _open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_any_option_of_the_application_is_taken() -> None:
    options: dict[str, Any] = {"profile": "live", "tokens": ["a"], "credits": 1, "max_body": 10_000}
    with running(**options) as server:
        assert server.app.accounts.profile == "live"
        assert server.app.accounts.tokens == {"a"}
        assert server.app.max_body == 10_000
