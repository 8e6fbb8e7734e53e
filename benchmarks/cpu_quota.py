"""A fixed share of CPU for single processes, by cgroups of Linux.

With it, few cores show how much several processes carry: each has its own limit, as on a machine of
its own. It needs root. The cgroup is removed when the block ends, also after Ctrl-C or SIGTERM;
after SIGKILL an empty one stays until the machine restarts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

#: The quota is refilled once in this time. With the kernel's default, 100 ms, pauses are longer.
PERIOD_US = 20_000

#: A file that the folder of the CPU controller has, and the files of a cgroup; version 2, then 1.
#: The highest weight, so that a process gets its quota also beside busy programs.
_VERSIONS = (
    (
        Path("/sys/fs/cgroup/cgroup.controllers"),
        {"cpu.max": "{quota} {period}", "cpu.weight": "10000"},
    ),
    (
        Path("/sys/fs/cgroup/cpu/cgroup.procs"),
        {"cpu.cfs_period_us": "{period}", "cpu.cfs_quota_us": "{quota}", "cpu.shares": "262144"},
    ),
)

_NUMBERS = count(1)


@contextlib.contextmanager
def cpu_quota(percent: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that limits a process, by its id, to so many percent of one core.

    The process has to end before the block does. Exits with a sentence if quotas cannot be set.
    """
    group = _create(percent)
    try:
        yield lambda pid: _write(group / "cgroup.procs", str(pid))
    finally:
        _remove(group)


def _create(percent: int) -> Path:
    found = next(((file.parent, files) for file, files in _VERSIONS if file.exists()), None)
    if found is None:
        sys.exit("a CPU quota needs Linux with the CPU controller of cgroups in /sys/fs/cgroup")
    folder, files = found
    group = folder / f"aleph-contract-{os.getpid()}-{next(_NUMBERS)}"
    quota = PERIOD_US * percent // 100
    try:
        group.mkdir()
        for name, text in files.items():
            _write(group / name, text.format(quota=quota, period=PERIOD_US))
    except OSError as error:
        if group.exists():
            group.rmdir()
        sys.exit(f"a CPU quota of {percent} % cannot be set (it needs root): {error}")
    return group


def _write(path: Path, text: str) -> None:
    with path.open("r+", encoding="ascii") as file:  # a file that a cgroup lacks cannot be created
        file.write(text)


def _remove(group: Path) -> None:
    """Remove a cgroup; the kernel refuses until its last process has been reaped."""
    for _ in range(50):
        with contextlib.suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.1)
    group.rmdir()


def exit_on_sigterm() -> None:
    """Let SIGTERM end the program as Ctrl-C does, so that blocks clean up."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
