"""`aleph-contract rules`: the rules a client is judged by."""

from __future__ import annotations

import json
from dataclasses import asdict

import click


@click.command("rules", epilog="Example: aleph-contract rules")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(*, as_json: bool) -> None:
    """List the rules a client is judged by.

    A must fails the client; advice is shown and counted apart. `aleph-contract
    explain RULE` tells why a rule matters and how to keep it.
    """
    from aleph_contract.rules import RULES

    width = max(map(len, RULES))
    for rule in RULES.values():
        if as_json:
            click.echo(json.dumps(asdict(rule)))
        else:
            text = f"the client {rule.sentence}"
            head = f"{rule.id:<{width}}  {rule.level:<6}  "
            click.echo(
                click.wrap_text(text, 80, initial_indent=head, subsequent_indent=" " * len(head))
            )
