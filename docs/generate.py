"""Write the reference pages from the code: `python docs/generate.py`.

`tests/docs/test_docs.py` calls the same functions and fails when a page differs from its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
from click.testing import CliRunner
from python_page import python_page

from aleph_contract import Contract, cases, constraints
from aleph_contract.cli import cli
from aleph_contract.commands.words import WORDS
from aleph_contract.mutation.table import MUTATIONS
from aleph_contract.rules import RULES
from aleph_contract.rules.retry_policy import RETRIES
from aleph_contract.rules.server_table import SERVER_RULES
from aleph_contract.schema.boundaries import BOUNDARIES
from aleph_contract.verify.phases import PHASES
from fake_server.intercept.targets import HOST, PORT
from fake_server.intercept.variables import VARIABLES
from fake_server.replies.behaviours import BEHAVIOURS
from fake_server.replies.failures import FAILURES
from fake_server.replies.faults import FAULTS
from fake_server.replies.outcomes import OUTCOMES
from fake_server.runs.other_routes import REPLIES

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
    """The `--help` output of every command."""
    parts = ["# Command line\n", "The output of `--help`, one section per command.\n"]
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
    """The table of rules, then a section for each rule."""
    rows = [(f"[{r.id}](#{_anchor(r.id)})", r.level, r.provenance, r.sentence)
            for r in RULES.values()]  # fmt: skip
    parts = [
        "# Rules\n",
        (
            "The rules that `verify client` and `exec` judge a client by. A broken *must* fails "
            "the client; *advice* is counted separately and fails nothing. A rule is a *must* if "
            "it follows from HTTP, from the schemas or from the documentation. "
            "`aleph-contract explain RULE` prints one rule.\n"
        ),
        table(("rule", "level", "rests on", "the client"), rows),
    ]
    parts += [
        f"## {rule.id}\n\nThe client {rule.sentence}.\n\n"
        f"- **Why:** {rule.why}\n- **Usual cause:** {rule.cause}\n"
        f"- **Fix:** {rule.fix}\n" + (f"- **Limits:** {rule.limits}\n" if rule.limits else "")
        for rule in RULES.values()
    ]
    server_rows = [(f"[{r.id}](#{_anchor(r.id)})", r.level, r.provenance, r.sentence)
                   for r in SERVER_RULES.values()]  # fmt: skip
    parts += [
        "## Server rules\n",
        (
            "`judge_server` judges one exchange with a server by these rules; `aleph-contract "
            "rules --server` lists them.\n"
        ),
        table(("rule", "level", "rests on", "the server"), server_rows),
    ]
    parts += [
        f"### {rule.id}\n\nThe server {rule.sentence}.\n\n"
        f"- **Why:** {rule.why}\n- **Usual cause:** {rule.cause}\n"
        f"- **Fix:** {rule.fix}\n"
        for rule in SERVER_RULES.values()
    ]
    return "\n".join(parts)


def _anchor(text: str) -> str:
    return text.replace(".", "")


def faults_page() -> str:
    """The fault table."""
    rows = [
        (f"`{f.name}`", f.status or "none", f.code, f.provenance, f.title,
         "maybe" if f.billed_maybe else "", f.repeat)
        for f in FAULTS.values()
    ]  # fmt: skip
    return (
        "# Faults\n\n"
        "The failures that the fake plays on request. To request one, send the API token "
        "`fault-<name>`, or on the Workers binding the gateway id `fault-<name>`, or set a "
        "scenario (`PUT /__aleph__/accounts/{id}/scenario`). `aleph-contract explain FAULT` prints "
        "one fault, `aleph-contract explain faults` the names of all.\n\n"
        + table(("fault", "status", "code", "provenance", "the client sees", "billed", "repeat"),
                rows)
        + "\n## When a client may repeat a call\n\n"
        "The rules `error.not-retried`, `billing.paid-once` and `error.bounded` read this table; "
        "the first row that fits a reply decides. *never*: the same call fails again. "
        "*after-wait*: nothing ran; the client may call again, after Retry-After if the reply has "
        "it in one of its two lawful forms, an integer of seconds or a date (RFC 9110, 10.2.3). "
        "*if-unbilled*: the run may have been billed, so a client that calls again may pay "
        "twice.\n\n"
        + table(
            ("status", "code", "message holds", "repeat", "provenance", "why"),
            [
                (r.status.replace("|", ", ").replace(".", "x"), r.code, r.message, r.repeat,
                 r.provenance, r.why)
                for r in RETRIES
            ],
        )
    )  # fmt: skip


def replies_page() -> str:
    """Every failure that the fake answers with, its provenance, and the outcomes."""
    rows = [
        (f"`{name}`", f.status, f.code, f"`{f.message}`", f.provenance, f.title)
        for name, f in FAILURES.items()
    ]
    return (
        "# Replies\n\n"
        "Every error reply of the fake, with its provenance: *schema*, *documented*, *observed* on "
        "the live service, or *assumed*. The reply to a completed run has the shape of the model's "
        "page (profile `documented`), or the envelope of the live service (profile `live`, "
        "observed).\n\n"
        + table(("name", "status", "code", "message", "provenance", "when"), rows)
        + "\n## Behaviour around a run\n\nA row with an option is off unless `aleph-contract "
        "serve` gets that option.\n\n"
        + table(
            ("behaviour", "provenance", "option", "the fake"),
            [
                (f"`{b.name}`", b.provenance, f"`{b.option}`" if b.option else "", b.sentence)
                for b in BEHAVIOURS
            ],
        )
        + "\n## Other routes\n\nThe fake answers these routes beside the run route. Calls to them "
        "are counted apart and not judged; no fault and no scenario applies to them.\n\n"
        + table(
            ("route", "provenance", "without a token", "with a wrong token"),
            [
                (f"`{name}`", r.provenance, f"`{r.missing}`", f"`{r.wrong}`")
                for name, r in REPLIES.items()
            ],
        )
        + "\n## Outcomes\n\nThe journal gives every exchange one of these outcomes.\n\n"
        + table(("outcome", "meaning"), [(f"`{k}`", v) for k, v in OUTCOMES.items()])
    )


def contract_page() -> str:
    """Every constraint of the shipped contract, with the number of its cases."""
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
        + "\n## Keywords\n\nThe engine makes boundary cases for these keywords: "
        + ", ".join(f"`{k}`" for k in sorted(BOUNDARIES))
        + ".\n\n## Phases\n\nA verification runs these phases in order (`time` only with "
        "`--speed`): " + ", ".join(f"`{p.name}`" for p in PHASES) + ".\n"
    )


def _limit(value: object) -> str:
    text = repr(value)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}…`"  # noqa: PLR2004 - width of a cell


def interception_page() -> str:
    """The environment variables of an interceptor."""
    return (
        "# Interception\n\n"
        "The environment variables that `--intercept` sets for a client. Each names the proxy, the "
        "certificate authority (CA) of the run, or both. A CA bundle holds your own CAs too: those "
        "of the file that the variable named before, else those of the system. Options are added "
        "to yours.\n\n"
        + table(
            ("variable", "names", "read by"),
            [(f"`{v.name}`", v.names, v.read_by) for v in VARIABLES],
        )
        + f"\nConnections to `{HOST}:{PORT}` reach the fake. [How it works](../interception.md).\n"
    )


def mutations_page() -> str:
    """The table of mutations."""
    rows = [(f"`{m.id}`", m.title, f"[{m.rule}](rules.md#{_anchor(m.rule)})", m.unless, m.remedy)
            for m in MUTATIONS.values()]  # fmt: skip
    head = ("mutation", "the change", "rule", "not made if", "to notice it")
    return (
        "# Mutations\n\n"
        "The changes that `aleph-contract mutate` makes to one call, or to one field. The rule of "
        "`conduct/fault` is the first rule of [the fault](faults.md).\n\n" + table(head, rows)
    )


def words_page() -> str:
    """The table of words."""
    rows = [(f"`{name}`", meaning) for name, meaning in WORDS.items()]
    return (
        "# Words\n\n"
        "The words of reports and help texts. `aleph-contract explain WORD` prints one.\n\n"
        + table(("word", "meaning"), rows)
    )


#: Every generated page.
PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "rules.md": rules_page,
    "faults.md": faults_page,
    "mutations.md": mutations_page,
    "replies.md": replies_page,
    "contract.md": contract_page,
    "python.md": python_page,
    "interception.md": interception_page,
    "words.md": words_page,
}


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(_NOTE + page(), encoding="utf-8")


if __name__ == "__main__":
    main()
