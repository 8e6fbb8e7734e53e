"""`aleph-contract cases`: print the catalogue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.commands.options import contract_option

if TYPE_CHECKING:
    from aleph_contract.cases import Case


@click.command("cases", epilog="Example: aleph-contract cases --constraint 'seed/*' --json")
@click.option("--polarity", type=click.Choice(["valid", "violating"]), help="Only these cases.")
@click.option(
    "--constraint",
    metavar="GLOB",
    help="Only cases whose constraint or name matches, such as 'seed/*'.",
)
@contract_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "--certificates", is_flag=True, help="With --json: the proof of each violating case, as well."
)
def command(
    polarity: Any,
    constraint: str | None,
    contract_file: str | None,
    as_json: bool,
    certificates: bool,
) -> None:
    """Print the catalogue of certified cases.

    Each line tells the polarity, whether the case is gray (implementations may differ over it) or
    compound (it breaks more than one constraint), and the name.
    """
    from aleph_contract.cases import cases
    from aleph_contract.contract import Contract

    contract = Contract.load(contract_file)
    for case in cases(contract, polarity=polarity, constraint=constraint):
        if as_json:
            click.echo(json.dumps(line(case) | (proof(case) if certificates else {})))
        else:
            mark = "compound" if case.compound else "" if case.portable else "gray"
            click.echo(f"{case.polarity:9}  {mark:8}  {case.name}")


def line(case: Case) -> dict[str, Any]:
    """What is printed of a case with `--json`."""
    place = case.constraint and {
        "instance": case.constraint.instance,
        "schema": case.constraint.schema,
        "keyword": case.constraint.keyword,
        "limit": case.constraint.limit,
    }
    return {
        "name": case.name,
        "polarity": case.polarity,
        "portable": case.portable,
        "constraint": place,
        "input": case.input,
        "compound": case.compound,
    }


def proof(case: Case) -> dict[str, Any]:
    """What is printed besides with `--certificates`."""
    proved = case.certificate and case.certificate.as_json()
    return {"note": case.note, "text": case.text, "certificate": proved}
