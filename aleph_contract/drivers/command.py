"""The simplest adapter: a command that is run once per case."""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import IO

from aleph_contract.core.exchange import Outcome
from aleph_contract.core.results import Client
from aleph_contract.drivers import REDACTED, Call, Driver, Renew, outcomes, processes, unchanged
from aleph_contract.drivers.in_flight import run_windowed
from aleph_contract.drivers.processes import BoundedBuffer
from aleph_contract.drivers.threads import Threads
from aleph_contract.errors import CouldNotRun

#: Seconds that output is still read after a command ended while something it started holds on to
#: its standard output; what that prints later is lost.
LINGER = 0.3

#: Commands at once on a small machine: much of a case is waiting for an answer.
JOBS = 4

#: Exit codes of shells for a program that is not executable or was not found.
_NOT_STARTED = {126: "is not executable", 127: "was not found"}


class CommandDriver(Driver):
    """Runs a command per case, several at once.

    Args:
        argv: The command and its arguments; no shell reads them.
        jobs: How many run at once; `None` for one per processor, and `JOBS` at least.
    """

    def __init__(self, argv: Sequence[str], *, jobs: int | None = None) -> None:
        self.argv = tuple(argv)
        self.window = jobs or max(JOBS, os.cpu_count() or 1)
        self.client = Client(" ".join(Path(part).name for part in self.argv[:2]))
        self._mark = processes.new_mark()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()
        self._run = 0

    def start(self) -> None:
        """See that there is something to run."""
        processes.check_command(self.argv)

    def run(
        self, calls: Iterable[Call], renew: Renew = unchanged
    ) -> Iterator[tuple[Call, Outcome]]:
        """See `Driver.run`."""
        try:
            yield from run_windowed(
                Threads(partial(self._one, self._run)), calls, self.window, renew
            )
        finally:
            self._end_all()

    def close(self) -> None:
        """Kill what still runs."""
        self._end_all()
        processes.end_marked(self._mark)

    def _end_all(self) -> None:
        with self._lock:
            self._run += 1
            for process in self._running:
                processes.end(process)
            self._running.clear()

    def _one(self, run: int, call: Call) -> Outcome:
        mark = f"{self._mark}{call.case}."
        began = time.monotonic()
        out, err = BoundedBuffer(), BoundedBuffer()
        with tempfile.TemporaryFile() as stdin:
            stdin.write(call.json.encode())
            stdin.seek(0)
            process = self._begin(run, call, mark, stdin)
        with process:
            try:
                code = _read_until_end(process, (out, err), call.timeout)
            finally:
                processes.end(process, mark if process.poll() is None else None)
                with self._lock:
                    self._running.discard(process)
        if code in _NOT_STARTED:
            raise CouldNotRun(_not_started(code, err.text(), call.api_token))
        outcome = _outcome(code, call.timeout, out.text(), err.text())
        return replace(outcome, elapsed=time.monotonic() - began)

    def _begin(self, run: int, call: Call, mark: str, stdin: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            if run != self._run:
                raise CouldNotRun("its run has ended")
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


def _read_until_end(
    process: subprocess.Popen[bytes], kept: tuple[BoundedBuffer, BoundedBuffer], timeout: float
) -> int | None:
    """Collect both outputs until the command ended; `None` if it did not within `timeout`."""
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        for stream, keep in zip((process.stdout, process.stderr), kept, strict=True):
            selector.register(stream, selectors.EVENT_READ, keep)  # type: ignore[arg-type]
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            ready = selector.select(min(left, LINGER))
            for key, _ in ready:
                chunk = os.read(key.fd, 1 << 16)
                key.data.add(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
            if not ready and process.poll() is not None:
                break
    with suppress(subprocess.TimeoutExpired):
        return process.wait(max(0.0, deadline - time.monotonic()))
    return None


def _not_started(code: int, stderr: str, token: str) -> str:
    last = (stderr.strip().splitlines() or [""])[-1].replace(token, REDACTED)
    return (
        f"the command ended with exit code {code}, which means that a program it needs"
        f" {_NOT_STARTED[code]}: {last[:200] or 'it said nothing'}"
    )


def _outcome(code: int | None, timeout: float, stdout: str, stderr: str) -> Outcome:
    """What the exit code and the output of a command report."""
    if code is None:
        reason = f"did not end within {timeout:g} s; killed with its children"
        return Outcome("stuck", reason=reason, stderr=stderr, stdout=stdout)
    if code == 0:
        return Outcome("result", video=outcomes.printed_video(stdout), stderr=stderr, stdout=stdout)
    if code < 0:
        reason = processes.how_it_ended(code)
        return Outcome("crashed", reason=reason, stderr=stderr, stdout=stdout)
    error = outcomes.printed_error(stdout, stderr)
    return Outcome("error", error=error, stderr=stderr, stdout=stdout)
