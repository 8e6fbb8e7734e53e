"""Fixtures and a conformance class for pytest.

pytest loads this module in every run of every project that shares an environment with it, so it
imports nothing but pytest; a fixture imports the fake or the verifier when a test requests it.

PYTEST_DONT_REWRITE: see `aleph_contract/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aleph_contract.contract import Contract
    from aleph_contract.pytest_plugin.conformance import Conformance
    from fake_server.server import Server


@pytest.fixture(scope="session")
def aleph_contract() -> Contract:
    """The contract that `aleph_server` serves; override it, for the session, to serve another."""
    from aleph_contract.contract import Contract

    return Contract.load()


@pytest.fixture(scope="session")
def aleph_server(aleph_contract: Contract) -> Iterator[Server]:
    """A running fake; `aleph_server.account()` is an account that no other test uses."""
    from fake_server.server import running

    with running(aleph_contract) as server:
        yield server


class ClientConformance:
    """Turns every rule into a test of one client: subclass it, and define `call`.

        class TestMyClient(ClientConformance):
            def call(self, input, *, base_url, account_id, api_token):
                return MyClient(base_url, account_id, api_token).edit(**input)

    `call` returns the URL of the video, or JSON data that holds it; what it raises is an error.
    It may be `async`. It is called from several threads (or, if async, by several tasks) at once,
    on an instance of its own.

    The client is verified once, when the first rule is tested. A rule of which only advice is
    found passes, with the advice in the report (`-rP`); one that no case examined is skipped; one
    whose findings are all known is expected to fail.

    Attributes:
        profile: Reply shape, `documented` or `live`.
        run: Globs over case names, or names of phases; empty means all.
        skip: The same, left out.
        max_examples: Inputs that Hypothesis draws for each property; 0 leaves the phase out.
        seed: Decides every draw.
        timeout: Seconds that `call` has.
        patience: Seconds it has where no answer ever comes.
        jobs: Calls in flight; `None` for what suits the client.
        require_local_validation: Whether violating input must not reach the network.
        known_failing: File of cases that may fail.
        contract: Catalog entry to hold the client to; `None` for the shipped one.
    """

    profile: str = "documented"
    run: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    max_examples: int = 50
    seed: int = 0
    timeout: float = 30.0
    patience: float = 1.0
    jobs: int | None = None
    require_local_validation: bool = False
    known_failing: str | None = None
    contract: str | None = None

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
        """Every case was carried out, and the known failures are the present ones."""
        if aleph_conformance.books:
            pytest.fail(aleph_conformance.books, pytrace=False)


@pytest.fixture(scope="class")
def aleph_conformance(request: pytest.FixtureRequest) -> Conformance:
    """What the verification of a class found; workers of pytest-xdist share one."""
    if request.cls.call is ClientConformance.call:
        signature = "call(self, input, *, base_url, account_id, api_token)"
        pytest.fail(f"{request.cls.__name__} defines no {signature}", pytrace=False)
    from aleph_contract.pytest_plugin import conformance

    found = conformance.of(request.cls, _shared(request))
    if found.trouble:
        pytest.fail(f"could not verify: {found.trouble}", pytrace=False)
    return found


def _shared(request: pytest.FixtureRequest) -> Any:
    """A folder that all workers of this run see; `None` where there are none."""
    if not hasattr(request.config, "workerinput"):
        return None
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return factory.getbasetemp().parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make an item of every rule."""
    if "aleph_rule" in metafunc.fixturenames:
        from aleph_contract.rules import RULES

        metafunc.parametrize("aleph_rule", RULES)
