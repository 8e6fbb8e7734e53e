"""The verdict: what counts as examined, clients that do not run, rules that the user selects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sample_runs as sample
from click.testing import CliRunner
from driving import drive
from test_runner import drops_zero, good, run

from aleph_contract.cli import cli
from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import CaseResult
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.errors import ArgumentError
from aleph_contract.reports.verdict import verdict
from aleph_contract.rules.coverage import UNTRIED, coverage
from aleph_contract.verify.known_failing import KnownFailing, Line
from aleph_contract.verify.rule_selection import RuleSelection

SKIPPED = Outcome("skipped", reason="not supported")


def skipped(name: str) -> CaseResult:
    return sample.case(name, "skipped", outcome=SKIPPED, exchanges=(), checked=())


def missing_module(_: Any, **__: Any) -> str:
    import no_such_module_of_a_client  # type: ignore[import-not-found]

    return str(no_such_module_of_a_client)


def bare_only(given: Any, **account: Any) -> str:
    from test_runner import post

    video = post(given, **account)["result"]["video"]
    assert isinstance(video, str)
    return video


def test_a_run_whose_cases_were_all_skipped_is_not_checked() -> None:
    found = sample.run(skipped("example/simple"), skipped("example/timed"))
    assert (found.exit_code, found.conformant) == (3, False)
    assert verdict(found, broken=0, advised=0).word == "not-checked"


def test_a_client_that_skips_the_cases_of_a_rule_does_not_conform() -> None:
    found = sample.run(sample.case("example/simple"), unexamined=("response.state",))
    assert found.exit_code == 3
    assert "response.state" in verdict(found, broken=0, advised=0).sentence


def test_a_failure_counts_although_a_rule_was_not_examined() -> None:
    assert replace(sample.FAILING, unexamined=("response.state",)).exit_code == 1


@pytest.mark.parametrize(
    ("driver", "told"),
    [
        (CommandDriver(["node", "no-such-file.mjs"]), "Cannot find module"),
        (CommandDriver(["sh", "-c", "echo the key is absent >&2; exit 1"]), "the key is absent"),
    ],
)
def test_a_client_that_does_not_run_is_not_judged(driver: CommandDriver, told: str) -> None:
    found = drive(driver, "examples", "boundary")
    assert found.exit_code == 3
    assert told in found.trouble[0]
    assert {r.phase for r in found.results} == {"examples"}


def test_a_callable_without_its_module_is_not_judged() -> None:
    found = run(missing_module, "examples", "boundary")
    assert found.exit_code == 3
    assert "no_such_module_of_a_client" in found.trouble[0]


def test_a_client_that_does_not_run_is_found_without_an_example_in_the_selection() -> None:
    def fails(_: Any, **__: Any) -> str:
        raise KeyError("ACCOUNT")

    found = run(fails, "boundary/seed/maximum/on")
    assert found.exit_code == 3
    assert "KeyError: 'ACCOUNT'" in found.trouble[0]


def test_a_strict_client_is_still_judged() -> None:
    def strict(given: Any, **account: Any) -> str:
        if "seed" in given:
            raise ValueError("no seed, please")
        return good(given, **account)

    assert run(strict, "boundary/seed/maximum/on").exit_code == 1


def test_the_verdict_names_both_profiles() -> None:
    both, bare = (run(client, "examples", "profile") for client in (good, bare_only))
    told = verdict(both, broken=0, advised=0)
    assert (both.other_profile, told.advice) == ("conforms", "")
    assert "with documented replies, and with live ones" in told.sentence
    told = verdict(bare, broken=0, advised=0)
    assert (bare.other_profile, bare.exit_code) == ("does-not-conform", 0)
    assert "but not with live ones" in told.sentence
    assert "result.result.video" in told.advice
    priced = run(bare_only, "profile", "fault/delayed/once")
    advice = verdict(priced, broken=0, advised=0).advice
    assert "after the run was paid for (1.68 USD for 5 s of video)." in advice


def test_advice_fails_the_client_on_request() -> None:
    found = run(bare_only, "examples", "profile", fail_on="advice")
    assert found.exit_code == 1


def test_only_selected_rules_are_judged() -> None:
    rules = RuleSelection(skip=("request.faithful", "boundary.*"))
    found = run(drops_zero, "boundary/seed/minimum/on", rules=rules)
    assert found.exit_code == 0
    assert "request.faithful" not in found.results[0].checked
    assert run(drops_zero, "boundary/seed/minimum/on").exit_code == 1


def test_a_glob_that_matches_no_rule_is_refused() -> None:
    with pytest.raises(ArgumentError, match="--rule requst"):
        RuleSelection(only=("requst.*",))


def test_a_rule_is_selected_by_its_earlier_name() -> None:
    assert "response.result" in RuleSelection(only=("response.video",))
    assert "response.result" not in RuleSelection(skip=("response.vid*",))


def test_the_first_failure_ends_the_run_on_request() -> None:
    cases = ("boundary/seed/*", "boundary/duration/*")
    found = run(drops_zero, *cases, stop_at_first=True)
    assert found.counts["failed"] == 1
    assert "stopped at the first failure" in found.notes[0]
    assert len(found.results) < len(run(drops_zero, *cases).results)


def test_a_known_failing_line_may_name_a_rule_or_a_pointer() -> None:
    known = KnownFailing(
        (Line("rule request.faith*", "a", 1), Line("pointer /seed", "b", 2), Line("rule x", "c", 3))
    )
    marked, unexpected, stale = known.apply((sample.DROPPED, sample.REFUSED))
    assert [result.status for result in marked] == ["expected", "failed"]
    assert (marked[0].reason, unexpected, stale) == ("a", (), ("pointer /seed", "rule x"))
    (pointed,), _, _ = KnownFailing((Line("pointer /seed", "b", 1),)).apply((sample.DROPPED,))
    assert pointed.status == "expected"
    (other,), _, _ = KnownFailing((Line("pointer /see", "b", 1),)).apply((sample.DROPPED,))
    assert other.status == "failed"


def test_a_run_with_expected_failures_says_so_in_its_title() -> None:
    found = sample.run(sample.EXPECTED, sample.case("example/simple"))
    told = verdict(found, broken=0, advised=0)
    assert (told.word, told.title) == ("conforms", "Conforms except for expected failures")


def test_a_skipped_or_lost_case_tries_no_constraint() -> None:
    lost = sample.case(
        "boundary/seed/maximum/on",
        outcome=Outcome("crashed", reason="ended"),
        exchanges=(),
        polarity="valid",
        constraint="seed/maximum",
    )
    rows = [row for row in coverage((lost,)) if row.constraint == "seed/maximum"]
    assert all(row.observed in UNTRIED for row in rows)


def test_the_options_reach_the_verification(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "client_of_options.py").write_text(
        "def call(given, **_):\n    raise ValueError('refused')\n"
    )
    monkeypatch.chdir(tmp_path)
    words = ["--python", "client_of_options:call", "--run", "boundary/seed/maximum/above"]
    words += ["--rule", "boundary.not-repaired", "--fail-on", "advice", "-x"]
    ended = CliRunner().invoke(cli, ["verify", "client", *words], standalone_mode=False)
    assert (ended.return_value, ended.exception) == (0, None), ended.output
