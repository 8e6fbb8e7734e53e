"""`aleph-contract cases`: print the catalogue."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--polarity", type=click.Choice(["valid", "violating"]), help="Only these cases.")
@click.option(
    "--constraint",
    metavar="GLOB",
    help="Only cases whose constraint's key, or whose name, matches, such as 'seed/*'.",
)
@click.option(
    "--contract", "path", metavar="FILE", help="A catalog entry; default: the shipped one."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(polarity: str | None, constraint: str | None, path: str | None, as_json: bool) -> None:
    """Print the catalogue of certified cases.

    \b
    Example:
      aleph-contract cases --constraint 'seed/*' --json
    """
    from aleph_contract.cases import cases  # noqa: PLC0415 - the command's own cost
    from aleph_contract.contract import Contract  # noqa: PLC0415

    found = cases(
        Contract.load(path) if path else None,
        polarity=polarity,  # type: ignore[arg-type] # click.Choice holds it
        constraint=constraint,
    )
    for case in found:
        if not as_json:
            click.echo(f"{case.polarity:9}  {'' if case.portable else 'gray':4}  {case.name}")
            continue
        place = case.constraint and {
            "instance": case.constraint.instance,
            "schema": case.constraint.schema,
            "keyword": case.constraint.keyword,
            "limit": case.constraint.limit,
        }
        line = {
            "name": case.name,
            "polarity": case.polarity,
            "portable": case.portable,
            "constraint": place,
            "input": case.input,
            "compound": case.compound,
        }
        click.echo(json.dumps(line))
