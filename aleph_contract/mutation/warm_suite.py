"""Run chosen tests of a pytest suite in a warm process; see `pytest_plugin.warm_worker`."""

from __future__ import annotations

import json
import secrets
import select
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.clock import Clock
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import CouldNotRun
from aleph_contract.mutation.suite_process import Output, Processes
from aleph_contract.rules.suite import Suite
from fake_server.account_handle import AccountHandle
from fake_server.http.listening import listen
from fake_server.runs.mutation import CallMutation, Mutator
from fake_server.server import running
from fake_server.state.accounts import Account

#: Environment variable that makes the pytest plugin a worker; the plugin reads the same name.
WORKER_VARIABLE = "ALEPH_CONTRACT_WARM_WORKER"

#: Seconds that a worker has beyond the time limit of a test before its answer counts as lost.
_GRACE = 10.0

#: Seconds between two looks at a process that has not connected yet.
_POLL = 0.1

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class TestsRun:
    """One run of chosen tests.

    Args:
        outcomes: The outcome of each test that ran; see `WarmWorker`.
        exchanges: The exchanges, in order of arrival.
        suite: The borders of the tests.
        applied: Number of calls that the mutation changed.
        elapsed: Seconds.
    """

    __test__ = False  # pytest: not a test class

    outcomes: dict[str, str]
    exchanges: tuple[Exchange, ...]
    suite: Suite
    applied: int
    elapsed: float


class WarmSuite:
    """A worker that has imported the suite. Every run has a new fake at the same address.

    Args:
        contracts: The contracts that the fakes serve.
        account: The account that the environment of the suite names.
        clock: The clock of the worker, which counts the time limit.
        listener: The socket that the fakes listen on, one after the other. It stays open: between
            two fakes another program could take the port.
        connection: The connection to the worker.
    """

    def __init__(
        self,
        contracts: ContractSet,
        account: Account,
        clock: Clock,
        listener: socket.socket,
        connection: socket.socket,
    ) -> None:
        #: By the name of a test: the fixtures that it shares with other tests.
        self.shared: dict[str, list[str]] = {}
        self._contracts = contracts
        self._account = account
        self._clock = clock
        self._listener = listener
        self._connection = connection
        self._lines = connection.makefile("rb")

    def run(
        self, tests: Sequence[str], seconds: float, mutation: CallMutation | None = None
    ) -> TestsRun:
        """Run tests, in a fork of the worker, until one fails.

        Raises:
            CouldNotRun: The worker has ended.
        """
        mutator = Mutator(mutation)
        begun = time.perf_counter()
        with running(
            self._contracts, listener=self._listener, mutator=mutator, clock=self._clock
        ) as server:
            server.app.accounts.add(_renewed(self._account))
            self._connection.settimeout(seconds + _GRACE)
            limit = self._clock.elapsed(seconds)
            self._send({"tests": list(tests), "seconds": limit})
            outcomes = self.receive().get("outcomes", {})
            elapsed = time.perf_counter() - begun
            suite = server.app.suite.suite()
            return TestsRun(outcomes, server.exchanges, suite, mutator.applied, elapsed)

    def receive(self) -> dict[str, Any]:
        """The next line of the worker.

        Raises:
            CouldNotRun: The worker has ended, or does not answer.
        """
        try:
            line = self._lines.readline()
        except OSError:
            line = b""
        if not line:
            raise CouldNotRun("the process that runs the tests has ended")
        document: dict[str, Any] = json.loads(line)
        return document

    def close(self) -> None:
        """Let the worker end."""
        self._lines.close()
        self._connection.close()

    def _send(self, document: Any) -> None:
        try:
            self._connection.sendall(json.dumps(document).encode() + b"\n")
        except OSError:
            raise CouldNotRun("the process that runs the tests has ended") from None


@contextmanager
def warm_suite(
    command: Sequence[str], contracts: ContractSet, processes: Processes, seconds: float
) -> Iterator[WarmSuite]:
    """Start the command of a pytest suite as a worker, and end it after the block.

    Args:
        command: Program and arguments.
        contracts: The contracts that the fakes serve.
        processes: Ends the process on an interrupt.
        seconds: Time that the suite has to import its modules.

    Raises:
        CouldNotRun: The command does not become a worker.
    """
    account = Account(secrets.token_hex(16), token=secrets.token_urlsafe(30))
    secret = secrets.token_hex(16)
    with ExitStack() as stack:
        jobs, fakes = (stack.enter_context(listen(_HOST, 0)) for _ in range(2))
        clock = processes.faster.clock
        with running(contracts, listener=fakes, clock=clock) as server:
            server.app.accounts.add(account)
            handle = AccountHandle(server, account)
            env = processes.environment(server, handle)
            env[WORKER_VARIABLE] = f"{jobs.getsockname()[1]}:{secret}"
            process = stack.enter_context(processes.started(command, env))
            Output(process)
            connection = stack.enter_context(_accepted(jobs, process, seconds))
            suite = WarmSuite(contracts, account, clock, fakes, connection)
            stack.callback(suite.close)
            connection.settimeout(seconds)
            is_ours = suite.receive().get("secret") == secret
            collected = suite.receive() if is_ours else {}
            suite.shared = collected.get("shared", {})
        if not collected.get("ready"):
            raise CouldNotRun("pytest could not collect the tests again")
        yield suite


def _accepted(
    listener: socket.socket, process: subprocess.Popen[bytes], seconds: float
) -> socket.socket:
    """The connection of the worker.

    Raises:
        CouldNotRun: The process ends, or the time runs out, before it connects.
    """
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        if select.select([listener], [], [], _POLL)[0]:
            return listener.accept()[0]
    raise CouldNotRun("the command did not start pytest with the plugin of aleph-contract")


def _renewed(account: Account) -> Account:
    """An account with the same id and token, and nothing billed."""
    return Account(account.id, token=account.token, profile=account.profile)
