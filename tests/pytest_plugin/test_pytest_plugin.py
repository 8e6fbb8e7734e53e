"""The pytest plugin: a fake for tests, a test for every rule, no imports when unused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aleph_contract.pytest_plugin import conformance
from aleph_contract.rules import RULES

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]

#: Options of an inner test run: only our plugin, loaded by module name, so that this source tree
#: is tested and not an installed package.
ALONE = ("-p", "aleph_contract.pytest_plugin", "-p", "no:cacheprovider", "-W", "error")

CLIENT = f"""
import sys
sys.path.insert(0, {str(ROOT / "fixtures" / "clients")!r})
from urllib_client import run as send
from aleph_contract.pytest_plugin import ClientConformance

class Client(ClientConformance):
    run = ("examples", "boundary/seed/*")

    def call(self, input, **account):
        return send(self.change(input), **account)

    def change(self, input):
        return input
"""

DROPS_FALSY = """
class TestDrops(Client):
    def change(self, input):
        return {key: value for key, value in input.items() if value != 0}
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(pytester: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(CLIENT + source)
    return pytester.runpytest_inprocess(*ALONE, *options)


def test_the_fixtures_serve_isolated_accounts(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def edit(account, **input):
    return send(
        input,
        base_url=account.env["CLOUDFLARE_BASE_URL"],
        account_id=account.env["CLOUDFLARE_ACCOUNT_ID"],
        api_token=account.env["CLOUDFLARE_API_TOKEN"],
    )

def test_one(aleph_server, aleph_contract):
    one, two = aleph_server.account(), aleph_server.account()
    assert edit(one, **aleph_contract.examples[0].input).startswith("https://")
    assert [x.outcome for x in one.exchanges] == ["completed"]
    assert two.exchanges == ()

def test_session(aleph_server, request):
    assert request.getfixturevalue("aleph_server") is aleph_server
""",
    )
    result.assert_outcomes(passed=2)


def test_a_proxy_of_the_user_does_not_get_the_calls_to_the_fixture(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    pytester.makepyfile(
        """
import os, urllib.error, urllib.request

def test_call(aleph_server):
    try:
        urllib.request.urlopen(aleph_server.base_url)
    except urllib.error.HTTPError as error:
        error.close()
        assert error.code == 400
    assert len(aleph_server.exchanges) == 1
    assert os.environ["NO_PROXY"].startswith("intranet.example,")
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"]
"""
    )
    result = pytester.runpytest_subprocess(*ALONE)
    result.assert_outcomes(passed=1)


def test_another_contract_is_served_by_overriding_the_fixture(pytester: pytest.Pytester) -> None:
    entry = json.loads(
        (ROOT / "aleph_contract/contract/entries/runwayml__aleph-2.json").read_text()
    )
    (pytester.path / "entry.json").write_text(json.dumps(entry | {"model_id": "acme/other"}))
    result = run(
        pytester,
        """
import pytest
from aleph_contract import Contract

@pytest.fixture(scope="session")
def aleph_contract():
    return Contract.load("entry.json")

def test_other(aleph_server):
    account = aleph_server.account()
    with pytest.raises(Exception, match="acme|not found"):
        send({}, base_url=account.base_url, account_id=account.id, api_token=account.token)
    assert account.exchanges[0].outcome == "unknown-model"
""",
    )
    result.assert_outcomes(passed=1)


def test_every_rule_is_a_test_of_its_own(pytester: pytest.Pytester) -> None:
    result = run(pytester, "class TestGood(Client): pass", "-rs", "-v")
    counted = result.parseoutcomes()
    assert counted["passed"] + counted["skipped"] == len(RULES) + 1
    assert counted["passed"] >= 10
    result.stdout.fnmatch_lines(
        [
            "*::TestGood::test_rule?request.faithful? PASSED*",
            "*::TestGood::test_rule?error.bounded? SKIPPED*",
            "*::TestGood::test_every_case_is_accounted_for PASSED*",
            "SKIPPED*no case of this run could break the rule",
        ]
    )


def test_a_broken_rule_fails_with_its_finding_and_the_others_do_not(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, DROPS_FALSY)
    counted = result.parseoutcomes()
    assert counted["failed"] == 1
    assert counted["passed"] + counted["skipped"] == len(RULES)
    result.stdout.fnmatch_lines(
        [
            "*TestDrops.test_rule?request.faithful?*",
            "sent another input: missing /seed, in boundary/seed/minimum/on",
            "rule: request.faithful, the client sends exactly the input*",
            "intended: *",
            "sent:",
            "*missing*/seed: 0",
            "correct request: curl *",
            "again: run = ('boundary/seed/minimum/on',) in the class",
            "explained: aleph-contract explain request.faithful",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_known_failures_are_expected_and_unneeded_lines_fail(pytester: pytest.Pytester) -> None:
    known = pytester.path / "known.txt"
    known.write_text("boundary/seed/minimum/on  # zero is dropped\n")
    source = DROPS_FALSY + "    known_failing = 'known.txt'\n"
    result = run(pytester, source, "-rx")
    assert result.parseoutcomes()["xfailed"] == 1
    assert "failed" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(["XFAIL*request.faithful* known failures: zero is dropped"])
    known.write_text("boundary/seed/maximum/on  # not so\n")
    result = run(pytester, source)
    result.stdout.fnmatch_lines(["boundary/seed/maximum/on passed, but is a known failure*"])


def test_advice_does_not_fail_but_is_in_the_report(pytester: pytest.Pytester) -> None:
    source = """
class TestVague(Client):
    run = ("fault/*",)

    def call(self, input, **account):
        try:
            return send(input, **account)
        except Exception:
            raise ValueError("no") from None
"""
    result = run(pytester, source, "-rP")
    assert "failed" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(["*advice*", "its error lacks the * of the failure: *, in fault/*"])


def test_an_async_client_is_verified_too(pytester: pytest.Pytester) -> None:
    source = """
import asyncio
class TestAsync(Client):
    async def call(self, input, **account):
        return await asyncio.to_thread(send, input, **account)
"""
    assert "failed" not in run(pytester, source).parseoutcomes()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("call = ClientConformance.call", "TestIt defines no call(self, input, *, base_url, *"),
        ("def call(self, input): ...", "could not verify: *:TestIt.call is called with (input, *"),
        ("profile = 'lvie'", "could not verify: *profile*lvie*"),
        ("run = 'examples'", "could not verify: TestIt.run is a tuple of globs: ('examples',)"),
        ("run = ('no/such/case',)", "could not verify: no case is left to run*"),
        ("known_failing = 'no-such-file'", "could not verify: *no-such-file*"),
        ("contract = 'no-such-entry.json'", "could not verify: no-such-entry.json: *"),
    ],
)
def test_a_client_that_cannot_be_verified_is_an_error_of_one_line(
    pytester: pytest.Pytester, body: str, words: str
) -> None:
    result = run(pytester, f"class TestIt(Client):\n    {body}\n", "-k", "faithful or accounted")
    result.assert_outcomes(errors=2, deselected=len(RULES) - 1)
    result.stdout.fnmatch_lines([words.replace("[", "?")])


def test_workers_of_xdist_share_one_verification(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
class TestShared(Client):
    run = ("examples",)

    def change(self, input):
        with open(CALLS, "a") as calls:
            print(input["prompt"], file=calls)
        return input
""".replace("CALLS", repr(str(pytester.path / "calls")))
    )
    result = pytester.runpytest_subprocess(*ALONE, "-p", "xdist.plugin", "-n", "2", "-v")
    counted = result.parseoutcomes()
    assert counted["passed"] + counted["skipped"] == len(RULES) + 1
    result.stdout.fnmatch_lines(["*gw0*PASSED*"])
    result.stdout.fnmatch_lines(["*gw1*PASSED*"])
    prompts = (pytester.path / "calls").read_text().splitlines()
    assert len(prompts) == len(set(prompts)) > 1


def test_an_interrupt_during_the_verification_ends_the_test_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Interrupted:
        interrupted = True

    monkeypatch.setattr(conformance, "_verify", lambda _: Interrupted)
    with pytest.raises(KeyboardInterrupt):
        conformance.of(object)


def test_an_unused_plugin_imports_nothing(pytester: pytest.Pytester) -> None:
    heavy = ("fastapi", "hypothesis", "uvicorn", "fake_server", "jsonschema", "click", "rich")
    pytester.makepyfile(f"""
import sys

def test_nothing_is_loaded():
    assert "aleph_contract.pytest_plugin" in sys.modules
    ours = [name for name in sys.modules if name.startswith("aleph_contract")]
    inner = ["core", "core.lazy_names", "pytest_plugin", "version"]
    assert sorted(ours) == ["aleph_contract", *(f"aleph_contract.{{name}}" for name in inner)]
    assert not set({heavy!r}) & set(sys.modules)
""")
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=1)


def test_the_plugin_is_an_entry_point() -> None:
    from importlib.metadata import entry_points

    [point] = entry_points(group="pytest11", name="aleph_contract")
    assert point.value == "aleph_contract.pytest_plugin"


def test_packages_imported_before_the_plugin_cause_no_warning(pytester: pytest.Pytester) -> None:
    """When pytest loads a plugin, it marks the packages of the plugin for assertion rewriting.

    Of a package that is imported already it warns, and `-W error` then ends the whole test run.
    Example: a program that imports `aleph_contract` and calls `pytest.main()`.
    """
    pytester.makeconftest("""
import pytest
import aleph_contract.pytest_plugin, fake_server

pytest.register_assert_rewrite("aleph_contract", "aleph_contract.pytest_plugin", "fake_server")
""")
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=1)
