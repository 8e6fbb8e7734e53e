"""Prove that a client's program runs on the faster clock, before it is judged.

Some programs do not load the library, or read the clock without the C library. Their time-outs
would fire late, and a correct client would look broken.
"""

from __future__ import annotations

import math
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from aleph_contract.core.clock import Clock
from aleph_contract.drivers.program_kind import interpreter, why_not_loadable
from aleph_contract.errors import CouldNotRun

#: Seconds of the machine that one wait of a probe takes; the longer ones are for a machine so busy
#: that the waits before them ended late.
PROBE_WAITS = (0.1, 0.2, 0.8)

#: Seconds of the machine that an interpreter has to start.
START_TIMEOUT = 20.0

_HELP = "run the client with --speed 1, or in an interpreter that loads libfaketime"


@dataclass(frozen=True, slots=True)
class Probe:
    """A script that prints a line before and after each of its waits.

    Args:
        names: Regular expression for the file name of the interpreter.
        arguments: Returns the arguments that make it wait for some seconds of the client.
    """

    names: str
    arguments: Callable[[float], Sequence[str]]


def _python(seconds: float) -> Sequence[str]:
    script = f"""
import select, threading, time
print(flush=True)
for wait in (time.sleep, lambda s: select.select([], [], [], s), threading.Event().wait):
    wait({seconds})
    print(flush=True)
"""
    return "-c", script


def _javascript(option: str) -> Callable[[float], Sequence[str]]:
    def arguments(seconds: float) -> Sequence[str]:
        millis = round(seconds * 1000)
        return option, f"console.log(); setTimeout(() => console.log(), {millis})"

    return arguments


def _shell(seconds: float) -> Sequence[str]:
    return "-c", f"echo; sleep {seconds}; echo"  # `sleep` is a child: children run faster too


def _perl(seconds: float) -> Sequence[str]:
    return "-e", rf'$|=1; print "\n"; select(undef,undef,undef,{seconds}); print "\n"'


def _ruby(seconds: float) -> Sequence[str]:
    return "-e", f"$stdout.sync=true; puts; sleep {seconds}; puts"


def _php(seconds: float) -> Sequence[str]:
    return "-r", rf'echo "\n"; usleep({round(seconds * 1e6)}); echo "\n";'


#: The interpreters that can be asked to wait, with the options of their command lines.
PROBES = (
    Probe(r"python[\d.]*|pypy[\d.]*", _python),
    Probe(r"node|nodejs|bun", _javascript("-e")),
    Probe(r"deno", _javascript("eval")),
    Probe(r"sh|bash|dash|zsh|ksh|ash", _shell),
    Probe(r"perl[\d.]*", _perl),
    Probe(r"ruby[\d.]*", _ruby),
    Probe(r"php[\d.]*", _php),
)


def check_program(
    program: str, clock: Clock, library: Path, environment: Mapping[str, str]
) -> None:
    """Check that a program waits and loads as it should under `environment`.

    An interpreter of `PROBES` is measured. Of any other program, the dynamic loader is asked
    whether it loads the library.

    Args:
        program: First word of the client's command.
        clock: The clock that the client should have.
        library: Path of libfaketime.
        environment: All environment variables of the client.

    Raises:
        CouldNotRun: It does not run on the faster clock; the message says why, and what helps.
    """
    try:
        path = interpreter(program)
        if path is None:
            return  # the driver says that it was not found
        reason = why_not_loadable(path, library)
    except OSError as error:  # a program may be executable and not readable
        raise CouldNotRun(
            f"--speed cannot be checked: {error.filename}: {error.strerror}"
        ) from None
    if reason:
        raise CouldNotRun(f"--speed has no effect on the client: {reason}; {_HELP}")
    probe = next((p for p in PROBES if re.fullmatch(p.names, path.name)), None)
    if probe is None:
        _check_loaded(path, library, environment)
        return
    # The interpreter is called by its own name: `python` of a virtual environment finds it by that.
    for wait in PROBE_WAITS:
        argv = (str(path), *probe.arguments(wait * clock.speed))
        limit = _limit(wait, clock)
        if _slowest_wait(argv, environment, limit) <= limit:
            return
    raise CouldNotRun(
        f"--speed has no effect on the client: {path} waits longer than {limit:.2g} s where a "
        f"clock {clock.speed:g} times faster needs {wait:g} s; {_HELP}"
    )


def _limit(wait: float, clock: Clock) -> float:
    """Seconds between the wait on the faster clock and the same wait on the machine's."""
    return wait * (1 + min(clock.speed - 1, 4) / 2)


def _slowest_wait(argv: Sequence[str], environment: Mapping[str, str], limit: float) -> float:
    """The longest time between two lines of a probe, in seconds of the machine.

    Raises:
        CouldNotRun: The probe ended before its first wait did.
    """
    with subprocess.Popen(
        argv,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    ) as process:
        try:
            times = list(_line_times(process, limit))
        finally:
            process.kill()
    if len(times) < 2:  # noqa: PLR2004 - a line before and one after a wait
        raise CouldNotRun(
            f"--speed cannot be checked: {argv[0]} does not run a script under libfaketime; {_HELP}"
        )
    return max(after - before for before, after in pairwise(times))


def _line_times(process: subprocess.Popen[bytes], limit: float) -> Iterator[float]:
    """When each line arrived; `inf` for one that is not there `limit` after the line before."""
    timeout, stdout = START_TIMEOUT, process.stdout
    while stdout is not None and select.select((stdout,), (), (), timeout)[0]:
        if not stdout.read(1):
            return
        yield time.monotonic()
        timeout = limit
    if timeout == limit:
        yield math.inf


def _check_loaded(path: Path, library: Path, environment: Mapping[str, str]) -> None:
    """Ask the dynamic loader which libraries it loads for a program, without running it (Linux)."""
    if sys.platform != "linux":
        return
    listing = subprocess.run(
        (path,),
        env={**environment, "LD_TRACE_LOADED_OBJECTS": "1"},  # ld.so(8)
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    ).stdout
    if library.name.encode() not in listing:
        raise CouldNotRun(f"--speed has no effect on the client: {path} does not load {library}")
