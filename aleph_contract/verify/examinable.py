"""The must rules that a planned case examines in a client that does not skip it.

With it the runner notices a client that conforms only because it skipped the cases of a rule. The
table is a lower bound: a case may examine more rules than it names here.
"""

from __future__ import annotations

from collections.abc import Iterable

from aleph_contract.core.results import CaseResult
from aleph_contract.rules import RULES
from aleph_contract.verify.plans import PlannedCase
from fake_server.replies.faults import FAULTS

#: Rules that every valid input examines if the service answers it normally.
_VALID = (
    "request.route",
    "request.auth",
    "request.content-type",
    "request.model",
    "request.valid",
    "request.faithful",
    "request.once",
    "boundary.accepted",
    "response.result",
    "security.token-leak",
)

#: Rules about the token, which a call through the Workers binding does not carry.
_ABSENT_ON_BINDING = frozenset({"request.auth"})

#: Rules that a violating input examines, whether the client sends it or not.
_VIOLATING = ("boundary.not-repaired", "security.token-leak")


def examinable(planned: PlannedCase, *, require_local_validation: bool = False) -> frozenset[str]:
    """Ids of the must rules that a case examines; empty if its findings are advice.

    A case that is never answered is not counted: a client that still waits is skipped.
    """
    if planned.advice or planned.doubt is not None or planned.never_answered:
        return frozenset()
    if planned.fault:
        return frozenset(r for r in FAULTS[planned.fault].rules if RULES[r].level == "must")
    if planned.polarity == "violating":
        local = ("boundary.refused-locally",) if require_local_validation else ()
        return frozenset((*_VIOLATING, *local))
    concurrent = ("concurrency.no-crosstalk",) if planned.phase == "concurrency" else ()
    return frozenset((*_VALID, *concurrent))


def unexamined(wanted: Iterable[str], results: Iterable[CaseResult]) -> tuple[str, ...]:
    """The wanted rules that no case examined, in the order of the rule table.

    A client that met a fault and called again was examined, although the last reply, which decides
    what it has to report, is not the fault.
    """
    results = tuple(results)
    missing = frozenset(wanted).difference(*map(_examined, results))
    if {exchange.surface for result in results for exchange in result.exchanges} == {"binding"}:
        missing -= _ABSENT_ON_BINDING
    return tuple(rule for rule in RULES if rule in missing)


def _examined(result: CaseResult) -> frozenset[str]:
    """The rules that a case examined."""
    played = {exchange.fault for exchange in result.exchanges} & FAULTS.keys()
    met = (FAULTS[name].rules for name in played if name and result.checked)
    return frozenset(result.checked).union(*met)
