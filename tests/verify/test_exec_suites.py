"""Test suites under `exec`: ordinary ones are not accused, each planted bug is, by its rule."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from exec_suites import (
    AT_IMPORT,
    BROKEN_FIXTURE,
    BROKEN_PYTEST,
    BROKEN_SEVEN,
    BROKEN_VITEST,
    CLIENT,
    FIXTURE,
    NEGATIVE,
    PYTEST,
    SEVEN,
    SHELL,
    UNITTEST,
    UNTYPED,
    VITEST,
)
from workers_node import PACKAGES, find_node

from aleph_contract import pytest_plugin
from aleph_contract.core.results import Verification
from aleph_contract.verify import exec_command
from aleph_contract.verify.exec_command import run_command


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user's project."""
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "conftest.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return tmp_path


def run(folder: Path, source: str, *options: str) -> Verification:
    (folder / "test_suite.py").write_text(source)
    return run_command([sys.executable, *(options or PYTEST)])


def broken(found: Verification) -> set[str]:
    return {f.rule for result in found.results for f in result.broken}


def show(kind: str, found: Verification) -> None:
    """Print a row of the table that `pytest -s` shows: kind, verdict, rules."""
    verdict = "accused" if broken(found) else "not accused"
    sys.stdout.write(f"\n{kind:24} {verdict:12} {', '.join(sorted(broken(found)))}\n")


#: Suites that pytest runs in one process, each in a file of its own.
ORDINARY = {
    "parametrized": SEVEN,
    "negative": NEGATIVE,
    "read_at_import": AT_IMPORT,
    "fixture": FIXTURE,
    "unittest": UNITTEST,
}
BROKEN = {"plain": BROKEN_PYTEST, "parametrized": BROKEN_SEVEN, "fixture": BROKEN_FIXTURE}


def rules_by_file(
    folder: Path, sources: dict[str, str], *options: str
) -> tuple[Verification, dict[str, set[str]]]:
    """Run the suites, and collect the rules broken by the calls of each file."""
    for name, source in sources.items():
        (folder / f"test_{name}.py").write_text(source)
    found = run_command([sys.executable, *PYTEST, *options])
    rules: dict[str, set[str]] = {}
    for result in found.results:
        file = result.name.partition("::")[0].removeprefix("test_").removesuffix(".py")
        rules.setdefault(file, set()).update(finding.rule for finding in result.broken)
    return found, rules


def test_ordinary_suites_of_pytest_are_not_accused(suite: Path) -> None:
    found, rules = rules_by_file(suite, ORDINARY)
    assert rules == {name: set() for name in ORDINARY}
    assert (found.command_exit, found.exit_code) == (0, 0)


def test_planted_bugs_in_suites_of_pytest_are_accused_by_their_rule(suite: Path) -> None:
    found, rules = rules_by_file(suite, BROKEN)
    assert rules == {name: {"error.not-retried"} for name in BROKEN}
    assert (found.command_exit, found.exit_code) == (0, 1)


def test_suites_under_xdist_are_judged_by_file(suite: Path) -> None:
    sources = {"ordinary": SEVEN, "broken": BROKEN_PYTEST}
    found, rules = rules_by_file(suite, sources, "-p", "xdist.plugin", "-n", "2")
    assert rules == {"ordinary": set(), "broken": {"error.not-retried"}}
    assert (found.command_exit, found.exit_code) == (0, 1)


@pytest.mark.parametrize(
    ("source", "rules"), [(UNITTEST, set()), (UNTYPED, {"request.content-type"})]
)
def test_a_suite_of_unittest_is_judged(suite: Path, source: str, rules: set[str]) -> None:
    found = run(suite, source, "-m", "unittest", "-q")
    show("unittest", found)
    assert found.results
    assert (broken(found), found.command_exit, found.exit_code) == (rules, 0, bool(rules))


def test_a_finding_names_its_test_and_a_negative_test_is_counted(suite: Path) -> None:
    found = run(suite, BROKEN_PYTEST + NEGATIVE)
    names = [result.name for result in found.results if result.broken]
    assert names == ["test_suite.py::test_retry, call 1"]
    assert found.notes == ("1 refused call in tests that passed: taken as meant by the test",)


def test_without_borders_a_refusal_names_the_option(suite: Path) -> None:
    found = run(suite, NEGATIVE, *PYTEST[:-2])
    [finding] = [f for result in found.results for f in result.broken]
    assert finding.message.endswith("--expect-refusals")


def test_loopback_is_out_of_the_reach_of_a_proxy(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    check = "\n\ndef test_kept():\n    import os\n"
    check += "    assert os.environ['no_proxy'] == os.environ['NO_PROXY']\n"
    check += "    assert os.environ['no_proxy'].startswith('intranet.example,')\n"
    found = run(suite, SEVEN + check)
    assert (found.exit_code, len(found.results)) == (0, 7)


def test_exec_and_the_plugin_use_the_same_variable() -> None:
    """Neither may import the other: the plugin loads nothing, and is above `verify`."""
    assert exec_command.EXEC_VARIABLE == pytest_plugin.EXEC_VARIABLE


@pytest.mark.parametrize(
    ("kind", "rules"), [("application/json", set()), ("text/plain", {"request.content-type"})]
)
def test_a_shell_script_is_judged(suite: Path, kind: str, rules: set[str]) -> None:
    (suite / "test.sh").write_text(SHELL.replace("TYPE", kind))
    found = run_command(["sh", "test.sh"])
    show("shell script", found)
    assert (broken(found), found.command_exit) == (rules, 0)


@pytest.mark.parametrize(
    ("source", "rules"), [(VITEST, set()), (BROKEN_VITEST, {"request.content-type"})]
)
def test_a_vitest_suite_is_judged(suite: Path, source: str, rules: set[str]) -> None:
    node = find_node()
    (suite / "node_modules").symlink_to(PACKAGES)
    (suite / "edit.test.js").write_text(source)
    found = run_command([str(node), str(PACKAGES / "vitest/vitest.mjs"), "run"])
    show("vitest", found)
    assert (broken(found), found.command_exit) == (rules, 0)
    assert len(found.results) == (6 if rules else 5)


def test_a_wildcard_address_is_told_as_one_that_can_be_reached(suite: Path) -> None:
    check = "\n\ndef test_told():\n    import os\n"
    check += "    assert '0.0.0.0' not in os.environ['CLOUDFLARE_BASE_URL']\n"
    (suite / "test_suite.py").write_text(SEVEN + check)
    found = run_command([sys.executable, *PYTEST], host="0.0.0.0")
    assert (found.exit_code, len(found.results)) == (0, 7)


def test_calls_to_other_routes_are_named_once_and_not_judged(suite: Path) -> None:
    check = """

def test_token():
    import os, urllib.request
    for path in ("/user/tokens/verify", "/user/tokens/verify", "/nonsense"):
        with pytest.raises(Exception):
            urllib.request.urlopen(os.environ["CLOUDFLARE_BASE_URL"] + path)
    edit()
"""
    found = run(suite, SEVEN + check)
    assert broken(found) == {"request.route"}, "of the unknown route"
    assert [r.exchanges[0].target for r in found.results if r.broken] == ["/client/v4/nonsense"]
    note = "calls to other routes, which are not judged: GET /user/tokens/verify (2)"
    assert note in found.notes
