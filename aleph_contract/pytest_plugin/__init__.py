"""Fixtures and a conformance class for pytest.

pytest loads this module in every test run of every project in the same environment. So it imports
nothing but pytest; a fixture imports the fake or the verifier when a test requests it.

PYTEST_DONT_REWRITE: see `aleph_contract/__init__.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aleph_contract.contract import Contract
    from aleph_contract.pytest_plugin.conformance import Conformance
    from aleph_contract.remote_fake.server import RemoteServer
    from fake_server.server import Server

#: Environment variable of `aleph-contract exec`: the URL of the control API of its fake. Without
#: it, this plugin reports nothing.
EXEC_VARIABLE = "ALEPH_CONTRACT_EXEC_URL"

#: Environment variables of a fake that runs elsewhere: its URL, and the token of its control API.
FAKE_VARIABLE = "ALEPH_CONTRACT_FAKE_URL"
ADMIN_TOKEN_VARIABLE = "ALEPH_CONTRACT_ADMIN_TOKEN"  # noqa: S105 - the name of a variable

#: Environment variable of `aleph-contract mutate`: where this process gets its jobs.
WORKER_VARIABLE = "ALEPH_CONTRACT_WARM_WORKER"

_FIXTURES = frozenset({"aleph_contract", "aleph_server", "aleph_conformance"})


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Under `exec`, report the tests; the report begins before any module of the suite loads.

    Under `mutate`, wait for jobs instead of running all tests.
    """
    if os.environ.get(EXEC_VARIABLE):
        from aleph_contract.pytest_plugin.borders import Borders
        from aleph_contract.remote_fake.control import Control

        token = os.environ.get(ADMIN_TOKEN_VARIABLE) or None
        borders = Borders(Control(os.environ[EXEC_VARIABLE], token))
        early_config.pluginmanager.register(borders, "aleph_contract_borders")
    if os.environ.get(WORKER_VARIABLE):
        from aleph_contract.pytest_plugin.warm_worker import WarmWorker

        worker = WarmWorker(os.environ.pop(WORKER_VARIABLE), early_config, args)
        early_config.pluginmanager.register(worker, "aleph_contract_warm_worker")


@pytest.fixture(scope="session")
def aleph_contract() -> Contract:
    """The contract that `aleph_server` serves; override this session fixture to serve another."""
    from aleph_contract.contract import Contract

    return Contract.load()


@pytest.fixture(scope="session")
def aleph_server(
    aleph_contract: Contract, request: pytest.FixtureRequest
) -> Iterator[Server | RemoteServer]:
    """A running fake; `aleph_server.account()` creates an account that no other test uses.

    Under `exec` it is the fake of `exec`, which judges the traffic; with the variable
    `ALEPH_CONTRACT_FAKE_URL` it is the fake there; unless that serves another contract. While a
    new fake runs, `NO_PROXY` and `no_proxy` also exclude this machine.
    """
    if url := os.environ.get(EXEC_VARIABLE) or os.environ.get(FAKE_VARIABLE):
        from aleph_contract.remote_fake.server import RemoteServer

        borders = request.config.pluginmanager.get_plugin("aleph_contract_borders")
        remote = RemoteServer(
            url,
            process=borders.process if borders else None,
            admin_token=os.environ.get(ADMIN_TOKEN_VARIABLE) or None,
        )
        if remote.serves(aleph_contract):
            yield remote
            return
    from aleph_contract.drivers.processes import without_proxy
    from fake_server.server import running

    with pytest.MonkeyPatch.context() as patch, running(aleph_contract) as server:
        for name, hosts in without_proxy().items():
            patch.setenv(name, hosts)
        yield server


