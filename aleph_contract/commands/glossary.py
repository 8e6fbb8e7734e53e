"""Explanations of every rule, fault, reply, outcome and word, built from their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches

import click

from aleph_contract.commands.words import WORDS
from aleph_contract.errors import ArgumentError
from aleph_contract.rules import RULES, Rule, canonical
from aleph_contract.rules.server_table import SERVER_RULES
from fake_server.replies.failures import FAILURES, Failure
from fake_server.replies.faults import FAULTS, Fault
from fake_server.replies.outcomes import OUTCOMES

#: Width of the text in columns.
_WIDTH = 80


def names() -> tuple[str, ...]:
    """All names that can be explained; one name may be in several tables."""
    return tuple(dict.fromkeys(name for table, _ in _TABLES for name in table))


def explain(name: str) -> str:
    """The explanation of a name, one paragraph per table that has it.

    Raises:
        ArgumentError: No table has the name; the message suggests similar names.
    """
    name = canonical(name)
    texts = [describe(table[name]) for table, describe in _TABLES if name in table]
    if not texts:
        near = get_close_matches(name, names(), 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ArgumentError(
            f"unknown name {name!r}{hint} (`aleph-contract rules` lists the rules, `aleph-contract "
            "explain faults` the faults)"
        )
    return "\n\n".join("\n".join(lines) for lines in texts)


def fault_list() -> str:
    """A line for each fault: its name, and the failure that the client sees."""
    width = max(map(len, FAULTS)) + 2
    return "\n".join(
        _wrapped(fault.title, f"{name:<{width}}", " " * width) for name, fault in FAULTS.items()
    )


def _rule(rule: Rule) -> Iterator[str]:
    subject = "server" if rule.id in SERVER_RULES else "client"
    yield f"rule {rule.id}  ({rule.level}, {rule.provenance})"
    yield _wrapped(f"The {subject} {rule.sentence}.")
    yield from _fields(
        {"why": rule.why, "cause": rule.cause, "fix": rule.fix, "limits": rule.limits}
    )


def _fault(fault: Fault) -> Iterator[str]:
    yield f"fault {fault.name}  ({fault.provenance})"
    yield _wrapped(f"{fault.title[0].upper()}{fault.title[1:]}.")
    status = "none" if fault.status is None else str(fault.status)
    yield from _fields(
        {
            "status": status,
            "code": "" if fault.code is None else str(fault.code),
            "message": fault.message,
            "repeat": _REPEAT.get(fault.repeat or "", ""),
            "money": "the run may have been billed" if fault.billed_maybe else "",
            "rules": ", ".join(fault.rules),
            "play it": f"send the API token fault-{fault.name}",
        }
    )


#: When a client may repeat a call, in words; see `rules.retry_policy.Repeat`.
_REPEAT = {
    "never": "never: the same call fails again",
    "after-wait": "after a wait: nothing ran, and the call may succeed later",
    "if-unbilled": "only if it was not billed, which a client cannot know",
}


def _failure(named: tuple[str, Failure]) -> Iterator[str]:
    name, failure = named
    yield f"reply {name}  ({failure.provenance})"
    yield _wrapped(f"{failure.title[0].upper()}{failure.title[1:]}.")
    yield from _fields(
        {
            "status": str(failure.status),
            "code": str(failure.code),
            "message": failure.message,
            "outcome": failure.outcome,
        }
    )


def _outcome(named: tuple[str, str]) -> Iterator[str]:
    name, meaning = named
    yield f"outcome {name}"
    yield _wrapped(f"{meaning[0].upper()}{meaning[1:]}.")


def _word(named: tuple[str, str]) -> Iterator[str]:
    name, meaning = named
    yield f"word {name}"
    yield _wrapped(meaning)


_TABLES: tuple[tuple[dict[str, object], Callable[..., Iterator[str]]], ...] = (
    (dict(RULES), _rule),
    (dict(SERVER_RULES), _rule),
    (dict(FAULTS), _fault),
    ({name: (name, failure) for name, failure in FAILURES.items()}, _failure),
    ({name: (name, meaning) for name, meaning in OUTCOMES.items()}, _outcome),
    ({name: (name, meaning) for name, meaning in WORDS.items()}, _word),
)


def _fields(fields: dict[str, str]) -> Iterator[str]:
    for label, text in fields.items():
        if text:
            yield _wrapped(text, f"  {label:<9}", " " * 11)


def _wrapped(text: str, first: str = "  ", rest: str = "  ") -> str:
    return click.wrap_text(text, _WIDTH, initial_indent=first, subsequent_indent=rest)
