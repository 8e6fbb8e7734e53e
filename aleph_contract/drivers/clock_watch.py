"""Watch which processes call the fake, and whether they run on the faster clock (Linux).

The probe measures the program of the client's command. The process that makes the calls can be
another one: a script may start a Go program, or clear the environment. A program that hangs because
of the library never calls the fake: it is ended, so that the client does not wait for it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Event, Lock, Thread

from aleph_contract.drivers.program_kind import why_it_hangs, why_not_loadable
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
        self._why_it_hangs = cache(why_it_hangs)  # they read the whole program
        self._why_not_loadable = cache(why_not_loadable)
        self._ended: dict[str, None] = {}
        self._looking = Lock()
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
        if sys.platform == "linux":
            self.look()  # the client may have called and reported since the last look
        for program, reason in [*self._slow.items()]:  # the thread may add to it meanwhile
            raise CouldNotRun(
                f"--speed has no effect on a process that called the fake: {reason or program}"
                "; its time-outs cannot be judged"
            )
        for reason in [*self._ended]:
            raise CouldNotRun(
                f"--speed does not work with a process of the client: {reason}; run the client "
                "with --speed 1, or its code in a program that starts with libfaketime"
            )

    def look(self) -> None:
        """Look once."""
        for pid in _descendants(os.getpid()):
            self._end_if_hanging(pid)
        with self._looking:
            new = set(_sockets(self._ports)) - self._known
            self._known |= new
        for pid in _owners(new) if new else ():
            self._examine(pid)

    def _run(self) -> None:
        while not self._ending.wait(INTERVAL):
            self.look()

    def _end_if_hanging(self, pid: int) -> None:
        with suppress(OSError):  # the process has ended, or belongs to another user
            program = Path(f"/proc/{pid}/exe").readlink()
            if (reason := self._why_it_hangs(program)) and self._has_loaded(pid):
                self._ended[reason] = None
                os.kill(pid, signal.SIGKILL)

    def _examine(self, pid: int) -> None:
        with suppress(OSError):  # the process has ended
            program = Path(f"/proc/{pid}/exe").readlink()
            reason = self._why_not_loadable(program, self._library)
            if reason or not self._has_loaded(pid):
                self._slow[str(program)] = reason or f"{program} has not loaded {self._library}"

    def _has_loaded(self, pid: int) -> bool:
        maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
        return str(self._library.resolve()) in maps


def _sockets(ports: frozenset[int]) -> Iterator[str]:
    """The inodes of connected sockets whose other end has one of `ports`."""
    for table in _TABLES:
        with suppress(OSError), Path(table).open(encoding="ascii") as lines:
            # Most of thousands of lines are of connections that have ended.
            for fields in (line.split() for line in lines if f" {_ESTABLISHED} " in line):
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


def _descendants(pid: int) -> Iterator[int]:
    """The ids of the processes that a process started, and that those started, and so on."""
    with suppress(OSError):  # the process has ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield int(child)
                yield from _descendants(int(child))
