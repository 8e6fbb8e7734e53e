"""`aleph-contract verify_client client`: prove that a client keeps the contract."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.commands.options import contract_option, profile_option, report_option
from aleph_contract.commands.signals import terminable

if TYPE_CHECKING:
    from aleph_contract.drivers import Driver


@click.group("verify")
def command() -> None:
    """Prove that a client keeps the contract."""


@command.command(
    "client", epilog="Example: aleph-contract verify_client client --per-case -- sh my-client.sh"
)
@profile_option
@contract_option
@click.option("--run", "run", metavar="GLOB", multiple=True, help="Only cases or phases so named.")
@click.option("--skip", metavar="GLOB", multiple=True, help="Without cases or phases so named.")
@click.option(
    "--known-failing",
    metavar="FILE",
    help="Names or globs of cases that may fail, each with # and a reason.",
)
@click.option("--write-known-failing", metavar="FILE", help="Write that file from this run.")
@click.option(
    "--max-examples",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Inputs to draw for each property; 0 leaves the phase out.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides every draw.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="S",
    help="Seconds the client has for one case.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Seconds it has where no answer ever comes; beyond its own time-out, they show what it "
    "does then.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="Cases (or processes) at a time.  [default: what suits the adapter]",
)
@click.option(
    "--require-local-validation",
    is_flag=True,
    help="Violating input must be refused before the network.",
)
@report_option
@click.option("--python", "python", metavar="MODULE:CALLABLE", help="A callable, in process.")
@click.option("--stdio", is_flag=True, help="COMMAND is one long-lived process, JSON a line.")
@click.option("--per-case", is_flag=True, help="COMMAND is run once for each case.")
@click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND [ARG]...]")
def client(
    *,
    profile: str,
    contract_file: str | None,
    run: tuple[str, ...],
    skip: tuple[str, ...],
    known_failing: str | None,
    write_known_failing: str | None,
    max_examples: int,
    seed: int,
    timeout: float,
    patience: float,
    jobs: int | None,
    require_local_validation: bool,
    report: tuple[str, ...],
    python: str | None,
    stdio: bool,
    per_case: bool,
    argv: tuple[str, ...],
) -> int:
    """Drive a client through every case and judge it.

    Choose one adapter: --python, --stdio or --per-case. --run and --skip take
    names of cases with * and ?, or phases: examples, boundary, probes, faults,
    concurrency, profile, properties.

    Exit code 0: conformant; 1: not; 2: wrong usage; 3: the check could not be
    carried out.
    """
    kind = _kind(python=python, stdio=stdio, per_case=per_case, argv=argv)
    from aleph_contract import reports
    from aleph_contract.contract import Contract
    from aleph_contract.reports.files import check_writable
    from aleph_contract.verify import known_failing as known
    from aleph_contract.verify.runner import Settings, verify_client

    contract = Contract.load(contract_file)
    if write_known_failing:
        check_writable(Path(write_known_failing), "--write-known-failing")
    settings = Settings(
        profile=profile,
        run=run,
        skip=skip,
        max_examples=max_examples,
        seed=seed,
        timeout=timeout,
        patience=patience,
        require_local_validation=require_local_validation,
        known_failing=known.load(known_failing) if known_failing else None,
        command=_words(contract_file, kind, python, argv),
    )
    with terminable(), reports.opened(report) as sinks:
        result = verify_client(
            _driver(kind, python, argv, jobs), contract, settings, sinks.on_event
        )
        sinks.write(result)
    if write_known_failing:
        known.write(write_known_failing, result)
    return result.exit_code


def _kind(*, python: str | None, stdio: bool, per_case: bool, argv: tuple[str, ...]) -> str:
    chosen = [
        name
        for name, given in {"python": python, "stdio": stdio, "per-case": per_case}.items()
        if given
    ]
    if len(chosen) != 1:
        raise click.UsageError("choose one of --python MODULE:CALLABLE, --stdio and --per-case")
    if chosen == ["python"] and argv:
        raise click.UsageError(f"--python takes no command, but got: {shlex.join(argv)}")
    if chosen != ["python"] and not argv:
        raise click.UsageError(f"--{chosen[0]} needs a command: --{chosen[0]} -- COMMAND [ARG]...")
    return chosen[0]


def _driver(kind: str, python: str | None, argv: tuple[str, ...], jobs: int | None) -> Driver:
    options: dict[str, Any] = {} if jobs is None else {"jobs": jobs}
    if python is not None:
        from aleph_contract.drivers.python import PythonDriver

        return PythonDriver(python, **options)
    if kind == "stdio":
        from aleph_contract.drivers.stdio import StdioDriver

        return StdioDriver(argv, **options)
    from aleph_contract.drivers.command import CommandDriver

    return CommandDriver(argv, **options)


def _words(
    contract_file: str | None, kind: str, python: str | None, argv: tuple[str, ...]
) -> tuple[str, ...]:
    contract = ("--contract", contract_file) if contract_file else ()
    adapter = ("--python", python) if python is not None else (f"--{kind}", "--", *argv)
    return (*contract, *adapter)
