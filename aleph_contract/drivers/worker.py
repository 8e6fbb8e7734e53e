"""One long-lived client process: non-blocking reads and writes on its three pipes."""

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
from aleph_contract.drivers.error_lines import error_line
from aleph_contract.drivers.ndjson import BYE, HELLO, run_line
from aleph_contract.drivers.processes import MAX_OUTPUT, BoundedBuffer

#: Seconds for a process to exit after it closed its output, and again after SIGTERM.
EXIT_GRACE = 1.0

#: Bytes of one read or write.
_CHUNK = 1 << 16


@dataclass(eq=False, slots=True)
class InFlight:
    """A call that was sent and has no report yet."""

    call: Call
    suspect: Suspect | None = None
    sent_at: float = field(default_factory=time.monotonic)
    stderr: BoundedBuffer = field(default_factory=BoundedBuffer)

    @property
    def deadline(self) -> float:
        """When the call counts as stuck."""
        return self.sent_at + self.call.timeout


class Worker:
    """A process and its calls in flight.

    Its standard output and error are registered with `selector`, with the worker as their data;
    its standard input only while the pipe is full.

    Args:
        isolated: Whether it takes one call at a time, to find the call that caused a crash.
    """

    def __init__(
        self, argv: Sequence[str], mark: str, selector: selectors.BaseSelector, *, isolated: bool
    ) -> None:
        self.isolated = isolated
        self.max_in_flight = 0  # until its hello
        self.started_at = time.monotonic()
        self.in_flight: dict[str, InFlight] = {}
        self.output_ended = False
        self.leaving = False
        self._tokens: dict[str, str] = {}
        self._selector = selector
        self._mark = mark
        self._unsent = bytearray()
        self._unparsed = bytearray()
        self._errors = BoundedBuffer()
        self.process = processes.start(argv, processes.environment(mark), subprocess.PIPE)
        self._stdin, self._stdout, self._stderr = processes.pipes(self.process)
        for stream in (self._stdout, self._stderr):
            selector.register(stream, selectors.EVENT_READ, self)
        self._send(HELLO)

    @property
    def ready(self) -> bool:
        """Whether its hello has arrived."""
        return self.max_in_flight > 0

    def start_call(self, entry: InFlight) -> None:
        """Send one call."""
        self.in_flight[entry.call.case] = entry
        self._tokens[entry.call.case] = entry.call.api_token
        self._send(run_line(entry.call))

    @property
    def accepts(self) -> bool:
        """Whether it can take a call now: it is ready, has room, and no call of it is late."""
        now = time.monotonic()
        late = any(entry.deadline <= now for entry in self.in_flight.values())
        return len(self.in_flight) < self.max_in_flight and not late and not self.leaving

    def had(self, case: str) -> bool:
        """Whether this case was ever sent to it."""
        return case in self._tokens

    def exchange_bytes(self) -> list[bytes]:
        """Write and read what the pipes allow; return the complete lines of standard output."""
        self._flush()
        chunk = self._read(self._stdout)
        # Standard error is read second, and before the lines are parsed: text written before a
        # report belongs to the case of that report.
        self._read_errors(1)
        self.output_ended = chunk == b""
        self._unparsed += chunk or b""
        *lines, rest = self._unparsed.split(b"\n")
        self._unparsed = bytearray(rest)
        if self.output_ended:
            lines.append(self._unparsed)
        return [bytes(line) for line in lines if line.strip()]

    @property
    def incomplete_line(self) -> bytes:
        """The beginning of a line whose line feed has not arrived."""
        return bytes(self._unparsed)

    def last_error_line(self) -> str:
        """The line of its standard error that names the error, or else the last one."""
        return error_line(self.redact(self._errors.text()))

    def redact(self, text: str) -> str:
        """Replace every token that this process was given."""
        for token in filter(None, self._tokens.values()):
            text = text.replace(token, REDACTED)
        return text

    def wait_for_exit(self) -> str:
        """Reap a process that closed its output, and describe how it ended."""
        self._read_errors(MAX_OUTPUT // _CHUNK)
        try:
            return processes.describe_exit(self.process.wait(EXIT_GRACE))
        except subprocess.TimeoutExpired:
            return "closed its standard output"

    def say_bye(self) -> None:
        """Ask the process to exit: send the bye message and close its standard input."""
        self.leaving = True
        self._send(BYE)
        self._close(self._stdin)

    def terminate(self) -> None:
        """Send SIGTERM to the process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process and every process it started."""
        for stream in (self._stdin, self._stdout, self._stderr):
            self._close(stream)
        processes.end(self.process, self._mark)

    def _read_errors(self, chunks: int) -> None:
        """Read standard error; bounded, because a child may write without end."""
        for _ in range(chunks):
            chunk = self._read(self._stderr)
            if not chunk:
                return
            self._errors.add(chunk)
            for entry in self.in_flight.values():
                entry.stderr.add(chunk)

    def _send(self, line: bytes) -> None:
        self._unsent += line
        self._flush()

    def _flush(self) -> None:
        if self._stdin.closed:
            return
        try:
            while self._unsent:
                del self._unsent[: os.write(self._stdin.fileno(), self._unsent[:_CHUNK])]
        except BlockingIOError:
            if self._stdin not in self._selector.get_map():
                self._selector.register(self._stdin, selectors.EVENT_WRITE, self)
            return
        except BrokenPipeError:  # the process is ending: its output ends too and tells how
            self._unsent.clear()
        if self._stdin in self._selector.get_map():
            self._selector.unregister(self._stdin)

    def _read(self, stream: IO[bytes]) -> bytes | None:
        """Read from a pipe: `None` if it is empty now, `b""` at its end."""
        if stream.closed:
            return b""
        try:
            chunk = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            return None
        if not chunk:
            self._close(stream)
        return chunk

    def _close(self, stream: IO[bytes]) -> None:
        if stream.closed:
            return
        if stream in self._selector.get_map():
            self._selector.unregister(stream)
        with suppress(BrokenPipeError):
            stream.close()
