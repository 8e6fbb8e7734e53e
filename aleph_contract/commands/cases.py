"""`aleph-contract cases`: print the catalogue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.commands.options import chosen_contract, contract_option, model_option
from aleph_contract.commands.standard_streams import printing
from aleph_contract.core.escaping import one_line
from aleph_contract.errors import ArgumentError

if TYPE_CHECKING:
    from aleph_contract.cases import Case


@click.command("cases", epilog="Example: aleph-contract cases --constraint 'seed/*' --json")
@click.option("--polarity", type=click.Choice(["valid", "violating"]), help="Only these cases.")
@click.option(
    "--constraint",
    metavar="GLOB",
    help="Only cases whose constraint or name matches.",
)
@contract_option
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--certificates", is_flag=True, help="With --json: add the certificate of each violating case."
)
@printing()
def command(
    polarity: Any,
    constraint: str | None,
    contract_files: tuple[str, ...],
    model: str | None,
    *,
    as_json: bool,
    certificates: bool,
) -> None:
    """Print the catalogue of certified cases.

    Each line has the polarity, a mark and the name. Marks: "gray" if
    implementations may disagree about the case, "compound" if it breaks several
    constraints, "near" if no valid input is on the bound and this one is close to it
    (coverage does not count it). With --json, "doubt" says why a case is gray.
    """
    from aleph_contract.cases import cases

    contract = chosen_contract(contract_files, model)
    found = cases(contract, polarity=polarity, constraint=constraint)
    if not found:
        raise ArgumentError("no case is left; `aleph-contract cases` lists all of them")
    for case in found:
        if as_json:
            click.echo(json.dumps(line(case) | (proof(case) if certificates else {})))
        else:
            click.echo(f"{case.polarity:9}  {_mark(case):8}  {one_line(case.name)}")


def _mark(case: Case) -> str:
    marks = {
        "compound": case.compound,
        "gray": not case.portable,
        "near": not case.on_bound,
    }
    return next((mark for mark, holds in marks.items() if holds), "")


def line(case: Case) -> dict[str, Any]:
    """The members that `--json` prints of a case."""
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
        "doubt": case.doubt and {"kind": case.doubt.kind, "reason": case.doubt.reason},
        "constraint": place,
        "input": case.input,
        "compound": case.compound,
        "on_bound": case.on_bound,
    }


def proof(case: Case) -> dict[str, Any]:
    """The additional members of `--certificates`."""
    certificate = case.certificate and case.certificate.as_json()
    return {"note": case.note, "text": case.text, "certificate": certificate}
