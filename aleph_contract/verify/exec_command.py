"""Passive mode: run somebody's own command against a fresh fake and judge the traffic it made.

Nobody says here what the client was meant to send, so only rules that the wire alone can show are
judged: each call against the contract, and each call against the one before it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from itertools import groupby

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import Client, Verification
from aleph_contract.errors import CouldNotRun
from aleph_contract.rules.coverage import coverage
from aleph_contract.rules.traffic import judge_traffic
from fake_server.server import Server, running

#: Names the fake's address to a Worker's env.AI.
BINDING_VARIABLE = "ALEPH_CONTRACT_BINDING_ADDRESS"

#: Names the fake's control API to a test suite that wants scenarios of its own.
CONTROL_VARIABLE = "ALEPH_CONTRACT_CONTROL_URL"

_SILENT = "the command made no call to the fake; does it read CLOUDFLARE_BASE_URL?"

#: Seconds a command has to end after it was asked to; before that it may end by itself, since
#: Ctrl-C reaches it as well.
GRACE = 5.0


def run_command(
    command: Sequence[str],
    contract: Contract | None = None,
    *,
    profile: str = "documented",
    refusals_meant: bool = False,
) -> Verification:
    """Run a command with a fake of its own in its environment, and judge what it did.

    Raises:
        CouldNotRun: The command does not start.
    """
    contract = contract or Contract.load()
    begun = time.perf_counter()
    with running(contract, profile=profile) as server:
        code, interrupted = _execute(command, _environment(server))
        exchanges = server.exchanges
    results = tuple(
        result
        for _, own in groupby(sorted(exchanges, key=_account), key=_account)
        for result in judge_traffic(own, contract, refusals_meant=refusals_meant)
    )
    return Verification(
        mode="exec",
        model=contract.model,
        contract_version=contract.version,
        profile=profile,
        seed=0,
        client=Client(os.path.basename(command[0])),  # noqa: PTH119 - a word, not a path
        results=results,
        interrupted=interrupted,
        command_exit=code,
        coverage=tuple(coverage(results, contract)),
        trouble=() if exchanges else (_SILENT,),
        elapsed=time.perf_counter() - begun,
    )


def _account(exchange: Exchange) -> str:
    return exchange.account


def _environment(server: Server) -> dict[str, str]:
    return {
        **os.environ,
        **server.account().env,
        BINDING_VARIABLE: server.binding_address,
        CONTROL_VARIABLE: server.inspector,
    }


def _execute(command: Sequence[str], environment: dict[str, str]) -> tuple[int, bool]:
    """The exit code (128 + signal, as a shell says it), and whether it was interrupted."""
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise CouldNotRun(f"{command[0]}: {error.strerror}; is it on the PATH?") from None
    try:
        code, interrupted = process.wait(), False
    except KeyboardInterrupt:  # the terminal has sent it to the command as well
        code, interrupted = _stop(process), True
    return (code if code >= 0 else 128 - code), interrupted


def _stop(process: subprocess.Popen[bytes]) -> int:
    for ask, patience in ((None, 1.0), (process.terminate, GRACE), (process.kill, None)):
        if ask is not None:
            ask()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(patience)
    raise AssertionError("unreachable: a killed process ends")
