"""`aleph-contract verify client`: prove that a client keeps the contract."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.commands.case_options import case_options
from aleph_contract.commands.frozen_imports import frozen_imports
from aleph_contract.commands.options import (
    MAX_JOBS,
    TIME_LIMIT,
    allow_host_option,
    check_interception,
    chosen_contract,
    contract_option,
    detail_options,
    fail_on_option,
    fake_options,
    host_option,
    intercept_option,
    model_option,
    port_option,
    profile_option,
    remote_options,
    report_options,
    rule_option,
    skip_rule_option,
    speed_option,
)
from aleph_contract.commands.signals import terminable
from aleph_contract.commands.verify_server import command as server

if TYPE_CHECKING:
    from aleph_contract.core.results import Level
    from aleph_contract.drivers import Driver
    from aleph_contract.reports import TerminalDetail
    from aleph_contract.verify.fakes import RemoteFake
    from aleph_contract.verify.known_failing import KnownFailing


@click.group("verify")
def command() -> None:
    """Prove that a client, or a server, keeps the contract."""


command.add_command(server)


@command.command(
    "client", epilog="Example: aleph-contract verify client --per-case -- sh my-client.sh"
)
@profile_option
@contract_option
@model_option
@case_options
@click.option("--write-known-failing", metavar="FILE", help="Write such a file from this run.")
@click.option(
    "--max-examples",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Random inputs per property; 0 skips the phase.",
)
@click.option(
    "--timeout",
    type=TIME_LIMIT,
    default=30.0,
    show_default=True,
    metavar="S",
    help="Time limit of one case in seconds of this machine, also with --speed.",
)
@click.option(
    "--patience",
    type=TIME_LIMIT,
    metavar="S",
    help="Time limit in seconds for a fault without a response; set it above the client's own "
    "time-out to check what the client does after that. A client that still waits gets advice.  "
    "[default: 1, with --speed up to 660; the case is skipped]",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, MAX_JOBS),
    default=None,
    metavar="N",
    help="Cases (with --stdio: processes) in parallel.  [default: depends on the adapter]",
)
@click.option(
    "--require-local-validation",
    is_flag=True,
    help="The client must reject invalid input without sending it.",
)
@speed_option
@fake_options
@host_option
@port_option
@remote_options
@intercept_option
@allow_host_option
@rule_option
@skip_rule_option
@fail_on_option
@click.option("-x", "--exitfirst", is_flag=True, help="Stop at the first failure.")
@report_options
@detail_options
@click.option(
    "--python", "python", metavar="MODULE:CALLABLE", help="The client is a Python callable."
)
@click.option("--stdio", is_flag=True, help="COMMAND is a long-lived process: JSON lines.")
@click.option("--per-case", is_flag=True, help="COMMAND is started once per case.")
@click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND [ARG]...]")
def client(
    *,
    profile: str,
    contract_files: tuple[str, ...],
    model: str | None,
    run: tuple[str, ...],
    skip: tuple[str, ...],
    known_failing: KnownFailing | None,
    write_known_failing: str | None,
    max_examples: int,
    seed: int,
    timeout: float,
    patience: float | None,
    jobs: int | None,
    require_local_validation: bool,
    speed: float | None,
    host: str,
    port: int,
    remote: RemoteFake | None,
    intercept: bool,
    allow_hosts: tuple[str, ...],
    only: tuple[str, ...],
    skip_rule: tuple[str, ...],
    fail_on: Level,
    exitfirst: bool,
    report: tuple[str, ...],
    detail: TerminalDetail,
    python: str | None,
    stdio: bool,
    per_case: bool,
    argv: tuple[str, ...],
    **fake: Any,
) -> int:
    """Run every case through a client and judge it.

    Choose one adapter: --python, --stdio or --per-case. --run and --skip take
    names of cases, with * and ?, or phases: examples, boundary, probes, faults,
    concurrency, time (only with --speed), profile, properties.

    Exit code 0: the client conforms; 1: it does not; 2: wrong usage; 3: the check
    could not run.
    """
    check_interception(intercept=intercept, allow_hosts=allow_hosts)
    kind = _kind(python=python, stdio=stdio, per_case=per_case, argv=argv)
    with frozen_imports():
        from aleph_contract import reports
        from aleph_contract.reports.files import check_writable
        from aleph_contract.verify.rule_selection import RuleSelection
        from aleph_contract.verify.runner import Settings, verify_client

        if max_examples and not run and "properties" not in skip:
            import aleph_contract.verify.property_phase  # noqa: F401 - used at the end of the run

    contract = chosen_contract(contract_files, model)
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
        host=host,
        port=port,
        speed=speed,
        remote=remote,
        **fake,
        intercept=intercept,
        allow_hosts=allow_hosts,
        known_failing=known_failing,
        fail_on=fail_on,
        rules=RuleSelection(only, skip_rule),
        stop_at_first=exitfirst,
        command=_words((*_chosen(contract_files, model), *_jobs(jobs)), kind, python, argv),
    )
    with terminable(), reports.open_reports(report, detail=detail) as outputs:
        result = verify_client(
            _driver(kind, python, argv, jobs, own_process=speed != 1),
            contract,
            settings,
            outputs.on_event,
        )
        outputs.write(result)
    if write_known_failing:
        from aleph_contract.verify.known_failing_writer import write

        write(write_known_failing, result)
    return result.exit_code


def _kind(*, python: str | None, stdio: bool, per_case: bool, argv: tuple[str, ...]) -> str:
    chosen = [
        name
        for name, given in {"python": python, "stdio": stdio, "per-case": per_case}.items()
        if given
    ]
    if len(chosen) != 1:
        hint = f"; did you mean --python {argv[0]}?" if not chosen and _is_target(argv) else ""
        raise click.UsageError(
            f"choose one of --python MODULE:CALLABLE, --stdio and --per-case{hint}"
        )
    if chosen == ["python"] and argv:
        raise click.UsageError(f"--python takes no command, but got: {shlex.join(argv)}")
    if chosen != ["python"] and not argv:
        raise click.UsageError(f"--{chosen[0]} needs a command: --{chosen[0]} -- COMMAND [ARG]...")
    return chosen[0]


def _is_target(argv: tuple[str, ...]) -> bool:
    """Whether a command has the form of the callable that `--python` takes."""
    return len(argv) == 1 and all(argv[0].rpartition(":")[::2])


def _driver(
    kind: str,
    python: str | None,
    argv: tuple[str, ...],
    jobs: int | None,
    *,
    own_process: bool,
) -> Driver:
    options: dict[str, Any] = {} if jobs is None else {"jobs": jobs}
    if python is not None and own_process:
        from aleph_contract.drivers import callable_process
        from aleph_contract.drivers.stdio import StdioDriver

        return StdioDriver(callable_process.command(python, jobs))
    if python is not None:
        from aleph_contract.drivers.python import PythonDriver

        return PythonDriver(python, **options)
    if kind == "stdio":
        from aleph_contract.drivers.stdio import StdioDriver

        return StdioDriver(argv, **options)
    from aleph_contract.drivers.command import CommandDriver

    return CommandDriver(argv, **options)


def _chosen(files: tuple[str, ...], model: str | None) -> tuple[str, ...]:
    given = (word for path in files for word in ("--contract", path))
    return (*given, *(("--model", model) if model else ()))


def _jobs(jobs: int | None) -> tuple[str, ...]:
    return () if jobs is None else ("--jobs", str(jobs))


def _words(
    chosen: tuple[str, ...], kind: str, python: str | None, argv: tuple[str, ...]
) -> tuple[str, ...]:
    adapter = ("--python", python) if python is not None else (f"--{kind}", "--", *argv)
    return (*chosen, *adapter)
