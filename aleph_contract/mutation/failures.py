"""The mutants of the service's conduct: faults in place of the run, each once in a suite.

Faults that a client treats alike are one group. A call gets at most one fault of each group: most
clients raise an error on all of them, and a suite that asserts nothing would notice them all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from aleph_contract.core.exchange import Exchange
from aleph_contract.mutation.records import Call, Change, Mutant
from aleph_contract.mutation.table import MUTATIONS
from aleph_contract.rules.retry_policy import retry_row
from fake_server.replies.fault import MALFORMED, STATE
from fake_server.replies.faults import FAULTS, Fault

#: Faults that are tried in every suite, however few its calls: a failure that looks like a result,
#: and a lost reply that was billed.
_ALWAYS = (
    "state-failed-with-result",
    "success-false",
    "bad-request-with-result",
    "internal-error-with-result",
    "dropped",
)

#: The refusals that replace another one: the first whose status differs.
_REFUSALS = ("no-credits", "token-wrong")


def conduct_mutants(groups: Sequence[tuple[Call, ...]], seed: int) -> Iterator[Mutant]:
    """Each fault once, on one of the completed calls; on few calls, some faults of each group.

    Args:
        groups: The completed calls; of each, the tests that make it.
        seed: Seed of the order of the faults.
    """
    queues = _queues(seed)
    for calls in groups:
        for queue in queues:
            if queue:
                yield _mutant(queue.pop(), calls)


def other_failure(exchange: Exchange) -> Fault | None:
    """Another refusal that no client may repeat; `None` if the failure is not of that kind."""
    row = retry_row(exchange.status)
    if row is None or row.repeat != "never":
        return None
    others = (FAULTS[name] for name in _REFUSALS)
    return next(fault for fault in others if fault.status != exchange.status)


def _queues(seed: int) -> list[list[Fault]]:
    """The faults of each group, in a random order; those of `_ALWAYS` are groups of one."""
    groups: dict[object, list[Fault]] = {name: [FAULTS[name]] for name in _ALWAYS}
    for fault in FAULTS.values():
        of_json = fault.restream is None
        if of_json and not fault.completes and fault.name not in _ALWAYS:
            groups.setdefault(_kind(fault), []).append(fault)
    for queue in groups.values():
        random.Random(seed).shuffle(queue)  # noqa: S311 - no secret
    return list(groups.values())


def _kind(fault: Fault) -> tuple[object, ...]:
    """Faults with the same value ask the same of a client."""
    if fault.redirect:
        return ("redirect",)
    if fault.rules in (STATE, MALFORMED):
        return ("no result", fault.rules)
    return (fault.status is None, fault.repeat, fault.billed_maybe)


def _mutant(fault: Fault, calls: tuple[Call, ...]) -> Mutant:
    return Mutant(
        MUTATIONS["conduct/fault"],
        calls,
        Change(fault=fault.name),
        fault.rules[0],
        fault.name,
        before="a completed run",
        after=fault.title,
    )
