"""Which processes used the CPU of this machine, so that the limit of a measurement is visible."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")

#: Share of the CPU that is idle at most while the CPU is the limit.
IDLE = 0.1


def tree(pid: int) -> list[int]:
    """A process and its descendants that run."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in tree(int(child)))]


def seconds_of(pid: int) -> float:
    """Seconds of CPU that a process, its descendants and its ended children have used.

    Of this process, only its own.
    """
    if pid == os.getpid():
        return time.process_time()
    used = 0
    for each in tree(pid):
        try:
            stat = Path(f"/proc/{each}/stat").read_text(encoding="utf-8")
        except OSError:  # it has ended meanwhile
            continue
        used += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return used / TICK


def _machine() -> tuple[float, float]:
    """Seconds of CPU that all programs have used, and that were idle."""
    line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    ticks = [int(word) for word in line.split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / TICK, idle / TICK


class CPUShares:
    """The CPU of groups of processes from now on.

    Args:
        groups: The ids of the processes of each group, by its name.
    """

    def __init__(self, **groups: Iterable[int]) -> None:
        self._pids = {name: list(pids) for name, pids in groups.items()}
        self._before = {pid: seconds_of(pid) for pids in self._pids.values() for pid in pids}
        self._ended: Counter[str] = Counter()
        self._machine = _machine()
        self._begun = time.perf_counter()

    def leave(self, group: str, pid: int) -> None:
        """Count a process no more; call it before it ends."""
        self._pids[group].remove(pid)
        self._ended[group] += seconds_of(pid) - self._before.get(pid, 0.0)

    def enter(self, group: str, pid: int) -> None:
        """Count a process that was started meanwhile."""
        self._pids[group].append(pid)

    def seconds(self) -> dict[str, float]:
        """Seconds of CPU of each group."""
        return {
            name: self._ended[name] + sum(seconds_of(p) - self._before.get(p, 0.0) for p in pids)
            for name, pids in self._pids.items()
        }

    def shares(self) -> dict[str, float]:
        """The share of each group, of other programs and of idleness in the CPU of all cores."""
        own = self.seconds()
        busy, idle = (now - before for now, before in zip(_machine(), self._machine, strict=True))
        rows = {**own, "other programs": busy - sum(own.values()), "idle": idle}
        return {name: part / (busy + idle) for name, part in rows.items()}

    def sentence(self) -> str:
        """The share of each group, and whether the CPU is the limit."""
        shares = self.shares()
        text = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        limited = shares["idle"] <= IDLE
        limit = "the CPU is the limit" if limited else "the CPU is not the limit"
        elapsed = time.perf_counter() - self._begun
        return f"CPU of {os.cpu_count()} cores in {elapsed:.1f} s: {text}; {limit}"
