"""`aleph-contract rules`: list the rules that judge a client."""

from __future__ import annotations

import json
from dataclasses import asdict

import click


@click.command("rules", epilog="Example: aleph-contract rules")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def command(*, as_json: bool) -> None:
    """List the rules that judge a client.

    A broken "must" rule fails the client; "advice" is only reported. To see why a
    rule matters and how to keep it, run `aleph-contract explain RULE`.
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
