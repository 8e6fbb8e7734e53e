"""The smallest example of a cause in six labelled facts, for the terminal and for an issue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aleph_contract.core.escaping import money, one_line, pluralise, truncate
from aleph_contract.core.results import CaseResult, Finding
from aleph_contract.reports.case_details import (
    Detail,
    ending,
    is_probe,
    passive,
    price,
    reply,
    reported,
    request,
    sent,
    stderr,
)
from aleph_contract.reports.causes import Cause
from aleph_contract.reports.summary import RuleRow
from aleph_contract.rules.diff import shown

#: Maximum number of characters of one part of a fact, such as a reply.
MAX_PART = 240

#: Calls that are shown of one example, the first ones.
MAX_CALLS = 4

#: The first word of a line of `describe`, which is aligned with that of the next line.
_COLUMN = re.compile(r"^ *(missing|added|changed|intended|sent) +")

#: A string of more characters is shown by its beginning and its length.
_LONG = 60


def example_of(rule: RuleRow, cause: Cause) -> tuple[Detail, ...]:
    """What was found, intended, sent and answered, why it matters, and the command to repeat it.

    Each fact is one line. A recording and `exec` do not know the intended input, and have no
    command: then the command explains the rule.
    """
    return tuple(detail for detail in _facts(rule, cause) if any(detail.lines))


def _facts(rule: RuleRow, cause: Cause) -> Iterator[Detail]:
    example = cause.example
    yield Detail("found", (one_line(cause.finding.message),))
    if is_probe(example) or _unreadable(example):
        yield Detail("sent", (_request(example),), "exact")
    elif passive(example):
        yield Detail("sent", (_input(example),), "exact")
    else:
        yield Detail("intended", (_input(example),), "exact")
        yield Detail("sent", (_sent(cause),))
    yield Detail("answered", (_answered(example),))
    yield Detail("matters", (_matters(rule, cause.finding),))
    yield Detail("command", (next_command(rule, example),), "command")


def _unreadable(example: CaseResult) -> bool:
    """Whether the traffic shows no input, such as a body that is not JSON."""
    return passive(example) and example.intended is None


def next_command(rule: RuleRow, example: CaseResult) -> str:
    """The command that runs the example alone, or that explains the rule if none can."""
    return example.reproduce or f"aleph-contract explain {rule.id}"


def _request(example: CaseResult) -> str:
    """The request line and the body; the end of the body shows how it is broken."""
    text = one_line(request(example.exchanges[-1]))
    if len(text) <= 2 * MAX_PART:
        return text
    return f"{text[:MAX_PART]} … {text[-MAX_PART:]}"


def _input(example: CaseResult) -> str:
    """The intended input as JSON; one that was given as JSON text, unchanged."""
    given = example.intended
    text = given if isinstance(given, str) and given.startswith("{") else shown(given, long=_LONG)
    return truncate(text, MAX_PART)


def _sent(cause: Cause) -> str:
    lines = sent(cause.example, cause.changes)
    return truncate("; ".join(_COLUMN.sub(r"\1 ", line).lstrip() for line in lines), 2 * MAX_PART)


def _answered(example: CaseResult) -> str:
    """How each call ended, the last reply, and the report of the client."""
    report, errors = reported(example.outcome), stderr(example.outcome)
    parts = [_calls(example) or "no call"]
    if report:
        parts.append(f"the client reported {_part(report[0])}")
    if errors and example.outcome and example.outcome.kind not in ("result", "error"):
        parts.append(f"the last line of its standard error is {_part(errors[-1])}")
    return "; ".join(parts)


def _calls(example: CaseResult) -> str:
    made = example.exchanges
    if not made:
        return ""
    first = made[0].received_at
    ends: list[str] = []
    for call in made[:MAX_CALLS]:
        after = f" after {call.received_at - first:.1f} s" if ends else ""
        status = "no answer" if call.status is None else str(call.status)
        ends.append(f"{status} {ending(call)}{after}")
    if (left := len(made) - MAX_CALLS) > 0:
        ends.append(f"… {left:,} more")
    head = f"{pluralise(len(made), 'call')}, {price(made)}: " if len(made) > 1 else ""
    last = reply(made[-1])
    body = "" if last == "none" else f" {_part(last)}"
    return f"{head}{', '.join(ends)}{body}"


def _part(text: str) -> str:
    return truncate(one_line(text), MAX_PART)


def _matters(rule: RuleRow, finding: Finding) -> str:
    cost = f" On the real service: {money(finding.cost)}." if finding.cost else ""
    return f"{rule.why}{cost}".strip()
