"""`aleph-contract exec`: judge somebody's own command by its traffic."""

from __future__ import annotations

import click

from aleph_contract.commands.options import contract_option, profile_option, report_option
from aleph_contract.commands.signals import terminable


@click.command(
    "exec",
    context_settings={"ignore_unknown_options": True},
    epilog="Example: aleph-contract exec -- pytest tests/",
)
@profile_option
@contract_option
@report_option
@click.option(
    "--expect-refusals",
    is_flag=True,
    help="Calls that the service refuses as invalid are meant: findings about them are advice.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def command(
    *,
    profile: str,
    contract_file: str | None,
    report: tuple[str, ...],
    expect_refusals: bool,
    command: tuple[str, ...],
) -> int:
    """Run a command against a fresh fake and judge the traffic it made.

    The command (a test suite, a script, curl) finds the fake in the variables
    CLOUDFLARE_BASE_URL, CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN. The exit
    code is the command's own if that is not 0, else 0 or 1 by the verdict.
    """
    from aleph_contract import reports
    from aleph_contract.contract import Contract
    from aleph_contract.verify.exec_command import run_command

    with terminable(), reports.opened(report) as sinks:
        run = run_command(
            command,
            Contract.load(contract_file),
            profile=profile,
            refusals_meant=expect_refusals,
        )
        sinks.write(run)
    return run.exit_code
