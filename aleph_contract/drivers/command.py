"""The simplest adapter: a command that runs once per case."""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import IO

from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import Client
from aleph_contract.drivers import REDACTED, Call, Driver, Renew, outcomes, processes, unchanged
from aleph_contract.drivers.exposure import watch
from aleph_contract.drivers.in_flight import run_windowed
from aleph_contract.drivers.processes import MAX_OUTPUT, BoundedBuffer
from aleph_contract.drivers.threads import ThreadExecutor
from aleph_contract.errors import CouldNotRun

#: Seconds to go on reading after a command ended, if a child of it still holds its standard output
#: open; later output is lost.
OUTPUT_GRACE = 0.3

#: Parallel commands on a machine with few processors: a case mostly waits for a response.
MIN_JOBS = 4

#: Number of cases, from the first on, whose processes are watched for an exposed token.
MAX_WATCHED = 8

#: Bytes of one read.
_CHUNK = 1 << 16

#: Exit codes with which a shell says that it could not start a program.
_NOT_STARTED = {126: "is not executable", 127: "was not found"}


class CommandDriver(Driver):
    """Runs a command once per case, several at the same time.

    Args:
        argv: The command and its arguments; no shell interprets them.
        jobs: Maximum number of parallel commands; `None` for one per processor, at least
            `MIN_JOBS`.
    """

    def __init__(self, argv: Sequence[str], *, jobs: int | None = None) -> None:
        self.argv = tuple(argv)
        self.window = jobs or max(MIN_JOBS, os.cpu_count() or 1)
        self.client = Client(" ".join(Path(part).name for part in self.argv[:2]))
        self._mark = processes.new_mark()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()
        self._run_number = 0
        self._watched = 0

    def start(self) -> None:
        """Check that the command can be started."""
        processes.check_command(self.argv)

    def run(
        self, calls: Iterable[Call], renew: Renew = unchanged
    ) -> Iterator[tuple[Call, Outcome]]:
        """See `Driver.run`."""
        executor = ThreadExecutor(partial(self._run_case, self._run_number))
        try:
            yield from run_windowed(executor, calls, self.window, renew)
        finally:
            self._end_all()
            executor.end()

    def close(self) -> None:
        """Kill the commands that still run, and all processes that commands left behind."""
        self._end_all()
        processes.end_marked(self._mark)

    def _end_all(self) -> None:
        with self._lock:
            self._run_number += 1
            for process in self._running:
                processes.end(process)
            self._running.clear()

    def _run_case(self, run_number: int, call: Call) -> Outcome:
        mark = f"{self._mark}{call.case}."
        started = time.monotonic()
        out, err = BoundedBuffer(), BoundedBuffer()
        with tempfile.TemporaryFile() as stdin:
            stdin.write(call.json.encode())
            stdin.seek(0)
            process = self._start(run_number, call, mark, stdin)
        watched = self._watch(process.pid, call)
        with process:
            try:
                with watched as exposed:
                    code = _read_until_exit(process, (out, err), call.timeout)
            finally:
                processes.end(process, mark if process.poll() is None else None)
                with self._lock:
                    self._running.discard(process)
        if code in _NOT_STARTED:
            raise CouldNotRun(_not_started(code, err.text(), call.api_token))
        outcome = _outcome(code, call.timeout, out.text(), err.text())
        return replace(outcome, elapsed=time.monotonic() - started, exposed=tuple(exposed))

    def _watch(self, pid: int, call: Call) -> AbstractContextManager[dict[str, None]]:
        """Watch the first processes for an exposed token; the others would show the same."""
        with self._lock:
            self._watched += 1
            if self._watched > MAX_WATCHED:
                return nullcontext({})
        return watch(pid, call.api_token)

    def _start(
        self, run_number: int, call: Call, mark: str, stdin: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if run_number != self._run_number:
                raise CouldNotRun("the run has ended")
            process = processes.start(self.argv, self._environment(call, mark), stdin)
            self._running.add(process)
        return process

    def _environment(self, call: Call, mark: str) -> dict[str, str]:
        return processes.environment(
            mark,
            {
                "CLOUDFLARE_BASE_URL": call.base_url,
                "CLOUDFLARE_ACCOUNT_ID": call.account_id,
                "CLOUDFLARE_API_TOKEN": call.api_token,
            },
        )


def _read_until_exit(
    process: subprocess.Popen[bytes], buffers: tuple[BoundedBuffer, BoundedBuffer], timeout: float
) -> int | None:
    """Read both outputs until the command exits; return its exit code, `None` after `timeout`."""
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        for stream, buffer in zip((process.stdout, process.stderr), buffers, strict=True):
            selector.register(stream, selectors.EVENT_READ, buffer)  # type: ignore[arg-type]
        exited = False  # before the wait: a command may write and exit just after a wait
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            if not _read(selector, min(left, OUTPUT_GRACE)) and exited:
                break
            exited = process.poll() is not None
        try:
            code = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        for _ in range(MAX_OUTPUT // _CHUNK):  # what it wrote while this process was paused
            if not (selector.get_map() and _read(selector, 0)):
                break
    return code


def _read(selector: selectors.BaseSelector, seconds: float) -> bool:
    """Read a chunk of each output that has one; `False` if none has within `seconds`."""
    ready = selector.select(seconds)
    for key, _ in ready:
        chunk = os.read(key.fd, _CHUNK)
        key.data.add(chunk)
        if not chunk:
            selector.unregister(key.fileobj)
    return bool(ready)


def _not_started(code: int, stderr: str, token: str) -> str:
    last = (stderr.strip().splitlines() or [""])[-1].replace(token, REDACTED)
    return (
        f"the command ended with exit code {code}: a program that it needs {_NOT_STARTED[code]}:"
        f" {last[:200] or 'its standard error is empty'}"
    )


def _outcome(code: int | None, timeout: float, stdout: str, stderr: str) -> Outcome:
    """The outcome that the exit code and the output of a command report."""
    if code is None:
        reason = f"did not end within {timeout:g} s; killed with its children"
        return Outcome("stuck", reason=reason, stderr=stderr, stdout=stdout)
    if code == 0:
        report = outcomes.report_from_output(stdout)
        return Outcome("result", result=report, stderr=stderr, stdout=stdout)
    if code < 0:
        reason = processes.describe_exit(code)
        return Outcome("crashed", reason=reason, stderr=stderr, stdout=stdout)
    error = outcomes.error_from_output(stdout, stderr)
    return Outcome("error", error=error, stderr=stderr, stdout=stdout)
