"""The report of a mutation run for programs; `docs/mutation-schema.json` describes it."""

from __future__ import annotations

from typing import Any

from aleph_contract import version
from aleph_contract.core.escaping import write_json
from aleph_contract.core.exchange import decimal
from aleph_contract.mutation.records import MutantResult, MutationRun
from aleph_contract.reports.mutation.summary import remedy, sentence

#: Version of the document's structure. A new member raises the second number; a changed meaning or
#: a removed member raises the first.
SCHEMA_VERSION = "1.0"


def render(run: MutationRun) -> str:
    """The report as indented JSON with a final line feed."""
    return write_json(document(run)) + "\n"


def document(run: MutationRun) -> dict[str, Any]:
    """The report as a JSON value; an amount of money is an exact decimal string in USD."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "aleph-contract", "version": version.__version__},
        "mode": "mutate",
        "command": run.command,
        "model": run.model,
        "contract_version": run.contract_version,
        "seed": run.seed,
        "score": run.score,
        "denominator": run.denominator,
        "fail_under": run.fail_under,
        "sentence": sentence(run),
        "exit_code": run.exit_code,
        "interrupted": run.interrupted,
        "tests": run.tests,
        "calls": run.calls,
        "planned": run.planned,
        "classes": run.counts,
        "paid_twice_usd": decimal(run.paid_twice),
        "notes": run.notes,
        "seconds": round(run.elapsed, 3),
        "mutants": [_mutant(result) for result in run.results],
    }


def _mutant(result: MutantResult) -> dict[str, Any]:
    mutant = result.mutant
    return {
        "id": mutant.id,
        "mutation": mutant.mutation.id,
        "place": mutant.mutation.place,
        "title": mutant.mutation.title,
        "subject": mutant.subject,
        "rule": result.rule,
        "class": result.kind,
        "call": {"test": mutant.calls[0].test, "number": mutant.calls[0].number},
        "tests": mutant.tests,
        "noticed_by": result.noticed_by or None,
        "reason": result.reason,
        "before": mutant.before,
        "after": mutant.after,
        "cost_usd": decimal(result.cost),
        "assert": remedy(result),
        "seconds": round(result.elapsed, 3),
    }
