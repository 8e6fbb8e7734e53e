"""Start a client's process, end it with every process it started, and bound its output."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from aleph_contract.errors import ArgumentError, CouldNotRun

#: Environment variable that every process started by a client inherits, even a detached one.
MARK_VARIABLE = "ALEPH_CONTRACT_CLIENT"

#: This machine, in the form of a `NO_PROXY` list.
LOCAL_HOSTS = "127.0.0.1,localhost"

#: Bytes kept of each output stream of a case; of longer output, the beginning and the end.
MAX_OUTPUT = 1 << 20


class BoundedBuffer:
    """The output of a stream: all of it up to `limit` bytes, else its beginning and its end."""

    def __init__(self, limit: int = MAX_OUTPUT) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add(self, chunk: bytes) -> None:
        """Add output."""
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > 2 * self._half:  # not at every chunk: each trim copies the tail
            self._trim()

    def text(self) -> str:
        """The output as text; a line says how many bytes were left out."""
        self._trim()
        if not self._dropped:
            return (self._head + self._tail).decode(errors="replace")
        head, tail = (half.decode(errors="replace") for half in (self._head, self._tail))
        return f"{head}\n… {self._dropped} bytes left out …\n{tail}"

    def _trim(self) -> None:
        if (excess := len(self._tail) - self._half) > 0:
            del self._tail[:excess]
            self._dropped += excess


def environment(mark: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment variables of a client: those of this process, with three changes.

    The user's own `CLOUDFLARE_*` variables are removed: a client that ignores its arguments then
    fails instead of spending money. `NO_PROXY` excludes this machine. `mark` is added.
    """
    own = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDFLARE_")}
    return {**own, **without_proxy(), MARK_VARIABLE: mark, **(extra or {})}


def without_proxy(*hosts: str) -> dict[str, str]:
    """Environment variables that exclude this machine, and `hosts`, from the user's proxies.

    What the user excluded, in either spelling, stays excluded.
    """
    names = ("no_proxy", "NO_PROXY")
    known = (host for name in names for host in os.environ.get(name, "").split(","))
    excluded = dict.fromkeys((*filter(None, known), *LOCAL_HOSTS.split(","), *hosts))
    return dict.fromkeys(names, ",".join(excluded))


@contextmanager
def variables_set(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables in this process, and so in a client, within a `with` block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def new_mark() -> str:
    """A new unique value of `MARK_VARIABLE`; no other value starts with it."""
    return secrets.token_hex(8) + "."


def check_command(argv: Sequence[str]) -> None:
    """Check that a command can be started; the error message says how to correct it.

    Raises:
        ArgumentError: The command is empty.
        CouldNotRun: The program does not exist, or is not executable.
    """
    if not argv:
        raise ArgumentError(
            "the client's command is missing; write it after `--`, such as `-- node client.js`"
        )
    program = argv[0]
    if shutil.which(program):
        return
    if Path(program).is_file() and os.sep in program:
        raise CouldNotRun(
            f"{program} is not executable; run `chmod +x {shlex.quote(program)}`,"
            " or write its interpreter before it"
        )
    hint = f"; did you mean ./{program}?" if Path(program).is_file() else ""
    place = "" if os.sep in program else " on PATH"
    raise CouldNotRun(f"the client's program {program!r} was not found{place}{hint}")


def start(
    argv: Sequence[str], env: Mapping[str, str], stdin: int | IO[Any]
) -> subprocess.Popen[bytes]:
    """Start a client's process in its own session, with its outputs on pipes.

    Raises:
        CouldNotRun: The operating system cannot start it.
    """
    try:
        return subprocess.Popen(
            argv,
            env=env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        hint = "; is its `#!` line missing?" if error.strerror == "Exec format error" else ""
        raise CouldNotRun(f"cannot start {argv[0]!r}: {error.strerror}{hint}") from None


def pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    """Set the three pipes of a process to non-blocking and return them."""
    streams = (process.stdin, process.stdout, process.stderr)
    stdin, stdout, stderr = (stream for stream in streams if stream is not None)
    for stream in (stdin, stdout, stderr):
        os.set_blocking(stream.fileno(), False)
    return stdin, stdout, stderr


#: Waits for the end of standard input, or for a line that says that there is nothing to end.
_WATCHER = ("sh", "-c", 'read -r _ || kill -TERM "$0"')


@contextmanager
def ended_with_us(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Send SIGTERM to a process if this one is killed, also with SIGKILL, in the `with` block.

    A shell, where there is one, reads a pipe that closes at the end of this process. The flag
    PR_SET_PDEATHSIG of Linux has to be set between fork and exec, where a process with threads may
    run no Python.
    """
    if shutil.which("sh") is None:
        yield
        return
    nothing = subprocess.DEVNULL
    with subprocess.Popen(
        (*_WATCHER, str(process.pid)),
        stdin=subprocess.PIPE,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,  # a signal to the group of this process does not reach it
    ) as watcher:
        try:
            yield
        finally:
            watcher.communicate(b"ended\n")


def end(process: subprocess.Popen[bytes], mark: str | None = None) -> None:
    """Kill a process, its group, its descendants and all processes with `mark`; then reap it."""
    victims = descendants(process.pid) if process.poll() is None else []
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    _kill(victims)
    if mark is not None:
        end_marked(mark)
    process.wait()


def end_marked(mark: str) -> None:
    """Kill every process whose mark starts with `mark`, until none is left (Linux only)."""
    for _ in range(100):  # bounded: a process may fork while the list is read
        victims = _marked(mark)
        if not victims:
            return
        _kill(victims)


def descendants(pid: int) -> list[int]:
    """The ids of all descendants of `pid`, parents before their children."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for parent in level for child in children.get(parent, ())]
        found += level
    return found


def describe_exit(returncode: int) -> str:
    """Describe the end of a process, such as "was ended by SIGKILL"."""
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"


def _kill(pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _marked(mark: str) -> list[int]:
    needle = f"{MARK_VARIABLE}={mark}".encode()
    own = os.getpid()
    found = []
    for entry in _proc():
        with suppress(OSError):
            if needle in (entry / "environ").read_bytes() and int(entry.name) != own:
                found.append(int(entry.name))
    return found


def _proc() -> list[Path]:
    if not sys.platform.startswith("linux"):
        return []
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parents() -> list[tuple[int, int]]:
    """Process id and parent's process id of every process."""
    pairs = []
    for entry in _proc():
        with suppress(OSError):
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            pairs.append((int(entry.name), int(fields[1])))
    if pairs:
        return pairs
    listing = subprocess.run(
        ("ps", "-A", "-o", "pid=,ppid="), capture_output=True, text=True, check=False
    ).stdout
    return [(int(pid), int(parent)) for pid, parent in map(str.split, listing.splitlines())]
