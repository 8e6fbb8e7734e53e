"""Options that several commands share."""

from __future__ import annotations

import click

contract_option = click.option(
    "--contract",
    "contract_file",
    metavar="FILE",
    help="Catalog entry of the model; the package contains the default one.",
)
profile_option = click.option(
    "--profile",
    type=click.Choice(["documented", "live"]),
    default="documented",
    show_default=True,
    help="Form of successful replies: as documented, or as the live service sends them.",
)
report_option = click.option(
    "--report",
    metavar="FORMAT[:PATH]",
    multiple=True,
    default=["terminal"],
    help="terminal, json, junit, html or github; without PATH to standard output. Repeatable.",
)
