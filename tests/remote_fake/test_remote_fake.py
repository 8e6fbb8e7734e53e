"""`--fake URL`: verify, exec and the plugin use a fake that runs in another process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from calling import CONTRACT, HTTP, PATIENCE, body, connect, head
from ports import free_port

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.clock import SPEED_VARIABLE
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import ArgumentError
from aleph_contract.remote_fake import control
from aleph_contract.remote_fake.control import Control, ControlError
from aleph_contract.remote_fake.server import RemoteServer
from aleph_contract.verify.exec_command import run_command
from aleph_contract.verify.fakes import RemoteFake
from aleph_contract.verify.runner import Settings, verify_client
from fake_server.control import origin_guard
from fake_server.journal import MemoryJournal
from fake_server.server import Server, running

CATALOGUE = Path(__file__).parents[2] / "fixtures/catalog"
TOKEN = "the-admin-token-of-the-fake"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Server]:
    """A fake with an admin token, as on another machine."""
    with running(admin_token=TOKEN) as server:
        yield server


@pytest.fixture(scope="module")
def remote(elsewhere: Server) -> Iterator[RemoteServer]:
    server = RemoteServer(elsewhere.origin, admin_token=TOKEN)
    yield server
    server.close()


def run(server: Any, account: Any) -> int:
    """Make one run; return its status."""
    return HTTP.post(
        f"{server.base_url}/accounts/{account.id}/ai/run",
        content=body(),
        headers={"authorization": f"Bearer {account.token}", "content-type": "application/json"},
    ).status_code


def test_a_fake_of_several_models_serves_the_contract_of_each() -> None:
    models = ContractSet.load([CATALOGUE])
    with running(models) as server:
        remote = RemoteServer(server.origin)
        try:
            assert all(remote.serves(models[model]) for model in models)
            assert not remote.serves(CONTRACT)
        finally:
            remote.close()


class TestToken:
    """The control API demands the admin token of every caller but those on this machine."""

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 200),
            ({"x-forwarded-for": "10.1.2.3"}, 401),
            ({"forwarded": "for=10.1.2.3", "authorization": "Bearer wrong"}, 401),
            ({"x-forwarded-for": "10.1.2.3", "authorization": f"Token {TOKEN}"}, 401),
            ({"x-forwarded-for": "10.1.2.3", "authorization": "Basic %%%"}, 401),
            ({"x-forwarded-for": "10.1.2.3", "authorization": f"Bearer {TOKEN}"}, 200),
            ({"x-forwarded-for": "10.1.2.3", "host": "fake.example",
              "authorization": f"Bearer {TOKEN}"}, 200),
            ({"x-forwarded-for": "10.1.2.3", "authorization": f"Bearer {TOKEN}",
              "origin": "http://evil.example"}, 403),
            ({"host": "fake.example"}, 403),
        ],
    )  # fmt: skip
    def test_calls(self, elsewhere: Server, headers: dict[str, str], status: int) -> None:
        answer = HTTP.get(f"{elsewhere.origin}/__aleph__/accounts", headers=headers)
        assert answer.status_code == status
        if status == 401:
            assert "admin token" in answer.json()["detail"]
            assert 'Basic realm="admin"' in answer.headers["www-authenticate"]

    def test_a_browser_sends_it_as_a_password(self, elsewhere: Server) -> None:
        url = f"{elsewhere.origin}/__aleph__/"
        headers = {"x-forwarded-for": "10.1.2.3"}
        assert HTTP.get(url, headers=headers, auth=("anyone", TOKEN)).status_code == 200
        assert HTTP.get(url, headers=headers, auth=(TOKEN, "anything")).status_code == 401

    def test_probes_need_none(self, elsewhere: Server) -> None:
        url = f"{elsewhere.origin}/__aleph__/health"
        assert HTTP.get(url, headers={"x-real-ip": "10.1.2.3"}).status_code == 200

    @pytest.mark.parametrize(
        ("client", "local"),
        [(("127.0.0.1", 1), True), (("::1", 1), True), (None, True), (("10.1.2.3", 1), False)],
    )
    def test_who_is_local(self, client: tuple[str, int] | None, *, local: bool) -> None:
        assert origin_guard.is_local({"client": client, "headers": []}) is local

    def test_a_wrong_token_is_a_clear_error(self, elsewhere: Server) -> None:
        control = Control(f"{elsewhere.origin}/__aleph__/", "wrong")
        control._headers["x-forwarded-for"] = "10.1.2.3"
        with pytest.raises(ControlError, match="present the admin token"):
            control.call("GET", "/accounts")
        control.close()


class TestAccount:
    """A remote account does what one of this process does."""

    def test_it_is_created_scripted_read_and_deleted(
        self, elsewhere: Server, remote: RemoteServer
    ) -> None:
        account = remote.account(profile="live", credits="1.68")
        account.scenario([{"fault": "conflict"}])
        assert [run(remote, account) for _ in range(3)] == [409, 200, 402]
        assert [e.status for e in account.wait_for(3, PATIENCE)] == [409, 200, 402]
        assert account.bill.runs == 1
        assert account.settle(PATIENCE)
        assert remote.exchanges == account.exchanges
        account.forget()
        assert remote.exchanges == ()
        assert elsewhere.app.accounts.find(account.id) is None

    def test_hang_up_ends_what_waits(self, elsewhere: Server, remote: RemoteServer) -> None:
        account = remote.account()
        account.scenario([{"fault": "hang"}])
        with connect(elsewhere) as connection:
            connection.sendall(head(account, len(body())) + body())  # type: ignore[arg-type]
            while not elsewhere.app.open_connections:
                pass
            assert not account.settle(0.05)
            account.hang_up()
            connection.settimeout(PATIENCE)
            assert connection.recv(1) == b""
        assert [(e.fault, e.outcome) for e in account.exchanges] == [("hang", "cut")]
        run(remote, account)
        assert len(account.exchanges) == 1


class TestCommands:
    """`verify client` and `exec` against a fake elsewhere."""

    def test_a_client_is_verified(self, elsewhere: Server) -> None:
        def call(value: Any, *, base_url: str, account_id: str, api_token: str) -> Any:
            answer = HTTP.post(
                f"{base_url}/accounts/{account_id}/ai/run",
                json={"model": CONTRACT.model, "input": value},
                headers={"authorization": f"Bearer {api_token}"},
            )
            return answer.raise_for_status().json()

        before = elsewhere.exchanges
        settings = Settings(
            run=("examples", "boundary/seed/*", "fault/rate-limited*", "fault/hang*"),
            remote=RemoteFake(elsewhere.origin, TOKEN),
        )
        result = verify_client(PythonDriver(call, jobs=4), CONTRACT, settings)
        assert not result.trouble
        assert len(result.results) > 8
        assert {case.status for case in result.results} <= {"passed", "skipped"}
        assert all(case.exchanges for case in result.results if case.status == "passed")
        assert elsewhere.exchanges == before

    def test_exec_judges_the_command_and_the_accounts_of_its_tests(
        self, elsewhere: Server, tmp_path: Path
    ) -> None:
        (tmp_path / "test_it.py").write_text(_SUITE)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
        remote = RemoteFake(elsewhere.origin, TOKEN)
        result = run_command(command, CONTRACT, remote=remote)
        assert result.command_exit == 0
        named = {case.name for case in result.results}
        assert len(named) == 2
        assert all("test_it.py::test_" in name for name in named)
        assert "1 refused call in tests that passed: taken as meant by the test" in result.notes

    def test_exec_does_not_judge_traffic_of_which_the_fake_dropped_a_part(self) -> None:
        script = (
            "import os, urllib.request as u\n"
            "url = os.environ['CLOUDFLARE_BASE_URL'] + '/accounts/'"
            " + os.environ['CLOUDFLARE_ACCOUNT_ID'] + '/ai/run'\n"
            "token = 'Bearer ' + os.environ['CLOUDFLARE_API_TOKEN']\n"
            "head = {'authorization': token, 'content-type': 'application/json'}\n"
            f"for _ in range(2): u.urlopen(u.Request(url, {body()!r}, head)).read()"
        )
        with running(admin_token=TOKEN, journal=MemoryJournal(max_exchanges=1)) as server:
            remote = RemoteFake(server.origin, TOKEN)
            result = run_command([sys.executable, "-c", script], CONTRACT, remote=remote)
        (trouble,) = result.trouble
        assert "dropped 1 exchange of the command" in trouble
        assert result.exit_code == 3

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"port": 8080}, "--port is an option of a new fake"),
            ({"latency": 1.0}, "--latency is an option of a new fake"),
            ({"intercept": True}, "--intercept is an option of a new fake"),
        ],
    )
    def test_options_of_a_new_fake_are_refused(
        self, elsewhere: Server, options: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(ArgumentError, match=sentence):
            run_command(["true"], CONTRACT, remote=RemoteFake(elsewhere.origin, TOKEN), **options)

    @pytest.mark.parametrize("url", ["", "fake.example", "ftp://fake.example", "http://h:x"])
    def test_a_wrong_url(self, url: str) -> None:
        with pytest.raises(ArgumentError, match="the URL of a fake is such as"):
            RemoteServer(url)

    def test_the_error_names_the_url_as_it_was_given(self) -> None:
        with pytest.raises(ArgumentError, match=r"not 'nonsense'$"):
            RemoteServer("nonsense")

    def test_the_command_line(self, elsewhere: Server) -> None:
        command = [sys.executable, "-m", "aleph_contract", "exec", "--fake"]
        address = f"http://127.0.0.1:{free_port()}"
        for url, code, text in (
            (elsewhere.origin, 3, "the command made no call to the fake"),
            (address, 3, "does not answer: Connection refused"),
        ):
            done = subprocess.run(
                [*command, url, "--", "true"],
                env={**os.environ, "ALEPH_CONTRACT_ADMIN_TOKEN": TOKEN},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == code, done.stderr
            assert text in done.stdout + done.stderr
            assert TOKEN not in done.stdout + done.stderr


_SUITE = """
import json, os, urllib.error, urllib.request

