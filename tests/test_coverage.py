"""Coverage counts what was tried, and what came of it, from cases and from traffic alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.cases import Case, cases
from aleph_contract.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.coverage import (
    OBSERVED,
    RIGHT,
    FaultRow,
    Row,
    Touch,
    coverage,
    fault_coverage,
    of_exchanges,
)
from aleph_contract.exchange import Outcome, ReportedError
from aleph_contract.results import CaseResult

INPUT = sample.INPUT
TOUCH = Touch()


def _touched(value: Any, polarity: str) -> set[str]:
    return {key for key, found in TOUCH(value) if found == polarity}


def _row(rows: tuple[Row, ...], constraint: str, polarity: str) -> list[tuple[str, int]]:
    return [
        (r.observed, r.count) for r in rows if (r.constraint, r.polarity) == (constraint, polarity)
    ]


PROBING = [c for c in cases() if c.constraint and c.text is None and not c.compound]


@pytest.mark.parametrize("case", PROBING, ids=lambda case: case.name)
def test_every_certified_case_touches_the_constraint_it_probes(case: Case) -> None:
    """Two ways to the same fact: the catalogue knows it, and the bytes alone show it."""
    assert case.constraint
    assert (case.constraint.key, case.polarity) in set(TOUCH(case.input))


def test_a_plain_input_touches_no_bound_of_a_number_or_length() -> None:
    bounds = ("minimum", "maximum", "Length", "Items", "Minimum", "Maximum")
    assert not [key for key in _touched({**INPUT, "seed": 7}, "valid") if key.endswith(bounds)]
    assert _touched(INPUT, "violating") == set()


def test_values_on_the_bound_touch_it() -> None:
    frames = [{"uri": "a", "at": 1}, {"uri": "b", "seconds": 30.0}]
    touched = _touched({**INPUT, "seed": 0, "duration": 0.5, "keyframes": frames}, "valid")
    assert {
        "seed/minimum",
        "duration/exclusiveMinimum",
        "keyframes/*/anyOf/1/at/maximum",
        "keyframes/*/anyOf/0/seconds/maximum",
    } <= touched
    assert not {"seed/maximum", "keyframes/*/anyOf/1/at/minimum", "keyframes/maxItems"} & touched


def test_a_far_value_is_not_on_an_exclusive_bound() -> None:
    assert "duration/exclusiveMinimum" not in _touched({**INPUT, "duration": 5}, "valid")


def test_a_branch_that_was_not_taken_is_not_touched() -> None:
    by_time = _touched({**INPUT, "keyframes": [{"uri": "a", "seconds": 1}]}, "valid")
    assert "keyframes/*/anyOf/0/required" in by_time
    assert "keyframes/*/anyOf/1/required" not in by_time


def test_a_violating_input_touches_only_what_it_breaks() -> None:
    assert _touched({**INPUT, "seed": -1}, "violating") == {"seed/minimum"}
    assert _touched({**INPUT, "seed": -1}, "valid") == set()


def test_within_a_union_the_near_branch_is_meant() -> None:
    touched = _touched({**INPUT, "keyframes": [{"uri": "a", "at": 2}]}, "violating")
    assert touched == {"keyframes/*/anyOf", "keyframes/*/anyOf/1/at/maximum"}


def test_a_missing_name_touches_required() -> None:
    assert _touched({"prompt": "x"}, "violating") == {"required"}


def test_traffic_counts_by_the_answer() -> None:
    zero = {**INPUT, "seed": 0}
    rows = of_exchanges(
        [
            sample.exchange(1, zero),
            sample.exchange(2, zero),
            sample.limited(3, zero),
            sample.exchange(4, {**INPUT, "seed": -1}, outcome="invalid", status=400),
            sample.exchange(5, None, request_body=b"not JSON", outcome="malformed"),
        ]
    )
    assert _row(rows, "seed/minimum", "valid") == [("accepted", 2), ("other", 1)]
    assert _row(rows, "seed/minimum", "violating") == [("refused", 1)]
    assert _row(rows, "seed/maximum", "valid") == [("never", 0)]


def test_every_constraint_has_a_row_in_both_polarities_in_the_contracts_order() -> None:
    rows = coverage([])
    assert [(row.constraint, row.polarity) for row in rows] == [
        (c.key, polarity) for c in constraints() for polarity in ("valid", "violating")
    ]
    assert {(row.observed, row.count) for row in rows} == {("never", 0)}


def _probe(**more: Any) -> CaseResult:
    return replace(sample.DROPPED, status="passed", findings=(), **more)


ERROR = Outcome("error", error=ReportedError("no"))
SENT = (sample.exchange(1, sample.DROPPED.intended),)


@pytest.mark.parametrize(
    ("result", "observed"),
    [
        (_probe(exchanges=SENT), "accepted"),
        (_probe(exchanges=(replace(SENT[0], outcome="invalid"),)), "refused"),
        (_probe(exchanges=(), outcome=ERROR), "refused-locally"),
        (_probe(exchanges=(sample.exchange(1, INPUT),)), "altered"),
        (_probe(exchanges=(sample.limited(1, sample.DROPPED.intended),)), "other"),
        (_probe(exchanges=SENT, outcome=Outcome("stuck")), "lost"),
        (_probe(exchanges=(), outcome=Outcome("crashed")), "lost"),
        (_probe(exchanges=()), "lost"),
        (replace(sample.DROPPED, status="skipped", outcome=Outcome("skipped")), "not-run"),
        (replace(sample.DROPPED, status="could-not-run", outcome=None), "not-run"),
    ],
)
def test_a_case_counts_by_what_became_of_it(result: CaseResult, observed: str) -> None:
    assert _row(coverage([result]), "seed/minimum", "valid") == [(observed, 1)]


def test_cases_that_probe_nothing_count_nothing() -> None:
    assert {row.observed for row in coverage([sample.case("example/simple")])} == {"never"}


def test_passive_cases_count_by_their_traffic() -> None:
    rows = coverage(sample.PASSIVE.results)
    assert _row(rows, "required", "valid") == [("accepted", 1), ("other", 2)]


def test_a_key_that_the_contract_does_not_know_is_kept() -> None:
    rows = coverage([_probe(exchanges=SENT)], Contract.load())
    unknown = coverage([replace(_probe(exchanges=SENT), constraint="old/key")])
    assert len(unknown) == len(rows) + 2
    assert unknown[-2:] == (
        Row("old/key", "valid", "accepted", 1),
        Row("old/key", "violating", "never", 0),
    )


def test_every_fault_is_told_whether_it_was_played() -> None:
    calls = [sample.limited(1, INPUT), sample.limited(2, INPUT), sample.exchange(3, INPUT)]
    odd = replace(calls[0], fault="unlisted")
    assert fault_coverage([*calls, odd], ("hang", "rate-limited")) == (
        FaultRow("hang", 0),
        FaultRow("rate-limited", 2),
        FaultRow("unlisted", 1),
    )


def test_what_a_conformant_client_shows_is_among_the_words() -> None:
    assert {word for words in RIGHT.values() for word in words} <= OBSERVED.keys()


def test_another_contract_needs_no_line_of_code() -> None:
    entry = {
        "model_id": "m",
        "schema_version": "1",
        "schema": {
            "input": {
                "$defs": {"name": {"type": "string", "maxLength": 2}},
                "type": "object",
                "properties": {
                    "who": {"oneOf": [{"$ref": "#/$defs/name"}, {"type": "integer", "maximum": 3}]}
                },
            },
            "output": {"type": "object", "properties": {"video": {"type": "string"}}},
        },
    }
    touch = Touch(Contract.from_entry(entry))
    pairs = {polarity: {k for k, p in touch({"who": 3}) if p == polarity} for polarity in RIGHT}
    assert any(key.endswith("maximum") for key in pairs["valid"])
    assert not any(key.endswith("maxLength") for key in pairs["valid"])
    broken = {key for key, polarity in touch({"who": "abc"}) if polarity == "violating"}
    assert any(key.endswith("maxLength") for key in broken)
