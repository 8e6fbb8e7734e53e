"""Fixtures for several modules: a fake, an account, a folder for processes, Node, a browser."""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, Tab, running_browser
from control_client import ControlClient
from hypothesis import HealthCheck, settings
from postgresql_server import PostgreSQLServer, postgresql_server
from process_state import gone
from workers_node import HERE, find_node

from aleph_contract.drivers.processes import without_proxy
from fake_server.account_handle import AccountHandle
from fake_server.http.app import App
from fake_server.http.control_app import create_control
from fake_server.http.factory import create_app
from fake_server.journal import open_journal
from fake_server.journal.base import Journal
from fake_server.server import Server, running

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores SIGINT, and processes of the tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests start Python a thousand times; without bytecode each start compiles the whole package.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What a terminal, a CI service or a proxy of the user would change in the output of programs.
for variable in (
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CLICOLOR", "CLICOLOR_FORCE"),
    *("GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"),
):
    os.environ.pop(variable, None)
os.environ.update(without_proxy())

# A loaded machine would exceed the deadline of 0.2 s for one example, and of 1 s for the first ten.
settings.register_profile(
    "tests", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Keep what Node compiles, for every Node program that a test of this run starts."""
    if "NODE_COMPILE_CACHE" not in os.environ:  # processes of xdist have that of the first
        folder = tempfile.TemporaryDirectory(prefix="node-", ignore_cleanup_errors=True)
        os.environ["NODE_COMPILE_CACHE"] = folder.name
        config.add_cleanup(folder.cleanup)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the long tests first: else one process runs the last of them while the other waits."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect the tests without garbage collection, which finds nothing among modules and tests."""
    gc.disable()
    yield
    gc.enable()


def pytest_collection_finish() -> None:
    """Leave the collected tests and their modules out of garbage collection: 330,000 objects.

    Of the others there are so many that a collection after each 700 takes a twentieth of all time.
    """
    gc.freeze()
    gc.set_threshold(10_000)
    # Suites that tests start use neither plugin, whose imports take longer than pytest itself, and
    # do not list the folders around theirs, which are those of all tests.
    os.environ["PYTEST_ADDOPTS"] = "-p no:hypothesispytest -p no:anyio --confcutdir=."


@pytest.fixture(scope="session")
def node() -> Path:
    """See `find_node`; skips where there is none."""
    return find_node()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """One PostgreSQL for all tests; skips where it is not installed."""
    with postgresql_server() as started:
        yield started


@pytest.fixture
def database(postgresql: PostgreSQLServer) -> str:
    """The URL of an empty database."""
    return postgresql.create_database()


@pytest.fixture(scope="module")
def replicas(postgresql: PostgreSQLServer) -> Iterator[tuple[Server, Server]]:
    """Two fakes that share a database."""
    url = postgresql.create_database()
    with running(journal=url) as one, running(journal=url) as two:
        yield one, two


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One fake for all tests of a module."""
    with running() as started:
        yield started


@pytest.fixture
def account(server: Server) -> AccountHandle:
    return server.account()


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run the test in an empty folder; afterwards all processes listed in `pids` must be gone."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    pids = tmp_path / "pids"
    if pids.exists():
        assert gone(*map(int, pids.read_text().split()))


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """A journal in memory, and one in a file."""
    opened = open_journal("memory" if request.param == "memory" else f"sqlite:{tmp_path}/j.db")
    yield opened
    opened.close()


@pytest.fixture
def app() -> App:
    """A fake without a socket."""
    return create_app()


@pytest.fixture
def client(app: App) -> ControlClient:
    """A client of the control API of `app`."""
    return ControlClient(create_control(app))


@pytest.fixture
def environment(node: Path, tmp_path: Path) -> dict[str, str]:
    """What the documentation sets so that the tools themselves stay offline, and a witness."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFLARE_", "ALEPH_"))}
    return mine | {
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "WRANGLER_HIDE_BANNER": "true",
        "WRANGLER_SEND_METRICS": "false",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
        "NODE_OPTIONS": f"--require {HERE / 'offline.cjs'}",
        "OFFLINE_LOG": str(tmp_path / "asked-for"),
        "NO_COLOR": "1",
    }


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; each opens a tab."""
    with running_browser() as started:
        yield started


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    """A tab on the start page; after the test it has logged nothing and used no other host."""
    with browser.tab() as tab:
        tab.open(server.inspector)
        tab.wait("document.querySelector('#live.on')")
        yield tab
        tab.ask("1")  # the browser reports all earlier events first
        assert tab.complaints == []
        other_hosts = {u for u in tab.requested if not u.startswith((server.origin + "/", "data:"))}
        assert other_hosts == set()
