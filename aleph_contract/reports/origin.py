"""When a report was written, and the commit of the client that it is about."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from aleph_contract.core.results import Verification

#: Seconds that git may take; in a large repository the search for changes takes longer.
GIT_TIMEOUT = 2.0

#: The modes whose client is in the working folder.
_LOCAL = ("verify", "exec")


def stamped(verification: Verification) -> Verification:
    """The verification with the date, and with the commit if its client is in a git repository."""
    commit = commit_of(Path.cwd()) if verification.mode in _LOCAL else ""
    now = datetime.now().astimezone()
    return replace(verification, written_at=now.strftime("%Y-%m-%d %H:%M %z"), commit=commit)


def commit_of(folder: Path) -> str:
    """The commit of a folder, with `-dirty` after local changes; empty if git does not name one.

    git reads the repository and writes nothing.
    """
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            timeout=GIT_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("ascii", "replace").strip()
