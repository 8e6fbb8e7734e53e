"""What a verification will do, before it does it: one plan per case, phase by phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from aleph_contract.cases import Case, Polarity, cases
from aleph_contract.contract import BILLED_FIELD, Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import dumps, loads
from aleph_contract.errors import JSONError
from aleph_contract.rules import MAX_TRIES
from fake_server.replies.faults import FAULTS, Fault

#: A step list longer than any sane client's patience; after it the fake is well again, so that
#: even a client that never gives up comes to an end.
PERSISTENT = MAX_TRIES + 5

#: Runs in flight together in the concurrency phase, and how far apart they are answered (s):
#: the first is answered last.
TOGETHER = 8
STAGGER = 0.02

#: How slow a slow answer is (s): enough to be seen, too little for anybody's time-out.
SLOWNESS = 0.3

#: Length of the video that the runs of these phases are billed for (s).
BILLED_SECONDS = 5


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """One case to drive.

    Args:
        name: Stable name, unique in a run.
        phase: Name of its phase; see `phases.PHASES`.
        input: What the client is given.
        text: Its exact JSON text, where the spelling is the point.
        scenario: Steps that the fake plays for this case's account.
        profile: Reply shape; `None` is the one asked for.
        waits: Whether no answer ever comes, so that to go on waiting is sane.
        advice: Whether every finding is advice.
    """

    name: str
    phase: str
    input: Any
    polarity: Polarity
    expectation: str
    text: str | None = None
    portable: bool = True
    constraint: str | None = None
    fault: str | None = None
    scenario: tuple[Mapping[str, Any], ...] = ()
    profile: str | None = None
    waits: bool = False
    advice: bool = False


_RETURNS = "sends it as it is and returns the video of the answer"
_REFUSES = "refuses it before sending, or sends it as it is and reports the refusal"
_EXPECTATION = {"valid": _RETURNS, "violating": _REFUSES}


def plan_case(case: Case, phase: str) -> PlannedCase:
    """The plan that drives one case of the catalogue.

    What no JSON text can carry (a lone surrogate) nobody can send: whatever the schema says of it,
    a client does right to refuse it, or to report that it was refused.
    """
    polarity = case.polarity if _sendable(case) else "violating"
    return PlannedCase(
        name=case.name,
        phase=phase,
        input=case.input,
        polarity=polarity,
        expectation=_EXPECTATION[polarity] if case.portable else case.note,
        text=case.text,
        portable=case.portable,
        constraint=case.constraint.key if case.constraint else None,
    )


def _sendable(case: Case) -> bool:
    if case.portable:
        return True
    try:
        loads(dumps(case.input) if case.text is None else case.text)
    except JSONError:
        return False
    return True


def examples(contract: Contract) -> Iterable[PlannedCase]:
    """The documented examples."""
    return (plan_case(c, "examples") for c in cases(contract) if c.kind == "example")


def boundary(contract: Contract) -> Iterable[PlannedCase]:
    """Portable cases on every bound and just outside, and combinations."""
    bounds = ("boundary", "combination")
    return (plan_case(c, "boundary") for c in cases(contract) if c.kind in bounds and c.portable)


def probes(contract: Contract) -> Iterable[PlannedCase]:
    """Gray cases, whose findings are advice."""
    return (plan_case(c, "probes") for c in cases(contract) if not c.portable)


def faults(contract: Contract) -> Iterable[PlannedCase]:
    """Each fault once, and each that does not complete a run also repeated."""
    given = billable_input(contract)
    for fault in FAULTS.values():
        yield _fault(fault, given, "once", 1)
        if not fault.completes and fault.delivery != "hang":  # what is over is not repeated
            yield _fault(fault, given, "repeated", PERSISTENT)


def _fault(fault: Fault, given: Any, word: str, times: int) -> PlannedCase:
    step = {"fault": fault.name, "times": times}
    return PlannedCase(
        name=f"fault/{fault.name}/{word}",
        phase="faults",
        input=given,
        polarity="valid",
        expectation=f"copes with: {fault.title}",
        fault=fault.name,
        scenario=(step | {"delay": SLOWNESS} if fault.delay else step,),
        waits=fault.delivery == "hang",
    )


def concurrency(contract: Contract) -> Iterable[PlannedCase]:
    """Runs in flight together, the first answered last."""
    given = billable_input(contract)
    field = prose_field(contract)
    for number in range(1, TOGETHER + 1):
        delay = STAGGER * (TOGETHER - number + 1)
        distinct = given | {field: f"{given[field]} ({number})"} if field else given
        yield PlannedCase(
            name=f"concurrency/{number:02}",
            phase="concurrency",
            input=distinct,
            polarity="valid",
            expectation="returns its own result while other runs are in flight",
            scenario=({"fault": None, "delay": delay},),
        )


def other_profile(contract: Contract) -> Iterable[PlannedCase]:
    """The documented examples in the other reply shape, as advice."""
    for other in ("documented", "live"):
        for plan in examples(contract):
            yield replace(
                plan,
                name=f"profile/{other}/{plan.name.partition('/')[2]}",
                phase="profile",
                profile=other,
                advice=True,
            )


#: The properties that Hypothesis explores; `property_phase.DRAWS` has the strategy of each.
PROPERTIES: dict[str, tuple[Polarity, str]] = {
    "property/valid": ("valid", "sends every valid input as it is and returns its video"),
    "property/boundary": (
        "valid",
        "sends every valid input on its bounds as it is and returns its video",
    ),
    "property/violating": (
        "violating",
        "refuses every violating input, or sends it as it is and reports the refusal",
    ),
}


def properties(_: Contract) -> Iterable[PlannedCase]:
    """One case for each property; its inputs are drawn when it is driven."""
    for name, (polarity, expectation) in PROPERTIES.items():
        yield PlannedCase(name, "properties", None, polarity, expectation)


@lru_cache(maxsize=16)
def billable_input(contract: Contract) -> dict[str, Any]:
    """A small valid input, of a length that the price is known for where the contract has one."""
    valid = (c.input for c in cases(contract) if c.polarity == "valid" and c.portable)
    smallest: dict[str, Any] = min(valid, key=lambda given: len(dumps(given)))
    priced = smallest | {BILLED_FIELD: BILLED_SECONDS}
    return priced if validator_for(contract).is_valid(priced) else smallest


def prose_field(contract: Contract) -> str | None:
    """A required field of free text, by which inputs can be told apart; `None` if there is none."""
    schema = contract.input_schema
    return next(
        (
            name
            for name in schema.get("required", ())
            if (rules := schema.get("properties", {}).get(name, {})).get("type") == "string"
            and not {"enum", "const", "pattern", "format"} & rules.keys()
        ),
        None,
    )


def selected(name: str, phase: str, run: Iterable[str], skip: Iterable[str]) -> bool:
    """Whether globs over case names, or names of phases, leave this case in."""

    def hit(pattern: str) -> bool:
        return pattern == phase or fnmatchcase(name, pattern)

    return (not run or any(map(hit, run))) and not any(map(hit, skip))
