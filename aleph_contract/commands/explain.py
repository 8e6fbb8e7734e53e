"""`aleph-contract explain`: explain a rule, a fault, a reply, an outcome or a word."""

from __future__ import annotations

import click

from aleph_contract.commands.options import (
    chosen_contract,
    contract_option,
    load_contracts,
    model_option,
)
from aleph_contract.commands.standard_streams import printing
from aleph_contract.core.escaping import printable


@click.command("explain", epilog="Example: aleph-contract explain request.faithful")
@click.argument("name", metavar="RULE|FAULT|OUTCOME|WORD|contract|faults")
@contract_option
@model_option
@printing()
def command(*, name: str, contract_files: tuple[str, ...], model: str | None) -> None:
    """Explain a rule, a fault or an outcome of the fake, or show a contract.

    The provenance is the source of a fact: http, schema, documented, observed or
    assumed. `explain faults` lists all faults. A WORD is one that
    reports use, such as gray.
    """
    from aleph_contract.commands.glossary import explain, fault_list

    if name == "contract":
        from aleph_contract.commands.contract_text import contract_text

        click.echo(printable(contract_text(chosen_contract(contract_files, model))))
        return
    if model:  # a wrong path or model is an error, also where the text is the same for all models
        chosen_contract(contract_files, model)
    elif contract_files:
        load_contracts(contract_files)
    click.echo(fault_list() if name == "faults" else explain(name))
