"""Libraries that tests load beside us: fake file systems, frozen clocks, blocked sockets.

The suites here do in a few lines what pyfakefs, freezegun and pytest-socket do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from exec_suites import CLIENT

from aleph_contract.verify.exec_command import run_command

ROOT = Path(__file__).parents[2]

#: Fixtures that replace a part of Python for the time of a test.
CONFTEST = '''
import builtins, errno, io, os, socket, sys, time
import pytest

class NoNewModules:
    """As in a fake file system: a module that is not loaded yet does not exist."""
    def find_spec(self, name, path=None, target=None):
        raise ModuleNotFoundError(f"{name} is not in the fake file system", name=name)

@pytest.fixture
def no_files(monkeypatch):
    def absent(path, *_, **__):
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    monkeypatch.setattr(sys, "meta_path", [NoNewModules()])
    for module, name in ((builtins, "open"), (io, "open"), (os, "open"), (os, "stat")):
        monkeypatch.setattr(module, name, absent)

@pytest.fixture
def frozen(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1577836800.0)

@pytest.fixture
def no_sockets(monkeypatch):
    class Blocked(socket.socket):
        def __new__(cls, *_, **__):
            raise RuntimeError("a test tried to use a socket")
    monkeypatch.setattr(socket, "socket", Blocked)
'''

UNDER_EXEC = """
import pytest
from client import edit

def test_files(no_files):
    edit()

def test_frozen(frozen):
    edit()

def test_sockets(no_sockets):
    with pytest.raises(Exception):
        edit()

def test_after():
    edit()
"""

ALONE = """
import json, urllib.request
from aleph_contract import Contract, PythonDriver, Settings, cases, validate, verify_client
from aleph_contract.pytest_plugin import ClientConformance

urllib.request.build_opener()

def call(given, *, base_url, account_id, api_token):
    request = urllib.request.Request(
        f"{base_url}/accounts/{account_id}/ai/run",
        json.dumps({"model": "runwayml/aleph-2", "input": given}).encode(),
        {"Authorization": f"Bearer {api_token}", "Content-Type": "application/json"},
    )
    run = json.load(urllib.request.urlopen(request))
    if run["state"] != "Completed":
        raise RuntimeError(run)
    return run["result"]["video"]

def test_validate(no_files):
    assert validate({})
    assert Contract.load().model == "runwayml/aleph-2"
    assert len(cases(constraint="seed/*")) > 5

def verify():
    settings = Settings(run=("examples", "property/valid", "concurrency"), max_examples=3)
    found = verify_client(PythonDriver(call), settings=settings)
    assert found.exit_code == 0, (found.trouble, [r.outcome for r in found.results][:1])

def test_verify(no_files):
    verify()

def test_verify_frozen(frozen):
    verify()

def test_server(no_files, aleph_server):
    account = aleph_server.account()
    example = Contract.load().examples[0].input
    call(example, base_url=account.base_url, account_id=account.id, api_token=account.token)
    assert [exchange.status for exchange in account.exchanges] == [200]

class TestClient(ClientConformance):
    run = ("examples",)

    def call(self, input, **account):
        return call(input, **account)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


PYTEST = ("-m", "pytest", "-q", "-p", "aleph_contract.pytest_plugin", "-p", "no:cacheprovider")


def test_a_suite_under_exec_is_judged_beside_them(folder: Path) -> None:
    (folder / "test_suite.py").write_text(UNDER_EXEC)
    found = run_command([sys.executable, *PYTEST])
    assert (found.command_exit, found.exit_code) == (0, 0)
    assert {result.name.rpartition("::")[2] for result in found.results} == {
        "test_files, call 1",
        "test_frozen, call 1",
        "test_after, call 1",
    }


def test_everything_that_is_loaded_lazily_is_loaded_before_a_test(folder: Path) -> None:
    (folder / "test_suite.py").write_text(ALONE)
    ran = subprocess.run(
        [sys.executable, *PYTEST],
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "ALEPH_CONTRACT_EXEC_URL"},
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert " failed" not in ran.stdout
