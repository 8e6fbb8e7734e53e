"""Write the reference pages from the code: `python docs/generate.py`.

A test runs the same functions and fails when a page is not what the code says.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
from click.testing import CliRunner

from aleph_contract import strategies
from aleph_contract.cases import Case, cases
from aleph_contract.cases.constraints import Constraint, constraints
from aleph_contract.cli import cli
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validate
from aleph_contract.core.exchange import Exchange, Outcome
from aleph_contract.core.results import CaseResult, Finding, Verification
from aleph_contract.rules import RULES
from aleph_contract.schema.boundaries import BOUNDARIES
from aleph_contract.schema.validation.violations import Violation
from aleph_contract.verify.phases import PHASES
from aleph_contract.verify.runner import Settings, verify_client
from fake_server.http.app import create_app
from fake_server.replies.failures import FAILURES, OUTCOMES
from fake_server.replies.faults import FAULTS
from fake_server.server import AccountHandle, Server, running

REFERENCE = Path(__file__).parent / "reference"

#: The width that help is printed for.
_NARROW = {"COLUMNS": "80"}

_NOTE = "<!-- Written by docs/generate.py; edit the code instead. -->\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def cli_page() -> str:
    """Every command's own help."""
    parts = ["# Command line\n", "What `--help` prints, command by command.\n"]
    for path in _commands((), cli):
        shown = (
            CliRunner()
            .invoke(cli, [*path, "--help"], prog_name="aleph-contract", env=_NARROW)
            .output
        )
        parts.append(f"## {' '.join(['aleph-contract', *path])}\n\n```text\n{shown}```\n")
    return "\n".join(parts)


def _commands(path: tuple[str, ...], command: click.Command) -> Iterable[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _commands((*path, name), child)


def rules_page() -> str:
    """The rule table, and each rule at length."""
    rows = [(f"[{r.id}](#{_anchor(r.id)})", r.level, r.provenance, r.sentence)
            for r in RULES.values()]  # fmt: skip
    parts = [
        "# Rules\n",
        (
            "What a client is judged by. A *must* fails the client, *advice* is counted apart. "
            "What a rule rests on decides: HTTP itself, the schemas and the documentation make a "
            "must.\n"
        ),
        table(("rule", "level", "rests on", "the client"), rows),
    ]
    parts += [
        f"## {rule.id}\n\nThe client {rule.sentence}.\n\n"
        f"- **Why:** {rule.why}\n- **Usually broken by:** {rule.breakage}\n"
        f"- **Instead:** {rule.mend}\n"
        for rule in RULES.values()
    ]
    return "\n".join(parts)


def _anchor(text: str) -> str:
    return text.replace(".", "")


def faults_page() -> str:
    """The fault table."""
    rows = [
        (f"`{f.name}`", f.status or "none", f.code, f.provenance, f.title,
         "maybe" if f.billed_maybe else "")
        for f in FAULTS.values()
    ]  # fmt: skip
    return (
        "# Faults\n\n"
        "What the fake does wrong on demand. Play one by the API token `fault-<name>`, on the "
        "Workers binding by the gateway id `fault-<name>`, or by a scenario "
        "(`PUT /__aleph__/accounts/{id}/scenario`).\n\n"
        + table(("fault", "status", "code", "provenance", "what the client sees", "billed"), rows)
    )


def replies_page() -> str:
    """What the fake refuses, and how well each answer is known."""
    rows = [
        (f"`{name}`", f.status, f.code, f"`{f.message}`", f.provenance, f.title)
        for name, f in FAILURES.items()
    ]
    return (
        "# Replies\n\n"
        "Every answer of the fake that is not a result, with how well it is known: *schema*, "
        "*documented*, *observed* on the live service, or *assumed*. A completed run is answered "
        "as the page shows it (profile `documented`), or wrapped as the live service does "
        "(profile `live`, observed).\n\n"
        + table(("name", "status", "code", "message", "provenance", "when"), rows)
        + "\n## Outcomes\n\nHow the journal names the end of an exchange.\n\n"
        + table(("outcome", "meaning"), [(f"`{k}`", v) for k, v in OUTCOMES.items()])
    )


def contract_page() -> str:
    """Every constraint of the shipped contract with the cases that probe it."""
    contract = Contract.load()
    catalogue = cases(contract)
    rows = [
        (f"`{c.key}`", f"`{c.keyword}`", _limit(c.limit),
         sum(k.constraint == c and k.polarity == "valid" for k in catalogue),
         sum(k.constraint == c and k.polarity == "violating" for k in catalogue))
        for c in constraints(contract)
    ]  # fmt: skip
    return (
        f"# Contract\n\nThe shipped contract of `{contract.model}`, version {contract.version}: "
        f"{len(rows)} constraints, {len(catalogue)} cases "
        "(`aleph-contract cases` prints them all).\n\n"
        + table(("constraint", "keyword", "limit", "valid cases", "violating cases"), rows)
        + "\n## Keywords\n\nEvery keyword that the engine knows how to probe: "
        + ", ".join(f"`{k}`" for k in sorted(BOUNDARIES))
        + ".\n\n## Phases\n\nA verification runs these in order: "
        + ", ".join(f"`{p.name}`" for p in PHASES)
        + ".\n"
    )


def _limit(value: object) -> str:
    text = repr(value)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}…`"  # noqa: PLR2004 - width of a cell


#: What the Python page shows, in order.
PUBLIC: tuple[Callable[..., object], ...] = (
    Contract, validate, Violation, constraints, Constraint, cases, Case,
    strategies.valid_inputs, strategies.boundary_inputs, strategies.violating_inputs,
    strategies.requests, verify_client, Settings, Verification, CaseResult, Finding, Exchange,
    Outcome,
    running, Server, AccountHandle, create_app,
)  # fmt: skip


def python_page() -> str:
    """Signatures and docstrings of the public names."""
    parts = ["# Python\n"]
    for thing in PUBLIC:
        signature = "" if inspect.isclass(thing) else _signature(thing)
        parts.append(
            f"## {thing.__module__}.{thing.__name__}\n\n"
            f"```text\n{thing.__name__}{signature}\n\n{inspect.getdoc(thing)}\n```\n"
        )
    return "\n".join(parts)


def _signature(function: Callable[..., object]) -> str:
    return re.sub(r"<function <lambda> at \w+>", "...", str(inspect.signature(function)))


#: Every generated page.
PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "rules.md": rules_page,
    "faults.md": faults_page,
    "replies.md": replies_page,
    "contract.md": contract_page,
    "python.md": python_page,
}


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(_NOTE + page(), encoding="utf-8")


if __name__ == "__main__":
    main()
