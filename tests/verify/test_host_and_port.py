"""`--host` and `--port` of `verify client`: for clients in containers."""

from __future__ import annotations

import os
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from ports import free_port
from test_runner import good

from aleph_contract.cli import run
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import ArgumentError
from aleph_contract.verify.runner import Settings, verify_client
from fake_server.http.listening import reachable_host


def test_the_client_is_told_an_address_that_it_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "intranet")
    told: list[tuple[str, str]] = []

    def client(given: Any, **account: Any) -> str:
        told.append((account["base_url"], os.environ["NO_PROXY"]))
        return good(given, **account)

    port = free_port()
    settings = Settings(run=("examples",), host="0.0.0.0", port=port)
    found = verify_client(PythonDriver(client, jobs=1), settings=settings)
    assert found.exit_code == 0
    (base_url, excluded), *_ = told
    host = reachable_host("0.0.0.0")
    assert urlsplit(base_url).netloc == f"{host}:{port}"
    assert {"intranet", host} <= set(excluded.split(","))
    assert os.environ["no_proxy"] == "intranet"


def test_a_named_host_is_told_as_it_is() -> None:
    assert reachable_host("fake.internal") == "fake.internal"
    assert reachable_host("::") not in ("::", "0.0.0.0")


def test_a_name_that_does_not_resolve_is_told_as_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> str:
        raise socket.gaierror

    monkeypatch.setattr(socket, "gethostbyname", fail)
    assert reachable_host("0.0.0.0") == "127.0.0.1"


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(run=("examples",), port=taken.getsockname()[1])
        with pytest.raises(ArgumentError, match="already in use"):
            verify_client(PythonDriver(good), settings=settings)


def test_the_options_reach_the_verification_and_its_again_command(
    capfd: pytest.CaptureFixture[str],
) -> None:
    options = ["--host", "localhost", "--port", str(free_port())]
    client = ["--python", "fixtures/broken/clients.py:drops_zero_seed"]
    code = run(["verify", "client", *options, "--run", "boundary/seed/minimum/on", *client])
    assert code == 1
    assert " ".join(options) in capfd.readouterr().out
