"""The rule table is complete, and the command line shows it unchanged."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from click.testing import CliRunner

from aleph_contract import rules
from aleph_contract.cli import cli, run
from aleph_contract.core.results import Finding
from aleph_contract.rules import ALIASES, RULES, canonical, matches
from aleph_contract.rules.server_table import SERVER_RULES
from aleph_contract.verify.known_failing import Line
from aleph_contract.verify.plans import selected
from fake_server.replies.faults import FAULTS
from fake_server.runs.rest import step_named
from fake_server.state.scenarios import scenario


def test_ids_are_area_and_name() -> None:
    assert all(rule.id == key and key.count(".") == 1 for key, rule in RULES.items())


def test_rules_that_rest_on_observations_are_advice() -> None:
    weak = {rule.id for rule in RULES.values() if rule.provenance in ("observed", "assumed")}
    assert all(RULES[rule].level == "advice" for rule in weak)


def test_every_rule_has_a_reason_a_cause_and_a_fix() -> None:
    for rule in RULES.values():
        assert all(text.endswith(".") for text in (rule.why, rule.cause, rule.fix)), rule.id
        assert not rule.sentence.endswith(".")


def test_the_command_lists_every_rule_within_80_columns() -> None:
    shown = CliRunner().invoke(cli, ["rules"]).output
    assert all(rule in shown for rule in RULES)
    assert max(map(len, shown.splitlines())) <= 80


def test_the_command_prints_the_table_as_json_lines() -> None:
    lines = CliRunner().invoke(cli, ["rules", "--json"]).output.splitlines()
    assert [json.loads(line) for line in lines] == [asdict(rule) for rule in RULES.values()]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_be_explained(rule: str) -> None:
    result = CliRunner().invoke(cli, ["explain", rule])
    assert result.exit_code == 0
    words = " ".join(result.output.split())
    assert RULES[rule].sentence in words
    assert RULES[rule].fix in words


def test_an_unknown_name_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "request.faithfull"]) == 2
    message = capsys.readouterr().err
    assert "did you mean request.faithful" in message
    assert "Traceback" not in message


def test_the_package_has_its_public_names_and_no_other() -> None:
    assert {name: getattr(rules, name) for name in rules.__all__}["RULES"] is RULES
    assert dir(rules) == sorted(rules.__all__)
    with pytest.raises(AttributeError) as raised:
        _ = rules.nothing
    assert str(raised.value) == "module 'aleph_contract.rules' has no attribute 'nothing'"


def test_a_finding_is_a_value() -> None:
    assert Finding("a.b", "must", "x") == Finding("a.b", "must", "x")


def test_an_earlier_id_of_a_rule_stands_for_the_rule_in_explain_and_in_globs() -> None:
    assert canonical("response.video") == "response.result"
    assert canonical("response.state") == "response.state"
    shown = CliRunner().invoke(cli, ["explain", "response.video"])
    assert shown.output.startswith("rule response.result ")
    assert Line("response.video", "reason", 1).matches("response.result")
    assert selected("response.result", "example", ["response.video"], [])
    assert not Line("response.video", "reason", 1).matches("response.state")


def test_a_glob_matches_the_present_or_the_earlier_name_in_its_case() -> None:
    present = "fault/result-member-null/once"
    for pattern in (present, "fault/video-null/once", "fault/video-*", "fault/result-*"):
        assert matches(present, pattern)
    for pattern in ("fault/video", "fault/VIDEO-*", "fault/other*", "video-null"):
        assert not matches(present, pattern)
    assert not matches("fault/hang/once", "fault/video-*")


def test_an_earlier_name_stands_for_a_rule_or_a_fault_that_exists() -> None:
    assert set(ALIASES.values()) <= {*RULES, *FAULTS}
    assert not {*ALIASES} & {*RULES, *FAULTS}


@pytest.mark.parametrize("earlier", [name for name in ALIASES if ALIASES[name] in FAULTS])
def test_an_earlier_name_of_a_fault_works_in_explain_globs_and_scenarios(earlier: str) -> None:
    present = ALIASES[earlier]
    shown = CliRunner().invoke(cli, ["explain", earlier])
    assert shown.output.startswith(f"fault {present} ")
    for pattern in (f"fault/{earlier}/once", f"fault/{earlier}*", f"*/{earlier}/*"):
        assert Line(pattern, "reason", 1).matches(f"fault/{present}/once")
        assert selected(f"fault/{present}/once", "faults", [pattern], [])
        assert not selected("fault/result-null/once", "faults", [pattern], [])
    assert step_named(f"fault-{earlier}").fault is FAULTS[present]
    assert scenario([{"fault": earlier}])[0].fault is FAULTS[present]


def test_rules_lists_the_server_rules() -> None:
    lines = CliRunner().invoke(cli, ["rules", "--server", "--json"]).output.splitlines()
    assert [json.loads(line) for line in lines] == [asdict(r) for r in SERVER_RULES.values()]
    shown = CliRunner().invoke(cli, ["rules", "--server"]).output
    assert "the server answers every portable valid input" in " ".join(shown.split())


@pytest.mark.parametrize("rule", SERVER_RULES)
def test_every_server_rule_can_be_explained(rule: str) -> None:
    result = CliRunner().invoke(cli, ["explain", rule])
    assert result.exit_code == 0
    words = " ".join(result.output.split())
    assert f"The server {SERVER_RULES[rule].sentence}." in words
    assert SERVER_RULES[rule].fix in words
