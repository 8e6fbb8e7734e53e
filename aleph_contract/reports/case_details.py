"""The evidence of one case in words, in the order in which a reader asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from aleph_contract.core.escaping import decoded, money, pluralise
from aleph_contract.core.exchange import Exchange, Outcome
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.diff import Change, describe, shown

#: Most calls, and most lines of a client's standard error, that one finding shows.
MOST_LINES = 8


@dataclass(frozen=True, slots=True)
class Detail:
    """One answer.

    Args:
        label: What is answered.
        lines: The answer; not yet safe to show.
        kind: `prose` may be folded at spaces, `exact` anywhere, a `command` nowhere.
    """

    label: str
    lines: tuple[str, ...]
    kind: Literal["prose", "exact", "command"] = "prose"


def evidence(result: CaseResult, changes: tuple[Change, ...]) -> tuple[Detail, ...]:
    """What was meant, sent, answered and reported, and how to see it again; nothing empty."""
    return tuple(item for item in _items(result, changes) if any(item.lines))


def _items(result: CaseResult, changes: tuple[Change, ...]) -> Iterator[Detail]:
    yield Detail("expected", (result.expectation,))
    if passive(result):
        yield Detail("sent", (shown(result.intended),), "exact")
    else:
        yield Detail("intended", (shown(result.intended),), "exact")
        yield Detail("sent", sent(result, changes), "exact")
    yield Detail("calls", calls(result))
    yield Detail("reply", tuple(map(reply, result.exchanges[-1:])), "exact")
    yield Detail("reported", reported(result.outcome))
    yield Detail("stderr", stderr(result.outcome), "exact")
    yield Detail("request", (result.curl,), "command")
    yield Detail("again", (result.reproduce,), "command")


def passive(result: CaseResult) -> bool:
    """Whether only the wire was watched: what was sent is known then, what was meant is not."""
    return result.outcome is None and bool(result.exchanges)


def sent(result: CaseResult, changes: tuple[Change, ...]) -> tuple[str, ...]:
    """The difference between what was meant and what was sent, or that there is none."""
    if changes:
        return tuple(line for change in changes for line in describe(change))
    return ("as intended",) if result.exchanges else ("nothing",)


def calls(result: CaseResult) -> tuple[str, ...]:
    """How many calls there were, what they would have cost, and how each ended."""
    made = result.exchanges
    if not made:
        return ()
    head = f"{pluralise(len(made), 'call')}, {price(made)}"
    if len(made) == 1:
        return (f"{head}: {_call(made[0], made[0])}",)
    lines = [f"{number}. {_call(call, made[0])}" for number, call in enumerate(made, 1)]
    left = len(lines) - MOST_LINES
    return (head, *lines[:MOST_LINES], *([f"… {pluralise(left, 'more call')}"] if left > 0 else []))


def price(made: Iterable[Exchange]) -> str:
    """What calls would have cost, in words; without `duration` nobody knows."""
    known = [call for call in made if not unpriced(call)]
    unknown = [call for call in made if unpriced(call)]
    total = money(sum((call.cost for call in known), Decimal(0)))
    if not unknown:
        return total
    told = f"{len(unknown):,} at a cost unknown without a duration"
    return f"{total} and {told}" if any(call.billed for call in known) else told


def unpriced(call: Exchange) -> bool:
    """Whether a call would have been billed, nobody knows how much."""
    return call.billed and call.billed_seconds is None


def _call(call: Exchange, first: Exchange) -> str:
    after = f" after {call.received_at - first.received_at:.1f} s" if call is not first else ""
    answer = "no answer" if call.status is None else str(call.status)
    target = call.target.replace(call.account, "…") if call.account else call.target
    return f"{call.method} {target}{after}: {answer} {ending(call)}"


def ending(call: Exchange) -> str:
    """How a call ended, in a word or two, with the fault that was played."""
    if not call.fault:
        return call.outcome
    return f"fault {call.fault}" if call.outcome == "fault" else f"{call.outcome} ({call.fault})"


def reply(call: Exchange) -> str:
    """The body of an answer, as text."""
    if call.status is None:
        return "none"
    return decoded(call.response_body) or "an empty body"


def reported(outcome: Outcome | None) -> tuple[str, ...]:
    """What the client said of the call; nothing in passive mode, where nobody asks it."""
    if outcome is None:
        return ()
    if outcome.kind == "result":
        return (f"result {shown(outcome.video)}",)
    error = outcome.error
    if error is None:
        return (f"{outcome.kind}: {outcome.reason}",)
    known = {"stage": error.stage, "status": error.status, "code": error.code}
    told = ", ".join(f"{name} {value}" for name, value in known.items() if value is not None)
    return (f"error{f' ({told})' if told else ''}: {error.message}",)


def stderr(outcome: Outcome | None) -> tuple[str, ...]:
    """The end of the client's standard error."""
    return tuple(outcome.stderr.strip().splitlines()[-MOST_LINES:]) if outcome else ()
