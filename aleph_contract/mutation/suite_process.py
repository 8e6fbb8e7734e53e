"""Run the command of a suite once, in a new process against a new fake, and collect what it did."""

from __future__ import annotations

import math
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import IO

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.private_folder import PrivateFolder
from aleph_contract.drivers.faster_clock import FasterClock
from aleph_contract.drivers.processes import (
    MARK_VARIABLE,
    BoundedBuffer,
    check_command,
    end,
    new_mark,
    start,
    without_proxy,
)
from aleph_contract.mutation.go_tests import go_tests, is_go
from aleph_contract.mutation.junit_times import junit_tests
from aleph_contract.mutation.report_times import borders
from aleph_contract.mutation.tap import is_tap, tap_tests
from aleph_contract.rules.other_routes import other_route
from aleph_contract.rules.suite import Suite
from aleph_contract.verify.exec_command import command_environment
from fake_server.account_handle import AccountHandle
from fake_server.runs.mutation import CallMutation, Mutator
from fake_server.server import Server, running

#: The variables that name the folder for temporary files.
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")

#: The process name of borders that come from TAP, Go or JUnit.
COMMAND = "command"

#: Characters of a line that are kept until its end is read.
_MAX_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run of the command.

    Args:
        code: Exit code, 128 and the signal number after a signal; `None` if the time ran out.
        exchanges: The exchanges, in order of arrival.
        suite: The tests that the pytest plugin, TAP, Go or JUnit reported.
        applied: Number of calls that the mutation changed.
        output: The end of what the command printed.
        elapsed: Seconds.
    """

    code: int | None
    exchanges: tuple[Exchange, ...]
    suite: Suite
    applied: int
    output: str
    elapsed: float

    @property
    def in_pytest(self) -> bool:
        """Whether the pytest plugin reported its tests."""
        return any(process != COMMAND for process in self.suite.borders)

    def as_one_test(self) -> SuiteRun:
        """The same without the times of its tests."""
        timeless = {
            process: [(math.inf, test) for _, test in borders]
            for process, borders in self.suite.borders.items()
        }
        return replace(self, suite=replace(self.suite, borders=timeless))

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the tests that failed, as far as they are known."""
        runs = (run for borders in self.suite.borders.values() for _, run in borders)
        return tuple(dict.fromkeys(r.name for r in runs if r and r.outcome == "failed"))


class Processes:
    """The processes that run now, so that an interrupt can end them; safe to use from threads.

    Args:
        faster: The clock that they run on; that of the machine if `None`.
    """

    def __init__(self, faster: FasterClock | None = None) -> None:
        self.faster = faster or FasterClock(1)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def environment(self, server: Server, account: AccountHandle | None = None) -> dict[str, str]:
        """The environment of a command that calls `server`; see `command_environment`."""
        variables = {**without_proxy(server.host), **self.faster.environment}
        return command_environment(server, variables, account)

    @contextmanager
    def started(
        self, command: Sequence[str], env: Mapping[str, str]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command within the block; it and all processes it started are ended after it.

        Its temporary folder is its own, and is removed after the block.

        Raises:
            CouldNotRun: It cannot be started.
        """
        mark = new_mark()
        with PrivateFolder() as folder:
            own = {**env, **dict.fromkeys(_TEMPORARY, str(folder.path)), MARK_VARIABLE: mark}
            with self._lock:
                process = start(command, own, subprocess.DEVNULL)
                self._running[mark] = process
                closed = self._closed
            try:
                if closed:
                    process.kill()
                yield process
            finally:
                with self._lock:
                    del self._running[mark]
                end(process, mark)

    def end_all(self) -> None:
        """End all processes, and every later one at its start."""
        with self._lock:
            self._closed = True
            for process in self._running.values():
                with suppress(ProcessLookupError):
                    process.kill()


class Output:
    """The output of a process: its lines about tests with their times, and the end of all lines."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._buffer = BoundedBuffer(1 << 16)
        self.lines: list[tuple[float, str]] = []
        self._threads = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (process.stdout, process.stderr)
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        pending = b""
        while chunk := os.read(stream.fileno(), 65536):
            now = time.time()
            self._buffer.add(chunk)
            *lines, pending = (pending + chunk).split(b"\n")
            pending = pending[-_MAX_LINE:]
            texts = (line.decode(errors="replace").rstrip() for line in lines)
            self.lines += ((now, text) for text in texts if is_tap(text) or is_go(text))
        stream.close()

    def close(self) -> str:
        """The output, once the process and its children have ended."""
        for thread in self._threads:
            thread.join(1.0)
        return self._buffer.text()


def run_suite(
    command: Sequence[str],
    contracts: ContractSet,
    *,
    processes: Processes,
    seconds: float,
    mutation: CallMutation | None = None,
) -> SuiteRun:
    """Run the command against a new fake.

    Args:
        command: Program and arguments.
        contracts: The contracts that the fake serves.
        processes: Ends the process on an interrupt.
        seconds: Time limit.
        mutation: The mutation of the fake.

    Raises:
        CouldNotRun: The command does not start.
    """
    check_command(command)
    mutator = Mutator(mutation)
    with running(contracts, mutator=mutator, clock=processes.faster.clock) as server:
        begun = time.time()
        env = processes.environment(server)
        with processes.started(command, env) as process:
            output = Output(process)
            code = _wait(process, seconds)
        text = output.close()
        elapsed = time.time() - begun
        suite = _suite(server, command, output.lines, begun)
        return SuiteRun(code, server.exchanges, suite, mutator.applied, text, elapsed)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    return code if code >= 0 else 128 - code


def _suite(
    server: Server, command: Sequence[str], lines: Sequence[tuple[float, str]], begun: float
) -> Suite:
    """The tests: those that pytest reported, else those it printed, else those of a JUnit file."""
    reported = server.app.suite.suite()
    if reported.borders or server.app.clock.faster:  # their times are those of another clock
        return reported
    exchanges = [x for x in server.exchanges if is_call(x)]
    printed = tap_tests(lines) or go_tests(lines)
    guesses = (printed,) if printed else junit_tests(command, begun, time.time())
    found = [borders(tests, exchanges, begun) for tests in guesses]
    best = next((f for f in found if f and f[0][0] < math.inf), found[0])
    return Suite({COMMAND: best}) if best else reported


def is_call(exchange: Exchange) -> bool:
    """Whether an exchange is a call that a mutation can change."""
    return (
        exchange.request_complete
        and bool(exchange.request_body)
        and exchange.outcome not in ("listed", "elsewhere")
        and not other_route(exchange)
    )
