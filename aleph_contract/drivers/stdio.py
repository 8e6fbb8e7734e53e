"""The adapter for every other language: one long-lived process, one JSON object a line."""

from __future__ import annotations

import math
import selectors
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from aleph_contract.core.exchange import Outcome
from aleph_contract.core.results import Client
from aleph_contract.drivers import Call, Driver, Renew, processes, unchanged
from aleph_contract.drivers.crash_triage import CrashTriage, Ended, Suspect
from aleph_contract.drivers.ndjson import (
    HELLO,
    MAX_LINE,
    ProtocolError,
    read_hello,
    read_report,
    shown,
)
from aleph_contract.drivers.worker import GRACE, InFlight, Worker
from aleph_contract.errors import CouldNotRun

#: Seconds a client has for its hello; a JVM on a busy machine needs a few.
HELLO_TIMEOUT = 30.0

#: Seconds for a client to end after the goodbye.
GOODBYE = 2.0

#: Processes beside the ordinary ones that find out, one call each, which call was to blame.
EXAMINERS = 4


class StdioDriver(Driver):
    """Keeps clients running and feeds each as many calls as it takes at once.

    Everything happens in the thread that iterates: one selector watches all pipes, so no pipe can
    fill up and no deadline can be missed while another is waited for.

    Args:
        argv: The command and its arguments; no shell reads them.
        jobs: How many processes.
        hello_timeout: Seconds that each has to say hello.
    """

    def __init__(
        self, argv: Sequence[str], *, jobs: int | None = None, hello_timeout: float = HELLO_TIMEOUT
    ) -> None:
        self.argv = tuple(argv)
        self.client = Client(" ".join(Path(part).name for part in self.argv[:2]))
        self.window = self._jobs = jobs or 1
        self._hello_timeout = hello_timeout
        self._mark = processes.new_mark()
        self._marks = 0
        self._selector = selectors.DefaultSelector()
        self._looked = -math.inf
        self._workers: list[Worker] = []
        self._suspects: deque[Suspect] = deque()
        self._ended: deque[Ended] = deque()

    def start(self) -> None:
        """Start the processes and wait for every hello."""
        processes.check_command(self.argv)
        self._spawn_missing()
        while not all(worker.room for worker in self._workers):
            self._step()
        self.window = sum(worker.room for worker in self._workers)

    def run(self, calls: Iterable[Call], renew: Renew = unchanged) -> Iterator[Ended]:
        """See `Driver.run`."""
        waiting = iter(calls)
        more = True
        trouble: CouldNotRun | None = None
        try:
            self._step(until=0.0)  # what came unasked since the last run
            while trouble is None:
                self._spawn_missing()
                self._retry_suspects(renew)
                more = more and self._dispatch(waiting)
                if not (more or self._suspects or self._flights()):
                    return
                try:
                    self._step()
                except CouldNotRun as error:  # told after what was reported before it
                    trouble = error
                while self._ended:
                    yield self._ended.popleft()
            raise trouble
        finally:
            self._suspects.clear()
            self._ended.clear()
            for worker in self._flights():
                self._end(worker)

    def close(self) -> None:
        """Say goodbye, wait, and end what does not go by itself."""
        try:
            for worker in list(self._workers):
                if worker.flights or worker.ended or not worker.room:
                    self._end(worker)
                elif not worker.leaving:
                    worker.leave()
            self._wait(GOODBYE)
            for worker in self._workers:
                worker.terminate()
            self._wait(GRACE)
        finally:
            for worker in list(self._workers):
                self._end(worker)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._workers and time.monotonic() < until:
            self._step(until=until)

    def _flights(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.flights]

    def _spawn_missing(self) -> None:
        """Start the processes that are wanting, and let go of those that are not needed."""
        present = [worker for worker in self._workers if not worker.leaving]
        examiners = [worker for worker in present if worker.alone]
        for _ in range(len(present) - len(examiners), self._jobs):
            self._spawn(alone=False)
        idle = [worker for worker in examiners if not worker.flights]
        for _ in range(len(idle), min(len(self._suspects), EXAMINERS - len(examiners) + len(idle))):
            self._spawn(alone=True)
        for worker in idle[len(self._suspects) :]:
            if worker.room:
                worker.leave()

    def _spawn(self, *, alone: bool) -> None:
        self._marks += 1
        mark = f"{self._mark}{self._marks}."
        self._workers.append(Worker(self.argv, mark, self._selector, alone=alone))

    def _retry_suspects(self, renew: Renew) -> None:
        for worker in self._workers:
            if self._suspects and worker.alone and worker.accepts:
                suspect = self._suspects.popleft()
                worker.hand_over(InFlight(renew(suspect.call), suspect))

    def _dispatch(self, waiting: Iterator[Call]) -> bool:
        """Hand out new calls while there is room; whether there may be more of them."""
        while True:
            busy = sum(len(worker.flights) for worker in self._workers) + len(self._suspects)
            free = [worker for worker in self._workers if worker.accepts and not worker.alone]
            if busy >= self.window or not free:
                return True
            call = next(waiting, None)
            if call is None:
                return False
            min(free, key=lambda worker: len(worker.flights)).hand_over(InFlight(call))

    def _step(self, until: float = math.inf) -> None:
        """Wait for output or the next deadline, and deal with both.

        However long the caller was busy with something else, a report was late only if its
        deadline had passed when the pipes were looked at before, and nothing stood in them.
        """
        now = time.monotonic()
        timeout = max(0.0, min([until, *map(self._next_look, self._workers)]) - now)
        ready = self._selector.select(None if timeout == math.inf else timeout)
        looked = time.monotonic()
        for worker in {key.data: None for key, _ in ready}:
            self._read(worker)
        for worker in list(self._workers):
            self._check_time(worker, now)
        self._looked = looked

    def _next_look(self, worker: Worker) -> float:
        """When a deadline passes at `worker`; only the last of them ends it."""
        deadlines = self._deadlines(worker)
        now = time.monotonic()
        return min((d for d in deadlines if d > now), default=now if deadlines else math.inf)

    def _deadlines(self, worker: Worker) -> list[float]:
        if not worker.room:
            return [worker.born + self._hello_timeout]
        return [flight.deadline for flight in worker.flights.values()]

    def _check_time(self, worker: Worker, now: float) -> None:
        deadlines = self._deadlines(worker)
        if not deadlines or max(deadlines) > now:
            return
        if not worker.room:
            raise self._could_not_run(
                worker,
                f"the client said no hello within {self._hello_timeout:g} s; it answers the line"
                f" {shown(HELLO.decode().strip())} with its own, and flushes it",
            )
        waited = max(flight.call.timeout for flight in worker.flights.values())
        self._handle_crash(
            worker, Outcome("stuck", reason=f"no report within {waited:g} s; killed")
        )

    def _read(self, worker: Worker) -> None:
        line = b""
        try:
            for line in worker.attend():
                self._take(worker, line)
            line = worker.unfinished
            if len(line) > MAX_LINE:
                raise ProtocolError(f"a line ends within {MAX_LINE} bytes")  # noqa: TRY301 - one handler
        except ProtocolError as breach:
            got = shown(worker.redacted(line.decode(errors="replace")))
            raise self._could_not_run(worker, f"{breach}; the client wrote: {got}") from None
        if worker.ended:
            self._handle_exit(worker)

    def _take(self, worker: Worker, line: bytes) -> None:
        """Deal with one line of a client's output."""
        if not worker.room:
            hello = read_hello(line)
            self.client = hello.client
            worker.room = 1 if worker.alone else hello.max_in_flight
            return
        case, outcome = read_report(line)
        flight = worker.flights.pop(case, None)
        if flight is None:
            known = worker.knows(case)
            raise ProtocolError(
                "a case is reported once" if known else "a report names a case in flight"
            )
        if flight.deadline < self._looked:
            reason = f"reported only after its {flight.call.timeout:g} s"
            outcome = Outcome("stuck", reason=reason)
        self._settle(flight, outcome)

    def _handle_exit(self, worker: Worker) -> None:
        """Deal with a process whose output has ended."""
        how = worker.how_it_ended()
        if worker.leaving:
            self._end(worker)
            return
        if not worker.room:
            raise self._could_not_run(worker, f"the client {how} before it said hello")
        if worker.process.returncode == 0 or not worker.flights:
            raise self._could_not_run(
                worker,
                f'the client {how} though nobody said {{"type":"bye"}};'
                f" cases in flight: {len(worker.flights)}",
            )
        self._handle_crash(worker, Outcome("crashed", reason=how))

    def _handle_crash(self, worker: Worker, what: Outcome) -> None:
        """End a process, and either blame its one call or examine each of several."""
        flights = list(worker.flights.values())
        self._end(worker)
        if len(flights) == 1:
            self._settle(flights[0], what)
            return
        what = replace(what, stderr=flights[0].stderr.text())
        self._suspects += CrashTriage(what, (flight.call for flight in flights)).suspects

    def _settle(self, flight: InFlight, outcome: Outcome) -> None:
        elapsed = time.monotonic() - flight.sent
        outcome = replace(outcome, stderr=flight.stderr.text(), elapsed=elapsed)
        if flight.suspect is None:
            self._ended.append((flight.call, outcome))
        else:
            self._ended += flight.suspect.incident.settle(flight.suspect, flight.call, outcome)

    def _end(self, worker: Worker) -> None:
        worker.kill()
        self._workers.remove(worker)

    def _could_not_run(self, worker: Worker, what: str) -> CouldNotRun:
        last = worker.last_words()
        return CouldNotRun(f"{what} (its standard error ends: {shown(last)})" if last else what)
