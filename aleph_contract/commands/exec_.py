"""`aleph-contract exec`: run a command and judge its traffic to the fake."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.commands.options import (
    allow_host_option,
    check_interception,
    contract_option,
    detail_options,
    fail_on_option,
    fake_options,
    host_option,
    intercept_option,
    load_contracts,
    port_option,
    profile_option,
    remote_options,
    report_option,
    rule_option,
    skip_rule_option,
    speed_option,
)
from aleph_contract.commands.signals import terminable

if TYPE_CHECKING:
    from aleph_contract.core.results import Level
    from aleph_contract.reports import TerminalDetail
    from aleph_contract.verify.fakes import RemoteFake


@click.command(
    "exec",
    context_settings={"allow_interspersed_args": False},
    epilog="Example: aleph-contract exec -- pytest tests/",
)
@profile_option
@contract_option
@rule_option
@skip_rule_option
@fail_on_option
@report_option
@detail_options
@click.option(
    "--expect-refusals",
    is_flag=True,
    help="The command sends invalid input on purpose: findings about it are advice.",
)
@host_option
@port_option
@remote_options
@intercept_option
@allow_host_option
@fake_options
@speed_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def command(
    *,
    profile: str,
    contract_files: tuple[str, ...],
    only: tuple[str, ...],
    skip_rule: tuple[str, ...],
    fail_on: Level,
    report: tuple[str, ...],
    detail: TerminalDetail,
    expect_refusals: bool,
    host: str,
    port: int,
    intercept: bool,
    allow_hosts: tuple[str, ...],
    speed: float | None,
    remote: RemoteFake | None,
    command: tuple[str, ...],
    **fake: Any,
) -> int:
    """Run a command against a fresh fake and judge the traffic it made.

    The command (a test suite, a script, curl) gets the address of the fake in the
    variables CLOUDFLARE_BASE_URL, CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN.
    Exit code: that of the command if it is not 0, else 0 if the traffic conforms
    and 1 if it does not.
    """
    check_interception(intercept=intercept, allow_hosts=allow_hosts)
    from aleph_contract import reports
    from aleph_contract.verify.exec_command import run_command
    from aleph_contract.verify.rule_selection import RuleSelection

    rules = RuleSelection(only, skip_rule)
    with terminable(), reports.open_reports(report, detail=detail) as outputs:
        run = run_command(
            command,
            load_contracts(contract_files),
            profile=profile,
            refusals_meant=expect_refusals,
            host=host,
            port=port,
            intercept=intercept,
            allow_hosts=allow_hosts,
            speed=speed,
            remote=remote,
            **fake,
        )
        run = replace(run, results=tuple(map(rules.apply, run.results)), fail_on=fail_on)
        outputs.write(run)
    return run.exit_code