def send(env, value):
    request = urllib.request.Request(
        f"{env['CLOUDFLARE_BASE_URL']}/accounts/{env['CLOUDFLARE_ACCOUNT_ID']}/ai/run",
        json.dumps({"model": "runwayml/aleph-2", "input": value}).encode(),
        {"authorization": f"Bearer {env['CLOUDFLARE_API_TOKEN']}",
         "content-type": "application/json"},
    )
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code

GOOD = {"prompt": "p", "video_uri": "https://example.com/v.mp4"}

def test_good():
    assert send(os.environ, GOOD) == 200

def test_own_account(aleph_server):
    assert send(aleph_server.account().env, {**GOOD, "seed": -1}) == 400
"""


@pytest.mark.parametrize(("speed", "answers"), [("100", True), ("1", False)])
def test_a_process_on_a_faster_clock_waits_as_long_as_on_that_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, speed: str, answers: bool
) -> None:
    monkeypatch.setattr(control, "TIMEOUT", 0.1)
    monkeypatch.setenv(SPEED_VARIABLE, speed)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        left = Event()
        Thread(target=_answer_late, args=(listener, left, 0.3 if answers else 60.0)).start()
        client = Control(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        with nullcontext() if answers else pytest.raises(ControlError, match="timed out"):
            assert client.call("GET", "/") == {}
        left.set()
        client.close()


def _answer_late(listener: socket.socket, left: Event, seconds: float) -> None:
    """Answer one call after a pause, or as soon as the client has left."""
    connection, _ = listener.accept()
    with connection, suppress(OSError):  # the client may have left
        connection.recv(1 << 16)
        left.wait(seconds)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
