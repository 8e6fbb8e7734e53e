"""`aleph-contract rules`: list the rules that judge a client or a server."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from aleph_contract.commands.options import contract_option, load_contracts
from aleph_contract.commands.standard_streams import printing


@click.command("rules", epilog="Example: aleph-contract rules")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--server", is_flag=True, help="List the rules that judge a server.")
@contract_option
@printing()
def command(*, as_json: bool, server: bool, contract_files: tuple[str, ...]) -> None:
    """List the rules that judge a client, or a server.

    A broken "must" rule fails the client; "advice" is only reported. To see why a
    rule matters and how to keep it, run `aleph-contract explain RULE`. The rules are
    the same for every model; a contract is only checked.
    """
    from aleph_contract.rules import RULES
    from aleph_contract.rules.server_table import SERVER_RULES

    if contract_files:
        load_contracts(contract_files)
    table, subject = (SERVER_RULES, "the server") if server else (RULES, "the client")
    width = max(map(len, table))
    for rule in table.values():
        if as_json:
            click.echo(json.dumps(asdict(rule)))
        else:
            text = f"{subject} {rule.sentence}"
            head = f"{rule.id:<{width}}  {rule.level:<6}  "
            click.echo(
                click.wrap_text(text, 80, initial_indent=head, subsequent_indent=" " * len(head))
            )
