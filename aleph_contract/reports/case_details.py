"""The details of one case in words: expected, sent, replied, reported, and how to reproduce it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from aleph_contract.core.escaping import decoded, money, pluralise
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.diff import Change, describe, shown

#: Maximum number of calls, and of lines of standard error, that are shown of one case.
MAX_LINES = 8


@dataclass(frozen=True, slots=True)
class Detail:
    """One labelled fact about a case.

    Args:
        label: The label, such as `sent`.
        lines: The text; control characters are not yet escaped.
        kind: `prose` may be wrapped at spaces, `exact` anywhere, a `command` nowhere.
    """

    label: str
    lines: tuple[str, ...]
    kind: Literal["prose", "exact", "command"] = "prose"


def details_of(result: CaseResult, changes: tuple[Change, ...]) -> tuple[Detail, ...]:
    """The details of a case, in the order in which a reader needs them; empty ones are left out."""
    return tuple(detail for detail in _all_details(result, changes) if any(detail.lines))


def _all_details(result: CaseResult, changes: tuple[Change, ...]) -> Iterator[Detail]:
    yield Detail("expected", (result.expectation,))
    if is_probe(result):
        yield Detail("sent", tuple(map(request, result.exchanges[-1:])), "exact")
    elif passive(result):
        yield Detail("sent", (shown(result.intended),), "exact")
    else:
        yield Detail("intended", (shown(result.intended),), "exact")
        yield Detail("sent", sent(result, changes), "exact")
    yield Detail("calls", calls(result))
    yield Detail("reply", tuple(map(reply, result.exchanges[-1:])), "exact")
    yield Detail("reported", reported(result.outcome))
    yield Detail("stderr", stderr(result.outcome), "exact")
    yield Detail("correct request", (result.curl,), "command")
    yield Detail("reproduce", (result.reproduce,), "command")


def passive(result: CaseResult) -> bool:
    """Whether only the traffic was watched: the sent input is known, the intended one is not."""
    return result.outcome is None and bool(result.exchanges)


def is_probe(result: CaseResult) -> bool:
    """Whether the request is wrong around its input, so that the input alone does not show it."""
    return result.phase == "envelope" and bool(result.exchanges)


#: Words for a token that is missing or wrong, by the credential of the request.
_TOKENS = {"missing": "no token, ", "refused": "a wrong token, "}


def request(call: Exchange) -> str:
    """A request in one line: method, path, content type and body."""
    target = call.target.replace(call.account, "…") if call.account else call.target
    label = dict(call.request_headers).get("content-type", "no content type")
    body = decoded(call.request_body) or "an empty body"
    return f"{call.method} {target} ({_TOKENS.get(call.credential, '')}{label}) {body}"


def sent(result: CaseResult, changes: tuple[Change, ...]) -> tuple[str, ...]:
    """The differences between the intended and the sent input, or that there are none."""
    if changes:
        return tuple(line for change in changes for line in describe(change))
    return ("as intended",) if result.exchanges else ("nothing",)


def calls(result: CaseResult) -> tuple[str, ...]:
    """The number of calls, their price on the real service, and how each ended."""
    made = result.exchanges
    if not made:
        return ()
    head = f"{pluralise(len(made), 'call')}, {price(made)}"
    if len(made) == 1:
        return (f"{head}: {_call(made[0], made[0])}",)
    lines = [f"{number}. {_call(call, made[0])}" for number, call in enumerate(made, 1)]
    left = len(lines) - MAX_LINES
    return (head, *lines[:MAX_LINES], *([f"… {pluralise(left, 'more call')}"] if left > 0 else []))


def price(made: Sequence[Exchange]) -> str:
    """The price of calls on the real service, in words; unknown for calls without `duration`."""
    known = [call for call in made if not unpriced(call)]
    unknown = sum(map(unpriced, made))
    total = sum((call.cost for call in known), Decimal(0))
    any_known = any(call.billed for call in known)
    return total_price(total, unknown, others=len(known), any_known=any_known)


def total_price(known: Decimal, unknown: int, *, others: int, any_known: bool) -> str:
    """A price in words.

    Args:
        known: USD for the calls whose price is known.
        unknown: Number of billed calls whose price is unknown.
        others: Number of the other calls.
        any_known: Whether a billed call has a known price.
    """
    if not unknown:
        return money(known)
    some = f"{pluralise(unknown, 'run')} " if others else ""
    without = f"{some}at unknown cost (no duration)"
    return f"{money(known)} and {without}" if any_known else without


def unpriced(call: Exchange) -> bool:
    """Whether a call would have been billed at an unknown price."""
    return call.billed and (call.billed_seconds is None or not call.cost)


def _call(call: Exchange, first: Exchange) -> str:
    after = f" after {call.received_at - first.received_at:.1f} s" if call is not first else ""
    answer = "no answer" if call.status is None else str(call.status)
    target = call.target.replace(call.account, "…") if call.account else call.target
    return f"{call.method} {target}{after}: {answer} {ending(call)}"


def ending(call: Exchange) -> str:
    """How a call ended, with the fault that was played, such as "fault rate-limited"."""
    if not call.fault:
        return call.outcome
    return f"fault {call.fault}" if call.outcome == "fault" else f"{call.outcome} ({call.fault})"


def reply(call: Exchange) -> str:
    """The response body as text."""
    if call.status is None:
        return "none"
    return decoded(call.response_body) or "an empty body"


def reported(outcome: Outcome | None) -> tuple[str, ...]:
    """The client's report of the call; empty in `exec`, where the client does not report."""
    if outcome is None:
        return ()
    if outcome.kind == "result":
        return (f"result {shown(outcome.result)}",)
    error = outcome.error
    if error is None:
        return (f"{outcome.kind}: {outcome.reason}",)
    known = {"stage": error.stage, "status": error.status, "code": error.code}
    facts = ", ".join(f"{name} {value}" for name, value in known.items() if value is not None)
    return (f"error{f' ({facts})' if facts else ''}: {error.message}",)


def stderr(outcome: Outcome | None) -> tuple[str, ...]:
    """The end of the client's standard error."""
    return tuple(outcome.stderr.strip().splitlines()[-MAX_LINES:]) if outcome else ()
