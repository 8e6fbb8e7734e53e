"""One long-lived client process: lines in, lines out, nothing that blocks."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from aleph_contract.drivers import REDACTED, Call, processes
from aleph_contract.drivers.crash_triage import Suspect
from aleph_contract.drivers.ndjson import BYE, HELLO, run_line
from aleph_contract.drivers.processes import KEPT, BoundedBuffer

#: Seconds for a process to end after its output did, and again after each stronger request.
GRACE = 1.0

_CHUNK = 1 << 16


@dataclass(eq=False, slots=True)
class InFlight:
    """A call that was handed over and not reported yet."""

    call: Call
    suspect: Suspect | None = None
    sent: float = field(default_factory=time.monotonic)
    stderr: BoundedBuffer = field(default_factory=BoundedBuffer)

    @property
    def deadline(self) -> float:
        """When it counts as stuck."""
        return self.sent + self.call.timeout


class Worker:
    """A process and what is in flight there.

    Its standard output and error are registered with `selector` under the worker itself, its
    standard input only while there is something that the pipe did not take yet.

    Args:
        alone: Whether it takes one call at a time, to see which of several is to blame.
    """

    def __init__(
        self, argv: Sequence[str], mark: str, selector: selectors.BaseSelector, *, alone: bool
    ) -> None:
        self.alone = alone
        self.room = 0  # until its hello
        self.born = time.monotonic()
        self.flights: dict[str, InFlight] = {}
        self.ended = False
        self.leaving = False
        self._tokens: dict[str, str] = {}
        self._selector = selector
        self._mark = mark
        self._out = bytearray()
        self._in = bytearray()
        self._err = BoundedBuffer()
        self.process = processes.start(argv, processes.environment(mark), subprocess.PIPE)
        self._stdin, self._stdout, self._stderr = processes.pipes(self.process)
        for stream in (self._stdout, self._stderr):
            selector.register(stream, selectors.EVENT_READ, self)
        self._send(HELLO)

    def hand_over(self, flight: InFlight) -> None:
        """Send one call."""
        self.flights[flight.call.case] = flight
        self._tokens[flight.call.case] = flight.call.api_token
        self._send(run_line(flight.call))

    @property
    def accepts(self) -> bool:
        """Whether it can be given a call now: it greeted, has room, and answers in time."""
        now = time.monotonic()
        overdue = any(flight.deadline <= now for flight in self.flights.values())
        return len(self.flights) < self.room and not overdue and not self.leaving

    def knows(self, case: str) -> bool:
        """Whether it was ever given this case."""
        return case in self._tokens

    def attend(self) -> list[bytes]:
        """Move bytes both ways; return the lines that are complete."""
        self._flush()
        chunk = self._read(self._stdout)
        # Errors after it, but before it is looked at: what was written there before a report
        # belongs to that report's case.
        self._drain_errors(1)
        self.ended = chunk == b""
        self._in += chunk or b""
        *lines, rest = self._in.split(b"\n")
        self._in = bytearray(rest)
        if self.ended:
            lines.append(self._in)
        return [bytes(line) for line in lines if line.strip()]

    @property
    def unfinished(self) -> bytes:
        """The beginning of a line that has not ended yet."""
        return bytes(self._in)

    def last_words(self) -> str:
        """The last line of its standard error, for a message."""
        lines = self.redacted(self._err.text()).strip().splitlines()
        return lines[-1].strip() if lines else ""

    def redacted(self, text: str) -> str:
        """A text without any token this process was given."""
        for token in filter(None, self._tokens.values()):
            text = text.replace(token, REDACTED)
        return text

    def how_it_ended(self) -> str:
        """Reap a process whose output has ended, and say how it did."""
        self._drain_errors(KEPT // _CHUNK)
        try:
            return processes.how_it_ended(self.process.wait(GRACE))
        except subprocess.TimeoutExpired:
            return "closed its standard output"

    def leave(self) -> None:
        """Ask it to end: a goodbye, then the end of its input."""
        self.leaving = True
        self._send(BYE)
        self._forget(self._stdin)

    def terminate(self) -> None:
        """Ask it again, less kindly."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and everything it started."""
        for stream in (self._stdin, self._stdout, self._stderr):
            self._forget(stream)
        processes.end(self.process, self._mark)

    def _drain_errors(self, chunks: int) -> None:
        """Note what stands in the pipe; bounded, for another may write there without end."""
        for _ in range(chunks):
            chunk = self._read(self._stderr)
            if not chunk:
                return
            self._err.add(chunk)
            for flight in self.flights.values():
                flight.stderr.add(chunk)

    def _send(self, line: bytes) -> None:
        self._out += line
        self._flush()

    def _flush(self) -> None:
        if self._stdin.closed:
            return
        try:
            while self._out:
                del self._out[: os.write(self._stdin.fileno(), self._out[:_CHUNK])]
        except BlockingIOError:
            if self._stdin not in self._selector.get_map():
                self._selector.register(self._stdin, selectors.EVENT_WRITE, self)
            return
        except BrokenPipeError:  # it is ending: so does its output, which tells how
            self._out.clear()
        if self._stdin in self._selector.get_map():
            self._selector.unregister(self._stdin)

    def _read(self, stream: IO[bytes]) -> bytes | None:
        """What a pipe holds: `None` if nothing now, no bytes if nothing any more."""
        if stream.closed:
            return b""
        try:
            chunk = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            return None
        if not chunk:
            self._forget(stream)
        return chunk

    def _forget(self, stream: IO[bytes]) -> None:
        if stream.closed:
            return
        if stream in self._selector.get_map():
            self._selector.unregister(stream)
        with suppress(BrokenPipeError):
            stream.close()
