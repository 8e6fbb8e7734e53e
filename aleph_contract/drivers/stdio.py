"""The adapter for every other language: one long-lived process, one JSON object per line."""

from __future__ import annotations

import math
import selectors
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import Client
from aleph_contract.drivers import Call, Driver, Renew, processes, unchanged
from aleph_contract.drivers.crash_triage import CrashTriage, Ended, Suspect
from aleph_contract.drivers.ndjson import (
    HELLO,
    MAX_LINE,
    ProtocolError,
    excerpt,
    read_hello,
    read_report,
)
from aleph_contract.drivers.worker import EXIT_GRACE, InFlight, Worker
from aleph_contract.errors import CouldNotRun

#: Seconds a client has for its hello; a JVM on a busy machine needs a few.
HELLO_TIMEOUT = 30.0

#: Seconds for a client to exit after the bye message.
BYE_GRACE = 2.0

#: Additional processes that retry, one call each, the calls that were in flight at a crash.
MAX_RETRY_PROCESSES = 4


class StdioDriver(Driver):
    """Keeps client processes running and sends each as many calls as it takes at once.

    All work is done in the thread that iterates: one selector watches all pipes, so no pipe fills
    up and no deadline is missed while the driver waits for another process.

    Args:
        argv: The command and its arguments; no shell interprets them.
        jobs: Number of processes.
        hello_timeout: Seconds that each process has to send its hello.
    """

    def __init__(
        self, argv: Sequence[str], *, jobs: int | None = None, hello_timeout: float = HELLO_TIMEOUT
    ) -> None:
        self.argv = tuple(argv)
        self.client = Client(" ".join(Path(part).name for part in self.argv[:2]))
        self.window = self._jobs = jobs or 1
        self._hello_timeout = hello_timeout
        self._mark = processes.new_mark()
        self._spawned = 0
        self._selector = selectors.DefaultSelector()
        self._last_select = -math.inf
        self._workers: list[Worker] = []
        self._suspects: deque[Suspect] = deque()
        self._ended: deque[Ended] = deque()

    def start(self) -> None:
        """Spawn the processes and wait for every hello."""
        processes.check_command(self.argv)
        self._spawn_missing()
        while not all(worker.ready for worker in self._workers):
            self._poll()
        self.window = sum(worker.max_in_flight for worker in self._workers)

    def run(self, calls: Iterable[Call], renew: Renew = unchanged) -> Iterator[Ended]:
        """See `Driver.run`."""
        new_calls = iter(calls)
        more = True
        error: CouldNotRun | None = None
        try:
            self._poll(until=0.0)  # read output that arrived between two runs
            while error is None:
                self._spawn_missing()
                self._retry_suspects(renew)
                more = more and self._dispatch(new_calls)
                if not (more or self._suspects or self._busy_workers()):
                    return
                try:
                    self._poll()
                except CouldNotRun as could_not_run:  # raised after earlier reports are yielded
                    error = could_not_run
                while self._ended:
                    yield self._ended.popleft()
            raise error
        finally:
            self._suspects.clear()
            self._ended.clear()
            for worker in self._busy_workers():
                self._end(worker)

    def close(self) -> None:
        """Ask every process to exit; kill those that do not."""
        try:
            for worker in list(self._workers):
                if worker.in_flight or worker.output_ended or not worker.ready:
                    self._end(worker)
                elif not worker.leaving:
                    worker.say_bye()
            self._wait(BYE_GRACE)
            for worker in self._workers:
                worker.terminate()
            self._wait(EXIT_GRACE)
        finally:
            for worker in list(self._workers):
                self._end(worker)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._workers and time.monotonic() < until:
            self._poll(until=until)

    def _busy_workers(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.in_flight]

    def _spawn_missing(self) -> None:
        """Spawn processes until the pool is full; end retry processes that are not needed."""
        staying = [worker for worker in self._workers if not worker.leaving]
        isolated = [worker for worker in staying if worker.isolated]
        for _ in range(len(staying) - len(isolated), self._jobs):
            self._spawn(isolated=False)
        idle = [worker for worker in isolated if not worker.in_flight]
        possible = MAX_RETRY_PROCESSES - len(isolated) + len(idle)
        for _ in range(len(idle), min(len(self._suspects), possible)):
            self._spawn(isolated=True)
        for worker in idle[len(self._suspects) :]:
            if worker.ready:
                worker.say_bye()

    def _spawn(self, *, isolated: bool) -> None:
        self._spawned += 1
        mark = f"{self._mark}{self._spawned}."
        self._workers.append(Worker(self.argv, mark, self._selector, isolated=isolated))

    def _retry_suspects(self, renew: Renew) -> None:
        for worker in self._workers:
            if self._suspects and worker.isolated and worker.accepts:
                suspect = self._suspects.popleft()
                worker.start_call(InFlight(renew(suspect.call), suspect))

    def _dispatch(self, new_calls: Iterator[Call]) -> bool:
        """Send new calls while the window has room; return whether there may be more of them."""
        while True:
            busy = sum(len(worker.in_flight) for worker in self._workers) + len(self._suspects)
            free = [worker for worker in self._workers if worker.accepts and not worker.isolated]
            if busy >= self.window or not free:
                return True
            call = next(new_calls, None)
            if call is None:
                return False
            min(free, key=lambda worker: len(worker.in_flight)).start_call(InFlight(call))

    def _poll(self, until: float = math.inf) -> None:
        """Wait for output or the next deadline, and handle both.

        The caller may take long between two polls, and that time must not count against the client:
        a report is late only if its deadline had passed at the previous poll, when it was not yet
        in the pipe.
        """
        now = time.monotonic()
        timeout = max(0.0, min([until, *map(self._next_deadline, self._workers)]) - now)
        ready = self._selector.select(None if timeout == math.inf else timeout)
        selected = time.monotonic()
        for worker in {key.data: None for key, _ in ready}:
            self._read(worker)
        for worker in list(self._workers):
            self._check_deadlines(worker, now)
        self._last_select = selected

    def _next_deadline(self, worker: Worker) -> float:
        """The next deadline of `worker`; only the last one ends the process."""
        deadlines = self._deadlines(worker)
        now = time.monotonic()
        return min((d for d in deadlines if d > now), default=now if deadlines else math.inf)

    def _deadlines(self, worker: Worker) -> list[float]:
        if not worker.ready:
            return [worker.started_at + self._hello_timeout]
        return [entry.deadline for entry in worker.in_flight.values()]

    def _check_deadlines(self, worker: Worker, now: float) -> None:
        deadlines = self._deadlines(worker)
        if not deadlines or max(deadlines) > now:
            return
        if not worker.ready:
            raise self._could_not_run(
                worker,
                f"the client sent no hello within {self._hello_timeout:g} s; it must answer the"
                f" line {excerpt(HELLO.decode().strip())} with its own hello and flush its output",
            )
        waited = max(entry.call.timeout for entry in worker.in_flight.values())
        outcome = Outcome("stuck", reason=f"no report within {waited:g} s; killed")
        self._handle_crash(worker, outcome)

    def _read(self, worker: Worker) -> None:
        line = b""
        try:
            for line in worker.exchange_bytes():
                self._handle_line(worker, line)
            line = worker.incomplete_line
            if len(line) > MAX_LINE:
                raise ProtocolError(f"a line must end within {MAX_LINE} bytes")  # noqa: TRY301 - one handler
        except ProtocolError as error:
            wrote = excerpt(worker.redact(line.decode(errors="replace")))
            raise self._could_not_run(worker, f"{error}; the client wrote: {wrote}") from None
        if worker.output_ended:
            self._handle_exit(worker)

    def _handle_line(self, worker: Worker, line: bytes) -> None:
        """Handle one line of a client's output: its hello or a report."""
        if not worker.ready:
            hello = read_hello(line)
            self.client = hello.client
            worker.max_in_flight = 1 if worker.isolated else hello.max_in_flight
            return
        case, outcome = read_report(line)
        entry = worker.in_flight.pop(case, None)
        if entry is None:
            raise ProtocolError(
                "each case must be reported once"
                if worker.had(case)
                else "a report must name a case in flight"
            )
        if entry.deadline < self._last_select:
            reason = f"the report came after {entry.call.timeout:g} s"
            outcome = Outcome("stuck", reason=reason)
        self._finish(entry, outcome)

    def _handle_exit(self, worker: Worker) -> None:
        """Handle a process that closed its output."""
        how = worker.wait_for_exit()
        if worker.leaving:
            self._end(worker)
            return
        if not worker.ready:
            raise self._could_not_run(worker, f"the client {how} before it sent its hello")
        if worker.process.returncode == 0 or not worker.in_flight:
            raise self._could_not_run(
                worker,
                f'the client {how} before it was sent {{"type":"bye"}};'
                f" cases in flight: {len(worker.in_flight)}",
            )
        self._handle_crash(worker, Outcome("crashed", reason=how))

    def _handle_crash(self, worker: Worker, outcome: Outcome) -> None:
        """End a process; its only call gets the outcome, several are each retried alone."""
        entries = list(worker.in_flight.values())
        self._end(worker)
        if len(entries) == 1:
            self._finish(entries[0], outcome)
            return
        outcome = replace(outcome, stderr=entries[0].stderr.text())
        self._suspects += CrashTriage(outcome, (entry.call for entry in entries)).suspects

    def _finish(self, entry: InFlight, outcome: Outcome) -> None:
        elapsed = time.monotonic() - entry.sent_at
        outcome = replace(outcome, stderr=entry.stderr.text(), elapsed=elapsed)
        if entry.suspect is None:
            self._ended.append((entry.call, outcome))
        else:
            self._ended += entry.suspect.triage.record(entry.suspect, entry.call, outcome)

    def _end(self, worker: Worker) -> None:
        worker.kill()
        self._workers.remove(worker)

    def _could_not_run(self, worker: Worker, reason: str) -> CouldNotRun:
        last = worker.last_error_line()
        suffix = f" (its standard error says: {excerpt(last)})" if last else ""
        return CouldNotRun(reason + suffix)
