"""`aleph-contract mutate`: find the changes to its calls that a test suite does not notice."""

from __future__ import annotations

import os
from pathlib import Path

import click

from aleph_contract.commands.options import (
    Number,
    contract_option,
    load_contracts,
    report_options,
    speed_option,
)
from aleph_contract.commands.signals import terminable

#: Bound on the default of `--jobs`.
MAX_DEFAULT_JOBS = 4


@click.command(
    "mutate",
    context_settings={"allow_interspersed_args": False},
    epilog="Example: aleph-contract mutate --fail-under 80 -- pytest tests/",
)
@contract_option
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of the choice of faults, and of the mutants that --max-mutants keeps.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help=f"Mutants that run at the same time; by default one per CPU, up to {MAX_DEFAULT_JOBS}.",
)
@click.option(
    "--timeout",
    type=Number(min=0, min_open=True, max=3600),
    default=10.0,
    show_default=True,
    help="Seconds that the tests of one mutant may take; the whole suite may take 30 times that.",
)
@speed_option
@click.option(
    "--max-mutants",
    type=click.IntRange(min=1),
    help="Bound on the mutants; a random choice of them runs.",
)
@click.option(
    "--fail-under",
    type=Number(0, 100),
    default=0.0,
    show_default=True,
    help="Lowest score that gives exit code 0.",
)
@click.option(
    "--allow-writes",
    is_flag=True,
    help="Let the suite write files outside its temporary folder.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep each result in FILE; results that it holds already are not made again.",
)
@report_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def command(
    *,
    contract_files: tuple[str, ...],
    seed: int,
    jobs: int | None,
    timeout: float,
    speed: float | None,
    max_mutants: int | None,
    fail_under: float,
    allow_writes: bool,
    resume: Path | None,
    report: tuple[str, ...],
    command: tuple[str, ...],
) -> int:
    """Find the changes to its calls that a test suite does not notice.

    The command is a test suite that passes under `aleph-contract exec`. It runs
    again with one small change at a time: to the reply that one call gets, to the
    conduct of the service on it, or to the request that the journal shows. A suite
    that still passes did not notice the change. With pytest only the tests that
    make the call run, in a process that stays warm. Exit code: 0; 1 if the score
    is below --fail-under; 3 if the suite fails without a change, is flaky, makes no
    call, does not end, or writes files outside its temporary folder, or if the run
    is interrupted; 130 if it is interrupted before the first change.
    """
    from aleph_contract import reports
    from aleph_contract.mutation.running import MutationSettings, mutate
    from aleph_contract.reports.mutation import MUTATION

    settings = MutationSettings(
        seed=seed,
        jobs=jobs or min(os.cpu_count() or 1, MAX_DEFAULT_JOBS),
        timeout=timeout,
        speed=speed,
        max_mutants=max_mutants,
        fail_under=fail_under,
        allow_writes=allow_writes,
        resume=resume,
    )
    with terminable(), reports.open_reports_of(MUTATION, report, "mutant") as outputs:
        run = mutate(command, load_contracts(contract_files), settings, outputs.on_event)
        outputs.write(run)
    return run.exit_code
