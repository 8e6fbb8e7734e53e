"""Whether processes are still running."""

from __future__ import annotations

import os
import subprocess
import time

from waiting import PATIENCE


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(
        ("ps", "-o", "stat=", "-p", str(pid)), capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


def gone(*pids: int) -> bool:
    """Wait up to half a minute; return whether all processes have ended.

    A test that uses it starts processes that would run longer.
    """
    until = time.monotonic() + PATIENCE / 2
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
