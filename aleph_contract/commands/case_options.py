"""The options of `verify` that choose its cases, and name those that may fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def _known_failing(ctx: click.Context, param: click.Parameter, file: str | None) -> Any:  # noqa: ARG001 - click's signature
    from aleph_contract.verify import known_failing

    return None if file is None else known_failing.load(file)


_CASE_OPTIONS = (
    click.option(
        "--run", metavar="GLOB", multiple=True, help="Keep only these cases or phases. Repeatable."
    ),
    click.option(
        "--skip", metavar="GLOB", multiple=True, help="Leave out these cases or phases. Repeatable."
    ),
    click.option(
        "--known-failing",
        metavar="FILE",
        callback=_known_failing,
        help="File of cases that may fail: a name, a glob, `rule ID` or `pointer /P`, # and a "
        "reason per line.",
    ),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="Seed of all random choices."
    ),
)


def case_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose the cases of a verification, and those that may fail."""
    for option in reversed(_CASE_OPTIONS):
        command = option(command)
    return command
