"""Options that several commands share."""

from __future__ import annotations

import click

contract_option = click.option(
    "--contract",
    "contract_file",
    metavar="FILE",
    help="A catalog entry to use instead of the shipped one.",
)
profile_option = click.option(
    "--profile",
    type=click.Choice(["documented", "live"]),
    default="documented",
    show_default=True,
    help="Shape of the replies: as the page shows them, or as the live service wraps them.",
)
report_option = click.option(
    "--report",
    metavar="FORMAT[:PATH]",
    multiple=True,
    default=["terminal"],
    help="terminal, json, junit, html or github; to standard output without a PATH. "
    "May be given several times.",
)
