"""Coverage counts tries and their outcomes, from driven cases and from traffic."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.cases import cases
from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.coverage import (
    MAX_CASES,
    OBSERVED,
    RIGHT,
    CoverageCount,
    FaultRow,
    Row,
    coverage,
    coverage_by_model,
    fault_coverage,
    of_exchanges,
)

INPUT = sample.INPUT


def _row(rows: tuple[Row, ...], constraint: str, polarity: str) -> list[tuple[str, int]]:
    return [
        (r.observed, r.count) for r in rows if (r.constraint, r.polarity) == (constraint, polarity)
    ]


def test_traffic_counts_by_the_outcome_of_the_exchange() -> None:
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
ELSEWHERE = replace(SENT[0], outcome="elsewhere")


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
        (_probe(exchanges=SENT, outcome=Outcome("crashed")), "lost"),
        (_probe(exchanges=SENT, outcome=Outcome("could-not-run")), "lost"),
        (replace(_probe(exchanges=SENT), status="could-not-run"), "not-run"),
        (_probe(exchanges=(sample.exchange(1, INPUT), *SENT)), "accepted"),
        (_probe(exchanges=(*SENT, ELSEWHERE)), "accepted"),
        (_probe(exchanges=(ELSEWHERE,)), "other"),
        (replace(sample.DROPPED, status="skipped", outcome=Outcome("skipped")), "not-run"),
        (replace(sample.DROPPED, status="could-not-run", outcome=None), "not-run"),
    ],
)
def test_a_case_counts_by_its_observed_outcome(result: CaseResult, observed: str) -> None:
    assert _row(coverage([result]), "seed/minimum", "valid") == [(observed, 1)]


def test_a_case_without_a_constraint_is_not_counted() -> None:
    assert {row.observed for row in coverage([sample.case("example/simple")])} == {"never"}


def test_gray_cases_count_only_with_a_conformant_outcome() -> None:
    gray = next(case for case in cases() if not case.portable and case.constraint)
    assert gray.constraint
    probe = _probe(exchanges=SENT)
    result = replace(probe, constraint=gray.constraint.key, portable=False)
    right = replace(result, polarity="valid", intended=sample.DROPPED.intended)
    against = replace(right, exchanges=(), outcome=ERROR)
    assert _row(coverage([right, against]), gray.constraint.key, "valid") == [("accepted", 1)]
    assert {row.observed for row in coverage([against])} == {"never"}


def test_cases_of_traffic_count_by_their_exchanges() -> None:
    rows = coverage(sample.PASSIVE.results)
    assert _row(rows, "required", "valid") == [("accepted", 1), ("other", 2)]


def test_an_unknown_constraint_key_is_kept() -> None:
    rows = coverage([_probe(exchanges=SENT)], Contract.load())
    unknown = coverage([replace(_probe(exchanges=SENT), constraint="old/key")])
    assert len(unknown) == len(rows) + 2
    assert unknown[-2:] == (
        Row("old/key", "valid", "accepted", 1, rows[0].model),
        Row("old/key", "violating", "never", 0, rows[0].model),
    )


def test_fault_coverage_counts_every_fault() -> None:
    played = {"rate-limited": 2, "unlisted": 1}
    assert fault_coverage(played, ("hang", "rate-limited")) == (
        FaultRow("hang", 0),
        FaultRow("rate-limited", 2),
        FaultRow("unlisted", 1),
    )


def test_every_conformant_outcome_is_an_observable_one() -> None:
    assert {word for words in RIGHT.values() for word in words} <= OBSERVED.keys()


def test_a_case_that_is_only_near_the_bound_does_not_count() -> None:
    on, off = _probe(exchanges=SENT), _probe(exchanges=SENT, on_bound=False)
    assert _row(coverage([on, off]), "seed/minimum", "valid") == [("accepted", 1)]
    assert _row(coverage([off]), "seed/minimum", "valid") == [("never", 0)]


def _names(rows: tuple[Row, ...], polarity: str = "valid") -> list[tuple[str, ...]]:
    return [r.cases for r in rows if (r.constraint, r.polarity) == ("seed/minimum", polarity)]


def test_a_row_names_the_first_cases_that_tried_it() -> None:
    count = CoverageCount()
    for name in ("a", "a", "b", "b", "a"):
        count.add(_probe(exchanges=SENT, name=name))
    assert _names(count.rows) == [("a", "b", "a")]
    assert _names(count.rows, "violating") == [()]
    for number in range(MAX_CASES + 5):
        count.add(_probe(exchanges=SENT, name=f"case {number}"))
    assert [len(names) for names in _names(count.rows)] == [MAX_CASES]
    assert _row(count.rows, "seed/minimum", "valid") == [("accepted", 5 + MAX_CASES + 5)]


def test_a_case_of_traffic_is_named_too() -> None:
    zero = sample.exchange(1, {**INPUT, "seed": 0})
    traffic = replace(_probe(exchanges=(zero,), name="call/1"), outcome=None, polarity=None)
    assert _names(coverage([traffic])) == [("call/1",)]


def other_model() -> Contract:
    schemas = {"input": {"properties": {"n": {"maximum": 3}}}, "output": {}}
    return Contract.from_entry({"model_id": "acme/x", "schema": schemas})


def other_call(number: int, value: Any) -> CaseResult:
    raw = json.dumps({"model": "acme/x", "input": value}).encode()
    seen = sample.exchange(number, None, request_body=raw)
    return replace(_probe(exchanges=(seen,)), name=f"call/{number}", outcome=None, polarity=None)


def _tried(rows: tuple[Row, ...]) -> list[tuple[str, str, str, int]]:
    return [(r.model, r.constraint, r.polarity, r.count) for r in rows if r.count]


def test_coverage_is_that_of_the_given_contract() -> None:
    result = other_call(1, {"n": 3})
    tried = [("acme/x", "n/maximum", "valid", 1)]
    assert _tried(coverage([result], other_model())) == tried
    assert _tried(of_exchanges(result.exchanges, other_model())) == tried
    untried = of_exchanges((), other_model())
    assert {(row.model, row.constraint) for row in untried} == {("acme/x", "n/maximum")}


def test_coverage_by_model_counts_each_call_for_its_model() -> None:
    shipped, other = Contract.load(), other_model()
    contracts = ContractSet((shipped, other))
    zero = sample.exchange(1, {**INPUT, "seed": 0})
    mine = replace(_probe(exchanges=(zero,)), outcome=None, polarity=None)
    calls = [other_call(1, {"n": 3}), mine, other_call(2, {"n": 4})]
    used, rows = coverage_by_model(calls, contracts)
    assert used == (other, shipped)
    assert rows == (
        *coverage([calls[0], calls[2]], other),
        *coverage([mine], shipped),
    )
    assert ("acme/x", "n/maximum", "violating", 1) in _tried(rows)
    used, rows = coverage_by_model([], contracts)
    assert (used, rows) == ((shipped,), coverage([], shipped))
    redirected = replace(mine, exchanges=(zero, *calls[0].exchanges))
    assert coverage_by_model([redirected], contracts)[0] == (shipped,)
