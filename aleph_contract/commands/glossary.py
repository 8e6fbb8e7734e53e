"""What every name of the project means: rules, faults, failures and outcomes, from their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click

from aleph_contract.rules import RULES, Rule
from fake_server.replies.failures import FAILURES, OUTCOMES, Failure
from fake_server.replies.faults import FAULTS, Fault

#: Width of the terminal that the text is laid out for.
_WIDTH = 80


def names() -> tuple[str, ...]:
    """Everything that can be explained; a name may mean several things."""
    return tuple(dict.fromkeys(name for table, _ in _TABLES for name in table))


def explain(name: str) -> str:
    """All that is known of a name, laid out for a terminal.

    Raises:
        KeyError: Nothing is called so.
    """
    texts = [tell(table[name]) for table, tell in _TABLES if name in table]
    if not texts:
        raise KeyError(name)
    return "\n\n".join("\n".join(lines) for lines in texts)


def _rule(rule: Rule) -> Iterator[str]:
    yield f"rule {rule.id}  ({rule.level}, {rule.provenance})"
    yield _wrapped(f"The client {rule.sentence}.")
    yield from _fields({"why": rule.why, "usually": rule.cause, "instead": rule.fix})


def _fault(fault: Fault) -> Iterator[str]:
    yield f"fault {fault.name}  ({fault.provenance})"
    yield _wrapped(f"{fault.title[0].upper()}{fault.title[1:]}.")
    status = "none" if fault.status is None else str(fault.status)
    yield from _fields(
        {
            "status": status,
            "code": "" if fault.code is None else str(fault.code),
            "message": fault.message,
            "retry": "the same call may succeed later" if fault.retryable else "",
            "money": "the run may have been billed" if fault.billed_maybe else "",
            "rules": ", ".join(fault.rules),
            "play it": f"send the API token fault-{fault.name}",
        }
    )


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


_TABLES: tuple[tuple[dict[str, object], Callable[..., Iterator[str]]], ...] = (
    (dict(RULES), _rule),
    (dict(FAULTS), _fault),
    ({name: (name, failure) for name, failure in FAILURES.items()}, _failure),
    ({name: (name, meaning) for name, meaning in OUTCOMES.items()}, _outcome),
)


def _fields(fields: dict[str, str]) -> Iterator[str]:
    for label, text in fields.items():
        if text:
            yield _wrapped(text, f"  {label:<9}", " " * 11)


def _wrapped(text: str, first: str = "  ", rest: str = "  ") -> str:
    return click.wrap_text(text, _WIDTH, initial_indent=first, subsequent_indent=rest)
