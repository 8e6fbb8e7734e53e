"""The planned cases of a verification: for each phase a function from contract to cases.

Each function also takes the globs over names that are wanted. It may return other cases too, but
it builds none of a kind that cannot match: the runner selects.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from aleph_contract.cases import Case, DoubtKind, Polarity, cases
from aleph_contract.cases.name_globs import EVERY_NAME, NameGlobs
from aleph_contract.contract import Contract
from aleph_contract.contract.prices import quantities
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import dumps, loads
from aleph_contract.errors import JSONError
from aleph_contract.rules import MAX_TRIES
from aleph_contract.rules.aliases import earlier
from fake_server.replies.faults import FAULTS, Fault
from fake_server.replies.streams import STREAM_MEMBER, streams

#: How often a repeated fault is played: more than any client may try. After it the fake answers
#: normally, so that a client that never gives up ends too.
REPEATED_FAULTS = MAX_TRIES + 5

#: Number of concurrent runs in the concurrency phase.
CONCURRENT_RUNS = 8

#: Seconds between the replies to concurrent runs. The first run gets the last reply.
REPLY_INTERVAL = 0.02

#: Seconds until a slow reply: long enough to measure, shorter than the time-out of any client.
SLOW_REPLY = 0.3

#: Seconds that a run of the faults and concurrency phases is billed for.
BILLED_SECONDS = 5


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """One case to drive.

    Args:
        name: Stable name, unique in a verification.
        phase: Name of its phase; see `phases.PHASES`.
        input: The input that the client is given.
        polarity: Polarity of the input.
        expectation: What a conformant client does, in one sentence.
        text: Exact JSON text of the input if its notation matters, such as `1e0`; else `None`.
        doubt: The kind of doubt about a gray input; `None` for a portable one.
        constraint: Key of the constraint that the input probes, if any.
        on_bound: Whether a valid input is on the bound of that constraint; see `Case`.
        seconds: Seconds of the client that the case may take, if more than the limit of the user.
        fault: Name of the fault that the fake plays, if any.
        scenario: Steps that the fake plays for the account of this case.
        profile: Reply shape; `None` for the one that was asked for.
        never_answered: Whether the fake never answers, so that a client may wait for ever.
        advice: Whether every finding is advice.
    """

    name: str
    phase: str
    input: Any
    polarity: Polarity
    expectation: str
    text: str | None = None
    doubt: DoubtKind | None = None
    constraint: str | None = None
    fault: str | None = None
    scenario: tuple[Mapping[str, Any], ...] = ()
    profile: str | None = None
    never_answered: bool = False
    advice: bool = False
    on_bound: bool = True
    seconds: float = 0.0

    @property
    def waits(self) -> bool:
        """Whether the client only waits for most of the time: the reply is late, or never comes."""
        return self.never_answered or any("delay" in step for step in self.scenario)


_RETURNS = "sends it unchanged and returns the result of the reply"
_REFUSES = "refuses it before sending, or sends it unchanged and reports the refusal"
_EXPECTATION = {"valid": _RETURNS, "violating": _REFUSES}


def plan_case(case: Case, phase: str) -> PlannedCase:
    """The planned case for one case of the catalogue.

    No JSON text can hold a lone surrogate, so no client can send it. Such an input is planned as
    violating even if the schema allows it: the client may refuse it, or report a refusal.
    """
    polarity = case.polarity if _sendable(case) else "violating"
    return PlannedCase(
        name=case.name,
        phase=phase,
        input=case.input,
        polarity=polarity,
        expectation=_expectation(case, polarity),
        text=case.text,
        doubt=case.doubt.kind if case.doubt else None,
        constraint=case.constraint.key if case.constraint else None,
        on_bound=case.on_bound,
    )


#: What a client may do with a gray input, by the kind of doubt about it.
_MAY = {
    "acceptance": "A client may refuse it or send it, but not change it.",
    "carriage": "A client may refuse it, or send it changed.",
}


def _expectation(case: Case, polarity: Polarity) -> str:
    return f"{case.note} {_MAY[case.doubt.kind]}" if case.doubt else _EXPECTATION[polarity]


def _sendable(case: Case) -> bool:
    if case.portable:
        return True
    try:
        loads(dumps(case.input) if case.text is None else case.text)
    except JSONError:
        return False
    return True


def examples(contract: Contract, _: NameGlobs = EVERY_NAME) -> Iterable[PlannedCase]:
    """The documented examples."""
    return (plan_case(c, "examples") for c in cases(contract, names=("example/*",)))


def boundary(contract: Contract, names: NameGlobs = EVERY_NAME) -> Iterable[PlannedCase]:
    """Portable cases on each bound and just outside it, and combinations."""
    bounds = ("boundary", "combination")
    found = cases(contract, names=names.globs)
    return (plan_case(c, "boundary") for c in found if c.kind in bounds and c.portable)


def probes(contract: Contract, names: NameGlobs = EVERY_NAME) -> Iterable[PlannedCase]:
    """Inputs that clients treat wrongly or differently, and every other gray case."""
    found = cases(contract, names=names.globs)
    return (plan_case(c, "probes") for c in found if c.kind == "probe" or not c.portable)


def faults(contract: Contract, names: NameGlobs = EVERY_NAME) -> Iterable[PlannedCase]:
    """Each fault once; one fault of each kind that may pass also repeated.

    A repeated fault shows whether a client gives up. If a failure never passes, the second call is
    a finding already. Faults with the same failure row, or with the same status, delivery and
    rules, are of one kind: a client that gives up on one HTML page of a 502 gives up on all.
    """
    if not names.may_match_below("fault/"):
        return
    given = billable_input(contract)
    kinds: set[object] = set()
    streamed = _streamed(contract, given)
    for fault in FAULTS.values():
        yield _fault(fault, given if fault.restream is None else streamed, "once", 1)
        kind = fault.failure or (fault.status, fault.delivery, fault.rules)
        if fault.retryable and not fault.silent and kind not in kinds:
            kinds.add(kind)
            yield _fault(fault, given, "repeated", REPEATED_FAULTS)


def _streamed(contract: Contract, given: dict[str, Any]) -> dict[str, Any]:
    """The input that asks for a stream, if the model can stream."""
    asked = given | {STREAM_MEMBER: True}
    valid = streams(contract) and validator_for(contract).is_valid(asked)
    return asked if valid else given


def _fault(fault: Fault, given: Any, word: str, times: int) -> PlannedCase:
    step = {"fault": fault.name, "times": times}
    return PlannedCase(
        name=f"fault/{fault.name}/{word}",
        phase="faults",
        input=given,
        polarity="valid",
        expectation=f"handles: {fault.title}",
        fault=fault.name,
        scenario=(step | {"delay": SLOW_REPLY} if fault.delay else step,),
        never_answered=fault.delivery == "hang",
    )


def concurrency(contract: Contract, names: NameGlobs = EVERY_NAME) -> Iterable[PlannedCase]:
    """Concurrent runs; the first one gets the last reply."""
    if not names.may_match_below("concurrency/"):
        return
    given = billable_input(contract)
    field = prose_field(contract)
    for number in range(1, CONCURRENT_RUNS + 1):
        delay = REPLY_INTERVAL * (CONCURRENT_RUNS - number + 1)
        distinct = given | {field: f"{given[field]} ({number})"} if field else given
        yield PlannedCase(
            name=f"concurrency/{number:02}",
            phase="concurrency",
            input=distinct,
            polarity="valid",
            expectation="returns its own result while other runs are in flight",
            scenario=({"fault": None, "delay": delay},),
        )


def other_profile(contract: Contract, _: NameGlobs = EVERY_NAME) -> Iterable[PlannedCase]:
    """The documented examples in each reply shape, as advice.

    The runner leaves out the cases of the profile that was asked for.
    """
    for other in ("documented", "live"):
        for example in examples(contract):
            yield replace(
                example,
                name=f"profile/{other}/{example.name.partition('/')[2]}",
                phase="profile",
                profile=other,
                advice=True,
            )


#: Polarity and expectation of each property; `property_phase.DRAWS` has its strategy.
PROPERTIES: dict[str, tuple[Polarity, str]] = {
    "property/valid": ("valid", "sends every valid input unchanged and returns its result"),
    "property/boundary": (
        "valid",
        "sends every valid input on a bound unchanged and returns its result",
    ),
    "property/violating": (
        "violating",
        "refuses every violating input, or sends it unchanged and reports the refusal",
    ),
}


def properties(_: Contract, __: NameGlobs = EVERY_NAME) -> Iterable[PlannedCase]:
    """One case for each property; Hypothesis draws its inputs when it is driven."""
    for name, (polarity, expectation) in PROPERTIES.items():
        yield PlannedCase(name, "properties", None, polarity, expectation)


@lru_cache(maxsize=16)
def billable_input(contract: Contract) -> dict[str, Any]:
    """The smallest valid input, with a billed length if the contract has a member for it."""
    valid = (c.input for c in cases(contract) if c.polarity == "valid" and c.portable)
    smallest: dict[str, Any] = min(valid, key=lambda given: len(dumps(given)))
    is_valid = validator_for(contract).is_valid
    lengths = quantities("second", contract.input_schema)
    priced = (smallest | {q.member: int(BILLED_SECONDS / q.factor)} for q in lengths)
    return next(filter(is_valid, priced), smallest)


def prose_field(contract: Contract) -> str | None:
    """A required free-text field, which makes inputs distinguishable; `None` if there is none."""
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
    """Whether a case is selected: `run` is empty or matches it, and `skip` does not match it.

    A pattern matches if it is the name of the phase, or a glob that matches the name of the case.
    """
    run, skip = tuple(run), tuple(skip)
    return (not run or _is_named(name, phase, run)) and not _is_named(name, phase, skip)


def unmatched(run: Iterable[str], cases: Collection[tuple[str, str]]) -> str | None:
    """The first pattern of `run` that selects none of the cases; `None` if each selects one.

    Args:
        run: Names of phases, and globs over names of cases.
        cases: Name and phase of each case.
    """
    return next((p for p in run if not any(_is_named(*case, (p,)) for case in cases)), None)


def _is_named(name: str, phase: str, patterns: tuple[str, ...]) -> bool:
    globs = NameGlobs(patterns)
    return phase in patterns or globs.match(name) or globs.match(earlier(name))
