"""`aleph-contract exec`: run the user's command against a new fake, and judge its traffic.

The intended inputs are unknown, so only rules that need none are judged; see `rules.traffic`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.escaping import pluralise
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.private_folder import PrivateFolder
from aleph_contract.core.results import CaseResult, Client, Verification
from aleph_contract.drivers.faster_clock import FasterClock
from aleph_contract.drivers.processes import ended_with_us
from aleph_contract.errors import CouldNotRun
from aleph_contract.rules.coverage import coverage_by_model
from aleph_contract.rules.downloads import notes_on_downloads
from aleph_contract.rules.other_routes import notes_on_other_routes
from aleph_contract.rules.suite import Suite
from aleph_contract.rules.traffic import NEGATIVE_TEST, judge_traffic
from aleph_contract.verify.client_environment import client_environment
from aleph_contract.verify.fakes import Fake, FakeAccount, RemoteFake, fake_for
from aleph_contract.verify.steady import checked_load
from fake_server.port import ADMIN_TOKEN_VARIABLE
from fake_server.server import Server

#: Environment variable with the fake's address, for `env.AI` of a Worker.
BINDING_VARIABLE = "ALEPH_CONTRACT_BINDING_ADDRESS"

#: Environment variable with the URL of the control API, for test suites that set scenarios.
CONTROL_VARIABLE = "ALEPH_CONTRACT_CONTROL_URL"

#: The same, for the pytest plugin, which reads it under the same name.
EXEC_VARIABLE = "ALEPH_CONTRACT_EXEC_URL"

#: Begins the names of the processes of the command's test suite, as they report to the fake.
PROCESS_VARIABLE = "ALEPH_CONTRACT_EXEC_PROCESS"

_HINT = "if the command sends it on purpose, add --expect-refusals"

#: Seconds that an interrupted command has to end by itself: Ctrl-C reaches it too.
INTERRUPT_GRACE = 1.0

#: Seconds that a command has to end after SIGTERM, before SIGKILL.
KILL_GRACE = 5.0


def run_command(
    command: Sequence[str],
    contract: Contract | ContractSet | None = None,
    *,
    profile: str = "documented",
    refusals_meant: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    intercept: bool = False,
    allow_hosts: Iterable[str] = (),
    speed: float | None = 1.0,
    remote: RemoteFake | None = None,
    **fake: Any,
) -> Verification:
    """Run a command with the address of a new fake in its environment, and judge its traffic.

    Args:
        command: The program and its arguments.
        contract: The contract or the set that the calls are judged by; the shipped one by default.
        profile: The reply shape of the fake.
        refusals_meant: Whether the command sends violating inputs on purpose; findings about them
            are advice then.
        host: Address that the fake listens on. Of a wildcard address, such as `0.0.0.0`, the
            command is told an address of this machine, which containers can reach too.
        port: 0 picks a free port.
        intercept: Whether calls to https://api.cloudflare.com reach the fake.
        allow_hosts: Other hosts that the interceptor lets through.
        speed: How many times faster the command's clock runs; `None` for the highest speed that is
            safe on this machine.
        remote: A fake that runs elsewhere, instead of a new one.
        **fake: Options of the fake, such as `latency`; see `fake_server.create_app`.

    Raises:
        ArgumentError: The fake cannot listen there, the interceptor cannot start, or an option is
            out of range.
        CouldNotRun: The command does not start, or its clock cannot be made faster.
    """
    contracts = ContractSet.of(contract)
    begun = time.perf_counter()
    with (
        PrivateFolder() as folder,
        FasterClock(speed) as faster,
        fake_for(
            contracts,
            remote,
            {"host": host, "port": port, "intercept": intercept, "speed": speed, **fake},
            host=host,
            port=port,
            expose=True,  # the user named the host
            profile=profile,
            journal=f"sqlite:{folder.path}/journal",
            clock=faster.clock,
            **fake,
        ) as server,
        client_environment(server, faster, intercept=intercept, allow_hosts=allow_hosts) as client,
    ):  # on disk: the journal in memory drops exchanges, and the verdict needs all of them
        account, process = server.account(), secrets.token_hex(8)
        environment = command_environment(server, client.variables, account)
        environment[PROCESS_VARIABLE] = process
        if remote is not None and remote.admin_token is not None:
            environment[ADMIN_TOKEN_VARIABLE] = remote.admin_token
        faster.check(command, environment)
        with checked_load(faster.clock) as too_busy:
            code, interrupted = _execute(command, environment)
            server.settle()
        client.check_clock()
        exchanges, suite, dropped = _seen(server, account.id, process)
    results = _judged(exchanges, contracts, suite, refusals_meant=refusals_meant)
    used, rows = coverage_by_model(results, contracts)
    disturbed = too_busy() if any(result.findings for result in results) else ""
    silent = not (exchanges or interrupted)
    troubles = (_trouble(dropped), client.no_call if silent else "", disturbed)
    return Verification(
        mode="exec",
        model=", ".join(contract.model for contract in used),
        contract_version=", ".join(contract.version for contract in used),
        profile=profile,
        seed=0,
        client=Client(os.path.basename(command[0])),  # noqa: PTH119 - a word, not a path
        results=results,
        interrupted=interrupted,
        command_exit=code,
        coverage=rows,
        trouble=tuple(filter(None, troubles))[:1],
        notes=(*_notes(results, exchanges), *client.notes),
        elapsed=time.perf_counter() - begun,
    )


def _judged(
    exchanges: Sequence[Exchange], contracts: ContractSet, suite: Suite, *, refusals_meant: bool
) -> tuple[CaseResult, ...]:
    """The calls of each account, judged."""
    return tuple(
        result
        for _, own in groupby(sorted(exchanges, key=_account), key=_account)
        for result in judge_traffic(
            own, contracts, refusals_meant=refusals_meant, suite=suite, hint=_HINT
        )
    )


def _trouble(dropped: int) -> str:
    """Why not all traffic can be judged; empty if it can."""
    if not dropped:
        return ""
    return (
        f"the fake dropped {pluralise(dropped, 'exchange')} of the command, because its journal is "
        "full; start it with --journal sqlite:PATH, which keeps all"
    )


def _seen(server: Fake, account: str, process: str) -> tuple[Sequence[Exchange], Suite, int]:
    """The exchanges of the command, the tests that it reported, and the number of lost exchanges.

    On a fake elsewhere these are the exchanges of its account, and of those that its test suite
    created.
    """
    if isinstance(server, Server):
        return server.exchanges, server.app.suite.seen_with(server.app.journal), 0
    suite = server.suite(process)
    accounts = sorted({account, *suite.accounts})
    exchanges = [exchange for name in accounts for exchange in server.exchanges_of(name)]
    return exchanges, suite.with_runs(exchanges), server.dropped_of(accounts)


def _notes(results: Sequence[CaseResult], exchanges: Sequence[Exchange]) -> Iterator[str]:
    """What the reader must know about the judgement."""
    if meant := sum(result.reason == NEGATIVE_TEST for result in results):
        yield f"{pluralise(meant, 'refused call')} in tests that passed: taken as meant by the test"
    yield from notes_on_other_routes(exchanges)
    yield from notes_on_downloads(exchanges)


def _account(exchange: Exchange) -> str:
    return exchange.account


def command_environment(
    server: Fake, variables: Mapping[str, str], account: FakeAccount | None = None
) -> dict[str, str]:
    """The environment of a command that calls the fake.

    Args:
        server: The fake.
        variables: The variables of `client_environment`.
        account: The account that the command uses; a new one if `None`.
    """
    return {
        **os.environ,
        **variables,
        **(account or server.account()).env,
        BINDING_VARIABLE: server.binding_address,
        CONTROL_VARIABLE: server.inspector,
        EXEC_VARIABLE: server.inspector,
    }


def _execute(command: Sequence[str], environment: dict[str, str]) -> tuple[int, bool]:
    """The exit code (128 + signal number, as in a shell), and whether it was interrupted."""
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise CouldNotRun(f"{command[0]}: {error.strerror}; is it on the PATH?") from None
    with ended_with_us(process):
        try:
            code, interrupted = process.wait(), False
        except KeyboardInterrupt:  # the terminal sends it to the command too
            code, interrupted = _stop(process), True
    return (code if code >= 0 else 128 - code), interrupted


def _stop(process: subprocess.Popen[bytes]) -> int:
    for end, seconds in (
        (None, INTERRUPT_GRACE),
        (process.terminate, KILL_GRACE),
        (process.kill, None),
    ):
        if end is not None:
            end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(seconds)
    raise AssertionError("unreachable: a killed process ends")
