"""`exec --intercept` and `verify client --intercept`: reports, exit codes, bad input, clean-up."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from browser import absent
from calling import PATIENCE
from process_state import gone

from aleph_contract.cli import run
from aleph_contract.core.private_folder import PrivateFolder
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.reports import terminal
from aleph_contract.verify.exec_command import run_command
from aleph_contract.verify.runner import Settings, verify_client

#: A client that gets its URL from the driver.
FETCH = Path(__file__).parents[2] / "fixtures/clients/fetch.mjs"

#: Opens a URL and ignores the failure.
GET = """
import ssl, sys, urllib.request
context = eval(sys.argv[2])
try: urllib.request.urlopen(sys.argv[1], context=context)
except OSError: pass
"""
NO_CA = "ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)"


def get(url: str, context: str = "None") -> list[str]:
    return [sys.executable, "-c", GET, url, context]


def test_exec_names_the_option_if_no_call_arrives() -> None:
    found = run_command(["true"])
    assert found.exit_code == 3
    assert "add --intercept" in found.trouble[0]


def test_exec_says_that_no_connection_arrived() -> None:
    found = run_command(["true"], intercept=True)
    assert found.exit_code == 3
    assert "HTTPS_PROXY" in found.trouble[0]


def test_exec_reports_a_client_that_refuses_the_certificate() -> None:
    found = run_command(get("https://api.cloudflare.com/", NO_CA), intercept=True)
    assert found.exit_code == 3
    assert "refused the certificate for api.cloudflare.com" in found.trouble[0]
    assert "SSL_CERT_FILE" in found.trouble[0]


def test_exec_names_the_hosts_that_it_refused() -> None:
    found = run_command(get("https://example.com/"), intercept=True)
    assert any("example.com:443 (1)" in note for note in found.notes)
    assert "example.com:443 (1)" in terminal.render(found)


def hard_coded(edit: Any, *, base_url: str, account_id: str, api_token: str) -> Any:  # noqa: ARG001
    """A client that ignores `base_url`."""
    request = urllib.request.Request(
        f"https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/run",
        json.dumps({"model": "runwayml/aleph-2", "input": edit}).encode(),
        {"Authorization": f"Bearer {api_token}", "Content-Type": "application/json"},
    )
    with urllib.request.build_opener().open(request) as reply:
        return json.load(reply)["result"]["video"]


def test_a_client_with_a_host_of_its_own_is_verified() -> None:
    before = dict(os.environ)
    settings = Settings(run=("examples",), intercept=True)
    found = verify_client(PythonDriver(hard_coded), settings=settings)
    assert (found.exit_code, found.trouble) == (0, ())
    assert {x.host for r in found.results for x in r.exchanges} == {"api.cloudflare.com"}
    assert "--intercept" in found.results[0].reproduce
    assert dict(os.environ) == before


def test_a_client_in_a_process_of_its_own_is_verified() -> None:
    node = shutil.which("node") or absent("node is not installed")
    driver = StdioDriver([node, str(FETCH)])
    found = verify_client(driver, settings=Settings(run=("examples",), intercept=True))
    assert (found.exit_code, found.trouble) == (0, ())
    assert {x.host for r in found.results for x in r.exchanges} == {"api.cloudflare.com"}


def unproxied(edit: Any, *, base_url: str, account_id: str, api_token: str) -> str:  # noqa: ARG001
    """A client whose calls go past the proxy."""
    raise ConnectionRefusedError("no route to api.cloudflare.com")


def distrusting(edit: Any, *, base_url: str, account_id: str, api_token: str) -> str:  # noqa: ARG001
    """A client that pins a certificate."""
    untrusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it knows no CA
    with urllib.request.urlopen(base_url, context=untrusting):  # noqa: S310 - https
        return ""


@pytest.mark.parametrize(
    ("client", "reason"), [(unproxied, "reached the interceptor"), (distrusting, "unknown ca")]
)
def test_a_client_whose_calls_do_not_arrive_gets_no_verdict(client: Any, reason: str) -> None:
    settings = Settings(run=("examples", "boundary/seed/*"), intercept=True)
    found = verify_client(PythonDriver(client), settings=settings)
    assert found.exit_code == 3
    assert reason in found.trouble[0]
    assert {result.status for result in found.results} == {"could-not-run"}
    assert {result.phase for result in found.results} == {"examples"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["exec", "--allow-host", "example.com"], "needs --intercept"),
        (["exec", "--intercept", "--allow-host", "https://example.com"], "HOST or HOST:PORT"),
        (["exec", "--intercept", "--allow-host", "api.cloudflare.com"], "the fake answers for"),
    ],
)
def test_wrong_options_are_refused(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--", "true"]) == 2
    assert reason in capsys.readouterr().err


def test_without_trustme_the_message_names_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert run(["exec", "--intercept", "--", "true"]) == 2
    assert capsys.readouterr().err == (
        "aleph-contract: certificates need the package trustme; install it with "
        "pip install 'aleph-contract[intercept]'\n"
    )


def test_the_folders_of_a_run_that_was_killed_are_removed_by_the_next(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "aleph_contract", "exec", "--intercept", "--", "sleep", "60"]
    with subprocess.Popen(words, env={**os.environ, "TMPDIR": str(tmp_path)}) as process:
        deadline = time.monotonic() + PATIENCE
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(children.read_text().split()) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)  # the command, and the watcher that ends it after the kill
        folders = set(tmp_path.iterdir())  # of the certificates, and of the journal
        assert len(folders) == 2
        with PrivateFolder(tmp_path):
            assert all(folder.exists() for folder in folders)  # its process lives
        started = [int(pid) for pid in children.read_text().split()]
        process.kill()
    assert gone(*started)  # one that has not called `exec` yet would hold the locks
    assert folders == set(tmp_path.iterdir())
    with PrivateFolder(tmp_path) as next_one:
        assert set(tmp_path.iterdir()) == {next_one.path}
