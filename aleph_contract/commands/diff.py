"""`diff`: classify the changes between two versions of a contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aleph_contract.evolution.comparison import Change, Comparison

#: Characters of a value in a line of text.
_WIDTH = 100


@click.command("diff", epilog="Example: aleph-contract diff old.json new.json")
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(old: str, new: str, *, as_json: bool) -> int:
    """Classify the changes between the catalog entries OLD and NEW.

    A change of the input schema is breaking if an input that was valid is refused
    now; a change of the output schema, if a result that was not possible before is
    possible now. A breaking change has a witness that both validators confirm, a
    compatible one a proof; any other is unproved. Exit code 0: no breaking change;
    1: a breaking change; 2: an entry cannot be used.
    """
    from aleph_contract.contract import Contract
    from aleph_contract.evolution.comparison import compare

    comparison = compare(Contract.load(old), Contract.load(new))
    if as_json:
        breaking = len(comparison.breaking)
        click.echo(json.dumps({**asdict(comparison), "breaking": breaking}, indent=2))
    else:
        click.echo("\n".join(_lines(comparison)))
    return 1 if comparison.breaking else 0


def _lines(comparison: Comparison) -> Iterator[str]:
    for change in comparison.changes:
        yield f"{change.classed} for {change.side}: {change.pointer or 'the whole schema'}"
        if change.pointer:
            yield f"  {_edit(change)}"
        yield f"  {change.reason}"
        if change.classed == "breaking":
            yield f"  witness: {_shown(change.witness)}"
    counts = {
        name: sum(change.classed == name for change in comparison.changes)
        for name in ("breaking", "compatible", "unproved")
    }
    yield ", ".join(f"{count} {name}" for name, count in counts.items())


def _edit(change: Change) -> str:
    if change.added:
        return f"added: {_shown(change.new)}"
    if change.removed:
        return f"removed: {_shown(change.old)}"
    return f"{_shown(change.old)} -> {_shown(change.new)}"


def _shown(value: object) -> str:
    from aleph_contract.core.escaping import truncate

    return truncate(json.dumps(value), _WIDTH)
