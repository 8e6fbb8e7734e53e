"""`aleph-contract verify server`: prove that a server keeps the contract."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from aleph_contract.commands.case_options import case_options
from aleph_contract.commands.options import (
    TIME_LIMIT,
    Number,
    chosen_contract,
    contract_option,
    detail_options,
    model_option,
    report_options,
)
from aleph_contract.commands.signals import terminable
from aleph_contract.commands.standard_streams import printing

if TYPE_CHECKING:
    from aleph_contract.contract import Contract
    from aleph_contract.core.exchange import SurfaceName
    from aleph_contract.reports import TerminalDetail
    from aleph_contract.verify.known_failing import KnownFailing
    from aleph_contract.verify.server.call import PlannedCall


@click.command(
    "server", epilog="Example: aleph-contract verify server http://127.0.0.1:8790/client/v4"
)
@click.argument("base_url", metavar="BASE_URL")
@click.option("--account-id", metavar="ID", help="Account in the path; 32 zeros by default.")
@click.option(
    "--token-env",
    metavar="VAR",
    help="Environment variable with the API token; with it, wrong tokens must be refused.",
)
@click.option(
    "--surface",
    type=click.Choice(["rest", "binding"]),
    default="rest",
    show_default=True,
    help="Protocol of the calls: the REST API, or that of env.AI.",
)
@click.option(
    "--spend-cap",
    metavar="USD",
    help="Most that the calls may cost; needed for a server on another machine.",
)
@click.option(
    "--continue-after-spend",
    is_flag=True,
    help="Go on after a server on another machine accepted a call that it must refuse.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Print the calls as JSON lines; send none.")
@click.option("--rate", type=Number(min=0.001), metavar="N", help="Calls per second.")
@click.option(
    "--capture", metavar="FILE", help="Write each exchange as a JSON line, without the token."
)
@click.option(
    "--timeout",
    type=TIME_LIMIT,
    default=30.0,
    show_default=True,
    metavar="S",
    help="Seconds until a reply must be complete.",
)
@contract_option
@model_option
@case_options
@click.option(
    "--max-examples",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Drawn inputs of each polarity.",
)
@report_options
@detail_options
def command(
    *,
    base_url: str,
    account_id: str | None,
    token_env: str | None,
    surface: SurfaceName,
    spend_cap: str | None,
    continue_after_spend: bool,
    only_plan: bool,
    rate: float | None,
    capture: str | None,
    timeout: float,
    contract_files: tuple[str, ...],
    model: str | None,
    run: tuple[str, ...],
    skip: tuple[str, ...],
    known_failing: KnownFailing | None,
    seed: int,
    max_examples: int,
    report: tuple[str, ...],
    detail: TerminalDetail,
) -> int:
    """Send every case to a server and judge its replies.

    Calls that must be refused come first. --run and --skip take names of cases,
    with * and ?, or phases: envelope, violating, valid.

    Exit code 0: the server conforms; 1: it does not; 2: wrong usage; 3: the check
    could not run.
    """
    from aleph_contract import reports
    from aleph_contract.verify.server.runner import ServerSettings, choose, verify_server
    from aleph_contract.verify.server.target import Target
    from fake_server.state.billing import amount

    contract = chosen_contract(contract_files, model)
    target = Target.parse(
        base_url, surface=surface, account_id=account_id, token=_token(token_env), timeout=timeout
    )
    settings = ServerSettings(
        run=run,
        skip=skip,
        known_failing=known_failing,
        seed=seed,
        max_examples=max_examples,
        spend_cap=None if spend_cap is None else amount("--spend-cap", spend_cap),
        rate=rate,
        continue_after_spend=continue_after_spend,
        capture=capture,
        command=_words(
            base_url,
            contract_files,
            {
                "--surface": None if surface == "rest" else surface,
                "--account-id": account_id,
                "--token-env": token_env,
                "--spend-cap": spend_cap,
                "--model": model,
            },
        ),
    )
    if only_plan:
        _print_plan(choose(target, contract, settings, planning=True), contract)
        return 0
    with terminable(), reports.open_reports(report, detail=detail) as outputs:
        result = verify_server(target, contract, settings, outputs.on_event)
        outputs.write(result)
    return result.exit_code


def _token(variable: str | None) -> str | None:
    from aleph_contract.core.secret import is_bearer_token

    if variable is None:
        return None
    token = os.environ.get(variable, "")
    if not is_bearer_token(token):
        raise click.UsageError(f"--token-env {variable}: the variable holds no API token")
    return token


@printing()
def _print_plan(calls: list[PlannedCall], contract: Contract) -> None:
    """Print one JSON object for each call, then the number of calls and the price if all ran."""
    from aleph_contract.core.exchange import decimal
    from fake_server.state.spend_guard import worst_price

    prices = [worst_price(call.input, contract) for call in calls]
    for call, price in zip(calls, prices, strict=True):
        line = {"name": call.name, "phase": call.phase, "method": call.method, "path": call.path}
        cost = None if price is None else decimal(price)
        click.echo(json.dumps({**line, "worst_usd": cost}))
    unknown = sum(price is None for price in prices)
    click.echo(
        f"{len(calls):,} calls, {unknown:,} of them at unknown cost; nothing was sent", err=True
    )


def _words(
    base_url: str, files: tuple[str, ...], options: dict[str, str | None]
) -> tuple[str, ...]:
    """The command line that verifies this server again."""
    words = ["aleph-contract", "verify", "server", base_url]
    words += [word for path in files for word in ("--contract", path)]
    words += [word for name, value in options.items() if value for word in (name, value)]
    return tuple(words)
