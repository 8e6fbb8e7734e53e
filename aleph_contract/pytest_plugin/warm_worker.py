"""Under `aleph-contract mutate`: run chosen tests again and again, each time in a fork.

The process has collected the tests, so every module is imported. A fork costs milliseconds, and a
test that changes a module or leaves a thread behind does not disturb the next one.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from aleph_contract.pytest_plugin.borders import test_name
from aleph_contract.remote_fake.control import connect

#: Options that run the tests in this process and without coverage, by the plugin that knows them.
#: A plugin has the first name if it is installed, the second one if `-p` loads it.
_OPTIONS = {("xdist", "xdist.plugin"): "-n0", ("pytest_cov", "pytest_cov.plugin"): "--no-cov"}


#: Outcomes of a failed attempt.
_FAILED = frozenset({"failed", "rerun"})

#: The modules whose fixtures make no call.
_NOT_OF_SUITE = ("_pytest.", "aleph_contract.", "anyio.", "xdist.", "pytest_")


class WarmWorker:
    """A pytest session that takes jobs from `mutate` instead of running its tests.

    A job is `{"tests": [...], "seconds": S}`; the answer is `{"outcomes": {test: outcome}}`, with
    the tests that ran: the last one is the first that failed, if one did. The outcome of a test
    that exceeds the time limit is `timeout`, that of one whose process ends `crashed`. The first
    line names the tests, and of each the fixtures that it shares with others: a fixture that one
    test sets up for several makes its calls in each of them when they run alone.

    Args:
        address: `PORT:SECRET` of the listening `mutate` on this machine.
        config: The configuration so far.
        arguments: The arguments of pytest; options are appended.
    """

    def __init__(self, address: str, config: pytest.Config, arguments: list[str]) -> None:
        port, _, secret = address.partition(":")
        self._socket = connect("127.0.0.1", int(port))
        self._lines = self._socket.makefile("rb")
        self._send({"secret": secret})
        for names, option in _OPTIONS.items():
            if any(map(config.pluginmanager.hasplugin, names)):
                arguments.append(option)
        if config.pluginmanager.hasplugin("tmpdir"):  # two workers must not share --basetemp
            arguments.append(f"--basetemp={Path(tempfile.mkdtemp(), 'pytest')}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run jobs until `mutate` closes the connection."""
        items = {test_name(item): item for item in session.items}
        shared = {name: _shared_fixtures(item) for name, item in items.items()}
        self._send({"ready": not session.testsfailed, "shared": shared})
        for line in self._lines:
            job = json.loads(line)
            chosen = [items[name] for name in job["tests"] if name in items]
            self._send({"outcomes": _run_forked(chosen, job["seconds"])})
        return True

    def pytest_unconfigure(self) -> None:
        """Close the connection."""
        self._lines.close()
        self._socket.close()

    def _send(self, document: Any) -> None:
        self._socket.sendall(json.dumps(document).encode() + b"\n")


def _shared_fixtures(item: pytest.Item) -> list[str]:
    """The fixtures of the suite that a test shares with other tests, by place and name."""
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return [
        f"{fixture.baseid}::{fixture.argname}"
        for fixtures in known.values()
        for fixture in fixtures
        if fixture.scope != "function" and _is_of_suite(fixture)
    ]


def _is_of_suite(fixture: Any) -> bool:
    """Whether a fixture, or a `setUpClass` that pytest made one of, is code of the suite."""
    set_up = fixture.argname.startswith(("_unittest_", "_xunit_"))
    return set_up or not fixture.func.__module__.startswith(_NOT_OF_SUITE)


class _Outcomes:
    """Collects the outcome of each phase of a test."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a phase; a plugin that reruns failed tests reports `rerun`."""
        self.seen.add("failed" if report.outcome in _FAILED else report.outcome)

    def take(self) -> str:
        """The outcome of the test that has ended."""
        seen, self.seen = self.seen, set()
        return next((word for word in ("failed", "skipped") if word in seen), "passed")


def _run_forked(items: Sequence[pytest.Item], seconds: float) -> dict[str, str]:
    """Run tests in a fork until one fails; return their outcomes by name."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a test module may have started a thread
        child = os.fork()
    if child == 0:
        os.close(reader)
        _run_and_exit(items, writer)
    os.close(writer)
    try:
        return _watch(items, reader, seconds)
    finally:
        os.close(reader)
        for victim in (os.killpg, os.kill):  # the group exists once the fork has called setsid
            with contextlib.suppress(ProcessLookupError, PermissionError):
                victim(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _run_and_exit(items: Sequence[pytest.Item], writer: int) -> None:
    """In the fork: run tests, write a line for each, and end without any clean-up of the parent."""
    try:
        os.setsid()
        for item, outcome in _outcomes(items):
            os.write(writer, json.dumps([test_name(item), outcome]).encode() + b"\n")
            if outcome == "failed":
                break
    finally:
        os._exit(0)


def _outcomes(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, str]]:
    outcomes = _Outcomes()
    for item in items:
        manager = item.config.pluginmanager
        if not manager.is_registered(outcomes):
            manager.register(outcomes)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        yield item, outcomes.take()


def _watch(items: Sequence[pytest.Item], reader: int, seconds: float) -> dict[str, str]:
    """Read the lines of the fork; the test without a line was cut off."""
    deadline = time.monotonic() + seconds
    raw, ended = b"", "crashed"
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            ended = "timeout"
            break
        chunk = os.read(reader, 65536)
        if not chunk:
            break
        raw += chunk
    outcomes = dict(map(json.loads, raw.decode().splitlines()))
    if "failed" not in outcomes.values():
        cut = next((test_name(item) for item in items if test_name(item) not in outcomes), None)
        if cut is not None:
            outcomes[cut] = ended
    return outcomes
