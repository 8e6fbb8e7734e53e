"""The status of a case that ended, and the judgements that rest on its outcome alone."""

from __future__ import annotations

from dataclasses import replace

from aleph_contract.core.escaping import join_first
from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import Finding, Status
from aleph_contract.rules.judge import Judgement
from aleph_contract.verify.token_files import RULE as TOKEN_LEAK


def not_patient(seconds: float) -> str:
    """Why a case is skipped that the client still waits for."""
    return (
        f"the client still waits after {seconds:g} s (not a failure: runs take minutes; set "
        "--patience above the client's time-out to see what it does then)"
    )


def judge_waiting(seconds: float) -> Judgement:
    """The judgement on a client that waits longer than the time the user chose."""
    message = f"still waits after {seconds:g} s for a reply that never comes"
    return Judgement(("error.bounded",), (Finding("error.bounded", "advice", message),))


def with_exposures(judgement: Judgement, outcome: Outcome) -> Judgement:
    """The judgement with advice about the token in arguments or variables of processes.

    Advice, because only programs of the same machine can read them.
    """
    known = {finding.rule for finding in judgement.findings}
    if not outcome.exposed or TOKEN_LEAK in known:
        return judgement
    places = join_first(outcome.exposed)
    message = f"put the token into {places}, which other programs of the machine can read"
    told = Finding(TOKEN_LEAK, "advice", message)
    return replace(judgement, findings=(*judgement.findings, told))


def status_of(outcome: Outcome, *, broken: bool) -> tuple[Status, str]:
    """Status of a case, and the reason if it was not judged."""
    if outcome.kind == "skipped":
        return "skipped", outcome.reason or "the client skipped it"
    if outcome.kind == "could-not-run":
        return "could-not-run", outcome.reason
    return ("failed" if broken else "passed"), ""
