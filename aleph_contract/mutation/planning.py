"""Plan the mutants: from the calls of the baseline, those changes that the contract tells apart."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.escaping import money, truncate
from aleph_contract.core.jsonvalue import loads
from aleph_contract.mutation import edits
from aleph_contract.mutation.baseline import Baseline
from aleph_contract.mutation.failures import conduct_mutants, other_failure
from aleph_contract.mutation.records import Call, Change, Mutant
from aleph_contract.mutation.table import MUTATIONS
from aleph_contract.rules.traffic import contract_of

#: Characters of a text in a diff.
MAX_SHOWN = 200

#: The reply mutations: id, and the edit of the reply. Each takes reply, origin, previous reply.
_REPLIES: tuple[tuple[str, Callable[[bytes, bytes, bytes | None], bytes]], ...] = (
    ("reply/another-run", edits.another_run),
    ("reply/dead-link", edits.dead_link),
    ("reply/empty-file", edits.empty_file),
    ("reply/query-cut", edits.query_cut),
    ("reply/stale", edits.stale),
)

#: Stands for the URL of a result up to its file name in a plan.
_ORIGIN = b"http://127.0.0.1/__aleph__/media/"


@dataclass(frozen=True, slots=True)
class Plan:
    """The mutants of a run, and how many were left out by the bound."""

    mutants: tuple[Mutant, ...]
    left_out: int = 0


def plan(found: Baseline, contracts: ContractSet, *, seed: int, most: int | None = None) -> Plan:
    """The mutants of a suite, in order of its calls.

    Args:
        found: The suite without a mutation.
        contracts: The contracts of its calls.
        seed: Seed of the choice of faults, and of the mutants if there are more than `most`.
        most: Bound on the mutants; `None` for all.
    """
    groups = _groups(found)
    completed = [group for group in groups if _completed(group[0])]
    every = [
        *(mutant for group in completed for mutant in _reply_mutants(group, found.calls)),
        *conduct_mutants(completed, seed),
        *(mutant for group in groups for mutant in _failure_mutants(group, found.calls)),
        *_field_mutants([call for group in completed for call in group], contracts),
        *(_twice(group) for group in completed),
    ]
    if most is None or len(every) <= most:
        return Plan(tuple(every))
    chosen = sorted(random.Random(seed).sample(range(len(every)), most))  # noqa: S311 - no secret
    return Plan(tuple(every[index] for index in chosen), len(every) - most)


def _groups(found: Baseline) -> list[tuple[Call, ...]]:
    """The calls, grouped: one group for the same call, with the same ending, in several tests.

    In pytest each test sees a mutation once, at the same place. A process runs all tests, so that
    each repetition of a call is tried after the other until a test notices.
    """
    groups: dict[object, list[Call]] = {}
    for call in found.calls:
        if call.repeats and call.number > 1:
            continue  # inputs that are drawn differ from run to run
        body: object = call.selects or (call.test, call.number)
        ending = call.exchange.outcome, call.exchange.fault, call.exchange.status
        key = body, call.occurrence if found.in_pytest else 0, ending
        groups.setdefault(key, []).append(call)
    return [tuple(group) for group in groups.values()]


def _completed(call: Call) -> bool:
    """Whether a call completed without a scripted fault, with a reply in JSON."""
    exchange = call.exchange
    kinds = [value for name, value in exchange.response_headers if name == "content-type"]
    is_json = all("json" in kind for kind in kinds)
    return exchange.outcome == "completed" and exchange.fault is None and is_json


def _reply_mutants(group: tuple[Call, ...], calls: Sequence[Call]) -> Iterator[Mutant]:
    """The mutants of the reply: those whose reply differs from the right one."""
    right = group[0].exchange.response_body
    previous = _previous(group[0], calls)
    for name, edit in _REPLIES:
        wrong = edit(right, _ORIGIN, previous)
        if wrong != right:
            before, after = (", ".join(edits.urls(body)) for body in (right, wrong))
            yield _mutant(name, group, Change(reply=edit), before, after)


def _previous(call: Call, calls: Sequence[Call]) -> bytes | None:
    """The reply of the completed call before, in the same test."""
    index = calls.index(call)
    earlier = (c.exchange for c in reversed(calls[:index]) if c.test == call.test)
    return next((x.response_body for x in earlier if x.outcome == "completed"), None)


def _failure_mutants(group: tuple[Call, ...], calls: Sequence[Call]) -> Iterator[Mutant]:
    """The mutants of a call that fails on purpose, and that is not repeated until it completes."""
    call = group[0]
    exchange = call.exchange
    if exchange.outcome == "completed" or exchange.status is None:
        return
    later = (c.exchange for c in calls[calls.index(call) + 1 :] if c.test == call.test)
    body = exchange.request_body
    if any(x.outcome == "completed" and x.request_body == body for x in later):
        return
    failure = f"status {exchange.status}"
    change = Change(completes=True)
    yield _mutant("reply/failure-became-result", group, change, failure, "a completed run")
    other = other_failure(exchange)
    if other is not None:
        after = f"status {other.status}: {other.title}"
        yield _mutant("conduct/other-failure", group, Change(fault=other.name), failure, after)


def _field_mutants(calls: Sequence[Call], contracts: ContractSet) -> Iterator[Mutant]:
    """The mutants of what was sent: each edit of each field once, in every test with the field."""
    carriers: dict[edits.FieldEdit, dict[str, Call]] = {}
    for call in calls:
        for edit in _distinguishable(call, contracts):
            carriers.setdefault(edit, {}).setdefault(call.test, call)
    for edit, by_test in carriers.items():
        group = tuple(by_test.values())
        body = group[0].exchange.request_body
        before, after = _shown(edits.input_of(body)), _shown(edits.input_of(edit(body) or body))
        yield _mutant(
            edit.mutation, group, Change(sent=edit), *_around(before, after), subject=edit.pointer
        )


def _distinguishable(call: Call, contracts: ContractSet) -> Iterator[edits.FieldEdit]:
    """The edits after which the input is valid still, and means another thing."""
    body = call.exchange.request_body
    schema = contract_of(call.exchange, contracts).input_schema
    allowed = validator_for(schema).is_valid
    given = edits.input_of(body)
    for edit in edits.field_edits(given):
        wrong = edit(body)
        default = edit.mutation == "request/member-dropped" and _is_default(schema, edit, given)
        if wrong is not None and not default and allowed(loads(json.dumps(edits.input_of(wrong)))):
            yield edit


def _is_default(schema: Any, edit: edits.FieldEdit, given: Any) -> bool:
    """Whether the field is a member of the input that has its default."""
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    if len(edit.path) != 1 or not isinstance(given, dict):
        return False
    name = str(edit.path[0])
    declared = properties.get(name)
    default = declared.get("default") if isinstance(declared, dict) else None
    return default is not None and bool(default == given.get(name))


def _twice(group: tuple[Call, ...]) -> Mutant:
    cost = group[0].exchange.cost
    before, after = f"1 call, {_price(cost)}", f"2 calls, {_price(2 * cost)}"
    return _mutant("request/made-twice", group, Change(twice=True), before, after)


def _price(cost: Decimal) -> str:
    return money(cost) if cost else "cost unknown"


def _mutant(  # noqa: PLR0917 - a row of values
    name: str,
    group: Iterable[Call],
    change: Change,
    before: str,
    after: str,
    subject: str = "",
) -> Mutant:
    mutation = MUTATIONS[name]
    shown = (truncate(text, MAX_SHOWN) for text in (before, after))
    return Mutant(mutation, tuple(group), change, mutation.rule, subject, *shown)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _around(before: str, after: str) -> tuple[str, str]:
    """The part of two texts in which they differ, with some characters around it."""
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    end = start
    rest_before, rest_after = before[start:][::-1], after[start:][::-1]
    same = next(
        (i for i, (a, b) in enumerate(zip(rest_before, rest_after, strict=False)) if a != b),
        min(len(rest_before), len(rest_after)),
    )
    start, end = max(start - 24, 0), max(same - 12, 0)
    return _clip(before, start, end), _clip(after, start, end)


def _clip(text: str, start: int, end: int) -> str:
    clipped = text[start : len(text) - end]
    return f"{'…' if start else ''}{clipped}{'…' if end else ''}"
