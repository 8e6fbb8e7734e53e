"""The faster clock of a client's processes, for the duration of one run.

A small process of ours, the *keeper*, is the first on the faster clock: it creates the shared
memory in which libfaketime holds the start of the clock. Every process of the client reads that, so
that all have the same time, and the fake can tell them a date.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from aleph_contract.core.clock import Clock, checked_speed
from aleph_contract.drivers import faketime
from aleph_contract.drivers.clock_probe import check_program
from aleph_contract.drivers.program_kind import why_not_loadable
from aleph_contract.errors import CouldNotRun

if TYPE_CHECKING:
    from typing_extensions import Self  # in `typing` from 3.11 on

#: The highest speed that `auto` chooses: above it the computing time of the client itself counts
#: more than its waits (10 ms for the first call of an httpx client is 1 s at 100).
MAX_AUTO_SPEED = 100.0

#: The lowest speed that `auto` accepts.
MIN_AUTO_SPEED = 2.0

#: Seconds of the client by which a wait may end late at the speed that `auto` chooses.
TOLERANCE = 1.0

#: Number and length, in seconds of the machine, of the waits that measure the jitter.
_SAMPLES = 40
_SAMPLE_WAIT = 0.002

#: Number of readings of the clock; the fastest answer is the most exact.
_READINGS = 10

#: Seconds of the machine between the two readings that measure the speed; the longer ones are for a
#: machine so busy that the readings are late.
_SPEED_WAITS = (0.05, 0.2, 0.8)

#: Share by which the measured speed may differ.
_SPEED_TOLERANCE = 0.2

_KEEPER_TIMEOUT = 10.0

_KEEPER = """
import os, sys, time
print(os.environ.get("FAKETIME_SHARED", ""), flush=True)
for line in sys.stdin:
    time.sleep(float(line))
    print(time.time(), flush=True)
"""


class FasterClock:
    """Runs the keeper; use it as a context manager. With speed 1 it does nothing.

    Args:
        speed: Seconds of the client per second of the machine; `None` for the highest that is
            safe on this machine.

    Raises:
        ArgumentError: The speed is out of range.
    """

    def __init__(self, speed: float | None = None) -> None:
        self._asked = None if speed is None else checked_speed(speed)
        self._keeper: _Keeper | None = None
        self.library = Path()
        self.clock = Clock()
        #: Seconds of the machine by which a wait ends late at most.
        self.jitter = 0.0
        #: Environment variables of the client's processes, beside their own.
        self.environment: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        """Start the clock.

        Raises:
            CouldNotRun: The library is missing or has no effect, or the machine is too busy.
        """
        if self._asked == 1:
            return self
        faketime.remove_stale()
        self.library = faketime.find_library()
        own = Path(sys.executable)
        if reason := why_not_loadable(own, self.library):
            raise CouldNotRun(f"--speed cannot be used here: {reason}")
        try:
            self._start(self._asked or MAX_AUTO_SPEED)
            if self._asked is None and (safe := self.safe_speed()) < MAX_AUTO_SPEED:
                self._start(safe)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def note(self) -> str:
        """What a reader of the report must know; empty for the clock of the machine."""
        if not self.clock.faster:
            return ""
        late = self.clock.elapsed(self.jitter)
        return (
            f"the client's clock ran {self.clock.speed:g} times faster (--speed): times of cases "
            f"and calls are in its seconds, exact to about {late:.1g} s"
        )

    def check(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Check that a client's program runs on this clock.

        Raises:
            CouldNotRun: It does not; the message says why, and what helps.
        """
        if argv and self.clock.faster:
            everything = {**environment, **self.environment}
            check_program(argv[0], self.clock, self.library, everything)

    def _start(self, speed: float) -> None:
        self._stop()
        self._keeper = keeper = _Keeper(faketime.environment(self.library, speed))
        self.clock = keeper.measure(speed)
        self.jitter = keeper.jitter(speed)
        self.environment = faketime.environment(self.library, speed, keeper.shared)

    def _stop(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def safe_speed(self) -> float:
        """The highest speed at which a wait of a client ends at most `TOLERANCE` late.

        Raises:
            CouldNotRun: It is below `MIN_AUTO_SPEED`.
        """
        safe = float(int(min(TOLERANCE / max(self.jitter, 1e-6), MAX_AUTO_SPEED)))
        if safe < MIN_AUTO_SPEED:
            raise CouldNotRun(
                f"--speed auto: the machine is too busy, waits end up to {self.jitter:.2g} s late; "
                "try again when less runs, or name a speed"
            )
        return safe


class _Keeper:
    """The process that holds the start of the clock; its answers tell its time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        own = {k: v for k, v in os.environ.items() if k not in ("FAKETIME_SHARED", "PYTHONPATH")}
        self._process = subprocess.Popen(
            (sys.executable, "-I", "-S", "-c", _KEEPER),
            env={**own, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # Ctrl-C ends the client first
        )
        pipes = (self._process.stdin, self._process.stdout)
        self._stdin, self._stdout = (pipe for pipe in pipes if pipe is not None)
        self.shared = ""
        try:
            self.shared = self._line()
        except CouldNotRun:
            self.close()
            raise

    def measure(self, speed: float) -> Clock:
        """The clock, measured.

        Raises:
            CouldNotRun: The process does not run at this speed.
        """
        first = self._read()
        for wait in _SPEED_WAITS:
            time.sleep(wait)
            wall, client = self._read()
            measured = (client - first[1]) / (wall - first[0])
            if abs(measured / speed - 1) <= _SPEED_TOLERANCE:
                # client = start + (wall - start) * speed, solved for start
                return Clock(speed, (wall * speed - client) / (speed - 1))
        raise CouldNotRun(
            f"libfaketime has no effect here: a clock that should run {speed:g} times faster "
            f"ran {measured:.3g} times faster"
        )

    def jitter(self, speed: float) -> float:
        """Seconds of the machine by which the waits of this process end late at most."""
        late = []
        for _ in range(_SAMPLES):
            before = time.monotonic()
            self._ask(_SAMPLE_WAIT * speed)
            late.append(time.monotonic() - before - _SAMPLE_WAIT)
        return max(late)

    def close(self) -> None:
        """End the process and delete what the library shared."""
        with suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()
        faketime.remove_shared(self.shared)

    def _read(self) -> tuple[float, float]:
        """The time on the machine and on the client's clock at the same moment."""
        samples = []
        for _ in range(_READINGS):
            before = time.time()
            told = self._ask(0.0)
            after = time.time()
            samples.append((after - before, (before + after) / 2, told))
        _, wall, client = min(samples)
        return wall, client

    def _ask(self, seconds: float) -> float:
        """The time on the client's clock after a wait of `seconds`."""
        self._stdin.write(b"%r\n" % seconds)
        return float(self._line())

    def _line(self) -> str:
        if not select.select((self._stdout,), (), (), _KEEPER_TIMEOUT)[0]:
            raise CouldNotRun("libfaketime does not work here: a process under it does not start")
        line = self._stdout.readline()
        if not line:
            raise CouldNotRun(
                f"libfaketime does not work here: a process under it ended with exit code "
                f"{self._process.wait()}"
            )
        return line.decode().strip()
