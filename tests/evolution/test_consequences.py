"""The cases of the new version whose verdict turned, and their rules."""

from __future__ import annotations

import copy

from contract_edits import INPUT, OUTPUT, entry

from aleph_contract import Contract
from aleph_contract.evolution.comparison import compare
from aleph_contract.evolution.consequences import RULES_OF
from aleph_contract.rules import RULES


def test_the_rules_exist() -> None:
    assert {rule for rules in RULES_OF.values() for rule in rules} <= set(RULES)


def test_a_lower_maximum_turns_the_case_above_it() -> None:
    schema = copy.deepcopy(INPUT)
    schema["properties"]["seed"]["maximum"] = 8
    found = compare(Contract.from_entry(entry()), Contract.from_entry(entry(schema)))
    (turned,) = found.turned
    assert (turned.name, turned.now) == ("boundary/seed/maximum/above", "violating")
    assert found.rules == RULES_OF["requests", "violating"]


def test_a_new_member_of_results_turns_results() -> None:
    output = copy.deepcopy(OUTPUT)
    output["properties"]["note"] = {"type": "string"}
    found = compare(Contract.from_entry(entry()), Contract.from_entry(entry(INPUT, output)))
    assert {(turned.side, turned.now) for turned in found.turned} == {("replies", "valid")}
    assert found.rules == ("response.result",)
