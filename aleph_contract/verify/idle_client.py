"""A client that makes no call: how it is detected, and what it reported instead."""

from __future__ import annotations

from aleph_contract.core.results import CaseResult
from aleph_contract.drivers.error_lines import error_lines
from aleph_contract.rules.parsed_exchange import is_uri


def is_idle(result: CaseResult) -> bool:
    """Whether the client did nothing that can be judged.

    A URL without a call, and a call that failed on its way to another address, can be.
    """
    outcome = result.outcome
    if result.exchanges or outcome is None:
        return False
    if outcome.kind == "result":
        return not isinstance(outcome.result, str) or not is_uri(outcome.result)
    return outcome.error is None or outcome.error.stage not in ("api", "transport")


def report_of(result: CaseResult) -> str:
    """The end of the client's standard error, or else its report."""
    outcome = result.outcome
    if outcome and (lines := error_lines(outcome.stderr)):
        return f"its standard error ends with: {' | '.join(lines)}"
    if outcome is None or outcome.kind in ("skipped", "stuck", "crashed", "could-not-run"):
        return result.reason or (outcome.reason if outcome else "") or "it reported nothing"
    report = outcome.error.message if outcome.error else outcome.stdout or outcome.result
    return f"it reported {str(report)[:60]!r}" if report else "it reported nothing"