class ClientConformance:
    """Makes one test of every rule for a client: subclass it, and define `call`.

        class TestMyClient(ClientConformance):
            def call(self, input, *, base_url, account_id, api_token):
                return MyClient(base_url, account_id, api_token).edit(**input)

    `call` returns the result of the run, such as a URL, or JSON data that contains it. An exception
    is an error report. `call` may be `async`. Several threads (or, if async, several tasks) call it
    concurrently, on one instance that no test uses.

    The client is verified once, before the first rule is tested. A rule with advice only passes,
    and `-rP` shows the advice. A rule that no case could break is skipped. A rule that only known
    failures break is an expected failure (xfail).

    Attributes:
        profile: Reply shape, `documented` or `live`.
        run: Globs over case names, or names of phases; empty means all.
        skip: Globs over case names, or names of phases, that are left out.
        max_examples: Inputs that Hypothesis draws for each property; 0 leaves the phase out.
        seed: Seed of the draws.
        timeout: Seconds that `call` has for one case.
        patience: Seconds that `call` has for a case that is never answered; see `Settings`.
        jobs: Maximum number of concurrent calls; `None` for the default.
        require_local_validation: Whether `call` must refuse a violating input before sending.
        known_failing: Path of a file of expected failures.
        contract: Path of a catalog entry to judge by, or several paths of entries and folders;
            `None` for the shipped one.
        model: Model to verify, where `contract` names several.
    """

    profile: str = "documented"
    run: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    max_examples: int = 50
    seed: int = 0
    timeout: float = 30.0
    patience: float | None = None
    jobs: int | None = None
    require_local_validation: bool = False
    known_failing: str | None = None
    contract: str | Sequence[str] | None = None
    model: str | None = None

    def call(self, input: Any, *, base_url: str, account_id: str, api_token: str) -> Any:  # noqa: A002 - the documented name
        """Make one call with the client under test."""
        raise NotImplementedError

    def test_rule(
        self, aleph_rule: str, aleph_conformance: Conformance, request: pytest.FixtureRequest
    ) -> None:
        """The client keeps one rule."""
        status, text = aleph_conformance.rules[aleph_rule]
        if status == "broken":
            pytest.fail(text, pytrace=False)
        if status == "expected":
            pytest.xfail(text)
        if status == "not examined":
            pytest.skip(text)
        if text:
            request.node.add_report_section("call", "advice", text)

    def test_every_case_is_accounted_for(self, aleph_conformance: Conformance) -> None:
        """Every case was run, and every line of the known failures is still needed."""
        if aleph_conformance.unaccounted:
            pytest.fail(aleph_conformance.unaccounted, pytrace=False)


@pytest.fixture(scope="class")
def aleph_conformance(request: pytest.FixtureRequest) -> Conformance:
    """The verification of the class; the workers of pytest-xdist share one."""
    if request.cls.call is ClientConformance.call:
        signature = "call(self, input, *, base_url, account_id, api_token)"
        pytest.fail(f"{request.cls.__name__} defines no {signature}", pytrace=False)
    from aleph_contract.pytest_plugin import conformance

    result = conformance.of(request.cls, _shared(request))
    if result.trouble:
        pytest.fail(f"could not verify: {result.trouble}", pytrace=False)
    return result


def _shared(request: pytest.FixtureRequest) -> Any:
    """A directory that all workers of pytest-xdist share; `None` without workers."""
    if not hasattr(request.config, "workerinput"):
        return None
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return factory.getbasetemp().parent


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Load what the tests will need, before a library replaces the file system of a test."""
    requested = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    used = _FIXTURES & requested
    if used or "aleph_contract.contract" in sys.modules:
        from aleph_contract.pytest_plugin.preload import preload

        verifies = "aleph_conformance" in used or "aleph_contract.verify.runner" in sys.modules
        fakes = "aleph_server" in used and EXEC_VARIABLE not in os.environ
        preload(verifier=verifies, fake=fakes)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test item of every rule."""
    if "aleph_rule" in metafunc.fixturenames:
        from aleph_contract.rules import RULES

        metafunc.parametrize("aleph_rule", RULES)
