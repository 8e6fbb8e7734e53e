"""`aleph-contract explain`: explain a rule, a fault, a reply or an outcome."""

from __future__ import annotations

from difflib import get_close_matches

import click


@click.command("explain", epilog="Example: aleph-contract explain request.faithful")
@click.argument("name", metavar="RULE|FAULT|OUTCOME")
def command(*, name: str) -> None:
    """Explain a rule, a fault or an outcome of the fake.

    The provenance is the source of a fact: http, schema, documented, observed or
    assumed.
    """
    from aleph_contract.commands.glossary import explain, names
    from aleph_contract.errors import ArgumentError

    known = names()
    if name not in known:
        near = get_close_matches(name, known, 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ArgumentError(f"unknown name {name!r}{hint} (`aleph-contract rules` lists the rules)")
    click.echo(explain(name))
