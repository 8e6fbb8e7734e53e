"""Programs that some tests need."""

from __future__ import annotations

import os
import shutil

from browser import absent


def needed(name: str) -> str:
    """The path of a program; without it, the test is skipped, or fails in CI."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")  # of servers
    if found is None:
        absent(f"{name} is not installed")
    return found
