"""Watch which processes call the fake, and whether they run on the faster clock (Linux).

The probe measures the program of the client's command. The process that makes the calls can be
another one: a script may start a Go program, or clear the environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from aleph_contract.drivers.program_kind import why_not_loadable
from aleph_contract.errors import CouldNotRun

#: Seconds of the machine between two looks. A call of a second or more is seen, and only such calls
#: depend on the clock.
INTERVAL = 0.3

_ESTABLISHED = "01"  # proc_pid_net(5)
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


class ClockWatch:
    """Looks at the processes with a connection to some ports, until it is closed.

    Args:
        ports: Ports on this machine that the client's calls go to.
        library: Path of libfaketime.
    """

    def __init__(self, ports: Collection[int], library: Path) -> None:
        self._ports = frozenset(ports)
        self._library = library
        self._known: set[str] = set()
        self._slow: dict[str, str] = {}
        self._ending = Event()
        self._thread = Thread(target=self._run, name="clock watch", daemon=True)
        if sys.platform == "linux":
            self._thread.start()

    def close(self) -> None:
        """Stop to look."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """Check that every process that was seen runs on the faster clock.

        Raises:
            CouldNotRun: One does not; the message names it.
        """
        for program, reason in self._slow.items():
            raise CouldNotRun(
                f"--speed has no effect on a process that called the fake: {reason or program}"
                "; its time-outs cannot be judged"
            )

    def look(self) -> None:
        """Look once."""
        new = set(_sockets(self._ports)) - self._known
        if new:
            self._known |= new
            for pid in _owners(new):
                self._examine(pid)

    def _run(self) -> None:
        while not self._ending.wait(INTERVAL):
            self.look()

    def _examine(self, pid: int) -> None:
        with suppress(OSError):  # the process has ended
            program = Path(f"/proc/{pid}/exe").readlink()
            maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
            reason = why_not_loadable(program, self._library)
            if reason or str(self._library.resolve()) not in maps:
                self._slow[str(program)] = reason or f"{program} has not loaded {self._library}"


def _sockets(ports: frozenset[int]) -> Iterator[str]:
    """The inodes of connected sockets whose other end has one of `ports`."""
    for table in _TABLES:
        with suppress(OSError), Path(table).open(encoding="ascii") as lines:
            for line in list(lines)[1:]:
                fields = line.split()
                remote, state, inode = fields[2], fields[3], fields[9]
                if state == _ESTABLISHED and int(remote.rpartition(":")[2], 16) in ports:
                    yield inode


def _owners(inodes: Collection[str]) -> Iterator[int]:
    """The ids of the processes, other than this one, that have one of these sockets open."""
    targets = {f"socket:[{inode}]" for inode in inodes}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _holds(entry, targets):
            yield int(entry.name)


def _holds(process: Path, targets: Collection[str]) -> bool:
    """Whether a process has one of these files open."""
    with suppress(OSError), os.scandir(process / "fd") as descriptors:
        for each in descriptors:
            with suppress(OSError):  # closed meanwhile
                if os.readlink(each.path) in targets:  # noqa: PTH115 - there are many
                    return True
    return False
