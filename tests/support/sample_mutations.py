"""Mutation runs for the tests of their reports: a weak suite, a strong one, an interrupted one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import sample_runs

from aleph_contract.mutation.records import Call, Change, Mutant, MutantClass, MutantResult
from aleph_contract.mutation.records import MutationRun as Run
from aleph_contract.mutation.table import MUTATIONS

#: Text that a log, a page or Markdown must not interpret.
HOSTILE = "test_<b>.py::test_é\x1b[2J\n::error::a|b"

GIVEN = {"prompt": "Make it snow", "video_uri": "https://example.com/a.mp4", "seed": 7}


def _call(test: str, number: int = 1) -> Call:
    return Call(test, number, sample_runs.exchange(number, GIVEN), None, number)


def result(
    mutation: str, kind: MutantClass, test: str = "tests/test_edit.py::test_edit", **more: Any
) -> MutantResult:
    row = MUTATIONS[mutation]
    calls = tuple(map(_call, more.pop("tests", (test,))))
    mutant = Mutant(
        row,
        calls,
        Change(fault=more.get("subject") if mutation == "conduct/fault" else None),
        more.pop("rule", row.rule),
        more.pop("subject", ""),
        more.pop("before", "before"),
        more.pop("after", "after"),
    )
    noticed_by = test if kind == "noticed" else ""
    return MutantResult(mutant, kind, noticed_by, **more, elapsed=0.25)


WEAK = Run(
    command="pytest -q tests",
    model="runwayml/aleph-2",
    contract_version="1.0.0",
    seed=3,
    tests=2,
    calls=3,
    planned=7,
    results=(
        result("reply/another-run", "unnoticed", before="https://a.b/1.mp4", after="https://a.b/2.mp4"),
        result("conduct/fault", "noticed", subject="no-credits", rule="error.surfaced"),
        result("conduct/fault", "tolerated", subject="rate-limited", rule="error.surfaced",
               reason="the client repeated the call, as it may, and got its result"),
        result("conduct/fault", "paid-twice", subject="bad-gateway", rule="error.surfaced",
               reason="the client repeated a call that may have been billed", cost=Decimal("1.68")),
        result("request/member-dropped", "unnoticed", subject="/seed",
               tests=("tests/test_edit.py::test_edit", HOSTILE),
               before='{"prompt": "<script>", "seed": 7}', after='{"prompt": "<script>"}'),
        result("request/made-twice", "unnoticed", HOSTILE, before="1 call", after="2 calls"),
        result("reply/stale", "could-not-run", reason="the tests did not make the call again"),
    ),
    notes=("tests/test_order.py::test_second fails when it runs alone; it is left out",),
    fail_under=50,
    elapsed=12.5,
)  # fmt: skip
STRONG = replace(
    WEAK, results=tuple(r for r in WEAK.results if r.kind == "noticed"), planned=1, notes=()
)
INTERRUPTED = replace(STRONG, results=(), planned=7, interrupted=True)

ALL = {"weak": WEAK, "strong": STRONG, "interrupted": INTERRUPTED}
