"""Under `aleph-contract exec`: report each test to the fake, and give it an account of its own.

A suite may read the variables when it is imported or during a test. Both work: during a test they
name the account of the test, else that of the process, and each accepts the token of the other.
A failure to report never fails a test: the judge then has no borders.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Generator, Mapping
from typing import Any

import pytest

from aleph_contract.errors import AlephContractError
from aleph_contract.remote_fake.control import Control

ACCOUNT = "CLOUDFLARE_ACCOUNT_ID"
TOKEN = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of a variable
_NAMES = (ACCOUNT, TOKEN)

#: Set by `exec`: begins the names of all processes of the suite.
PROCESS_VARIABLE = "ALEPH_CONTRACT_EXEC_PROCESS"

#: Longest name of a test that is reported whole.
MAX_NAME = 500

#: Set by pytest-xdist in its workers.
_WORKER = "PYTEST_XDIST_WORKER"


class Borders:
    """The reporter of one test process.

    Args:
        control: The control API of the fake of `exec`.
    """

    def __init__(self, control: Control) -> None:
        self.process = os.environ.get(PROCESS_VARIABLE, "") + secrets.token_hex(8)
        self._control: Control | None = control
        self._own = {name: os.environ.get(name, "") for name in _NAMES}
        if _WORKER in os.environ:
            self._create_own_account()
        self._running: int | None = None
        self._given: dict[str, str] = {}
        self._outcomes: set[str] = set()

    def _create_own_account(self) -> None:
        """Give a worker an account: several workers run tests at the same time."""
        made = self._call("POST", "/accounts", {"process": self.process})
        if made is not None:
            self._own = {name: made["env"][name] for name in _NAMES}
            os.environ.update(self._own)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Report that a test begins; a plugin that reruns a test calls this again."""
        self._end()
        self._outcomes = set()
        report = {
            "process": self.process,
            "account": self._own[ACCOUNT],
            "test": test_name(item),
            "repeats": _repeats(item),
        }
        if (begun := self._call("POST", "/tests", report)) is not None:
            self._running = begun["number"]
            self._given = {name: begun["account"]["env"][name] for name in _NAMES}
            _replace(self._own, self._given)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note the outcome of a phase of the test."""
        report = yield
        self._outcomes.add(report.outcome)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        """Report that the test has ended, once its fixtures are torn down."""
        try:
            return (yield)
        finally:
            self._end()

    def pytest_sessionfinish(self) -> None:
        """Close the connection."""
        self._end()
        if self._control is not None:
            self._control.close()

    def _end(self) -> None:
        number, self._running = self._running, None
        if number is None:
            return
        _replace(self._given, self._own)
        outcomes = self._outcomes
        bad = next((outcome for outcome in ("failed", "skipped") if outcome in outcomes), "passed")
        self._call("PUT", f"/tests/{number}", {"outcome": bad})

    def _call(self, method: str, path: str, document: Any) -> Any:
        """Call the control API; after one failure never again."""
        if self._control is None:
            return None
        try:
            return self._control.call(method, path, document)
        except AlephContractError:
            self._control = None
            return None


def test_name(item: pytest.Item) -> str:
    """The name of a test, as it is reported."""
    return item.nodeid.encode("ascii", "backslashreplace").decode()[:MAX_NAME]


test_name.__test__ = False  # type: ignore[attr-defined] # pytest: not a test


def _replace(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Replace the variables, unless the suite has set its own."""
    if all(os.environ.get(name) == value for name, value in old.items()):
        os.environ.update(new)


def _repeats(item: pytest.Item) -> bool:
    """Whether a test runs its body several times: Hypothesis and pytest-benchmark do."""
    with contextlib.suppress(Exception):  # `obj` may be a property of another plugin
        function = getattr(item, "obj", None)
        drawn = bool(getattr(function, "is_hypothesis_test", False))
        return drawn or "benchmark" in getattr(item, "fixturenames", ())
    return False
