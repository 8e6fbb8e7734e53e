"""Judge one case: a pure function from evidence to findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aleph_contract.cases.doubt import DoubtKind
from aleph_contract.core.results import Finding, Level
from aleph_contract.rules.checks import CHECKS
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.table import RULES


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one case.

    Args:
        checked: Ids of the rules that the case could have broken.
        findings: The rules it broke.
    """

    checked: tuple[str, ...]
    findings: tuple[Finding, ...]


def judge(evidence: Evidence) -> Judgement:
    """Judge one case by every rule."""
    verdicts = {rule: check(evidence) for rule, check in CHECKS.items()}
    return Judgement(
        checked=tuple(rule for rule, verdict in verdicts.items() if verdict is not None),
        findings=tuple(
            Finding(rule, _level(rule, evidence), verdict, evidence.cost)
            for rule, verdict in verdicts.items()
            if verdict
        ),
    )


#: The rules that a doubt about the input excuses. No doubt excuses a rule about the token, about
#: paying twice, or about the report of a failure.
_ABOUT_ACCEPTANCE = frozenset({"boundary.accepted", "boundary.refused-locally"})
_ABOUT_CARRIAGE = frozenset({"request.valid", "request.faithful", "boundary.not-repaired"})
EXCUSED: Mapping[DoubtKind | None, frozenset[str]] = {
    None: frozenset(),
    "acceptance": _ABOUT_ACCEPTANCE,
    "carriage": _ABOUT_ACCEPTANCE | _ABOUT_CARRIAGE,
}


def _level(rule: str, evidence: Evidence) -> Level:
    """The level of the rule, but advice for gray replies, the other profile, and excused rules."""
    reply = evidence.last_reply
    gray_reply = rule == "response.malformed" and reply is not None and reply.gray
    soft = evidence.advice or rule in EXCUSED[evidence.doubt] or gray_reply
    return "advice" if soft else RULES[rule].level
