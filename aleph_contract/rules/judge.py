"""Judge one case: a pure function from evidence to findings."""

from __future__ import annotations

from dataclasses import dataclass

from aleph_contract.core.results import Finding, Level
from aleph_contract.rules import RULES
from aleph_contract.rules.checks import CHECKS
from aleph_contract.rules.evidence import Evidence


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


def _level(rule: str, evidence: Evidence) -> Level:
    """The level of the rule, but advice for gray inputs, gray replies and the other profile."""
    reply = evidence.last_reply
    gray_reply = rule == "response.malformed" and reply is not None and reply.gray
    soft = evidence.advice or not evidence.portable or gray_reply
    return "advice" if soft else RULES[rule].level
