"""Find the token of a case in the names of files that the client left behind.

The working folder and the folder for temporary files are searched once, at the end: the token of a
case is random, so a name that holds it was made by the client. Files that were deleted, and files
in other folders, are not seen.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from aleph_contract.core.results import CaseResult, Finding, Level
from aleph_contract.drivers import REDACTED

RULE = "security.token-leak"

#: Bound on the names that are read in one folder and the folders in it, the nearest first.
MAX_NAMES = 5_000


def attribute_file_names(
    results: Sequence[CaseResult], tokens: Mapping[str, str], folders: Iterable[str] | None = None
) -> tuple[CaseResult, ...]:
    """Add a finding to each case whose token is in a file name.

    Args:
        results: The judged cases.
        tokens: Each token, and the name of the case that it was made for.
        folders: The folders to search; by default the working folder and that for temporary files.
    """
    searched = dict.fromkeys(
        (str(Path.cwd()), tempfile.gettempdir()) if folders is None else folders
    )
    shortest = min(map(len, tokens), default=0)
    found_names = (name for folder in searched for name in _names(folder))
    names = [name for name in found_names if len(name) >= shortest]
    text = "\n".join(names)  # one search for each token, not for each token and name
    found = {
        case: next(name for name in names if token in name).replace(token, REDACTED)
        for token, case in tokens.items()
        if token in text
    }
    return tuple(
        _leaking(result, found[result.name]) if result.name in found else result
        for result in results
    )


def _names(folder: str) -> Iterator[str]:
    """The names of files and folders below a folder, at most `MAX_NAMES`, the nearest first."""
    left, waiting = MAX_NAMES, deque([folder])
    while waiting and left > 0:
        with suppress(OSError), os.scandir(waiting.popleft()) as entries:
            for entry in entries:
                yield entry.name
                left -= 1
                if left <= 0:
                    return
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def _leaking(result: CaseResult, name: str) -> CaseResult:
    if not result.checked:
        return result
    level: Level = "advice" if result.phase == "profile" else "must"
    told = Finding(RULE, level, f"put the token into the name of a file or folder: {name}")
    return replace(
        result,
        status="failed" if level == "must" else result.status,
        findings=(*result.findings, told),
        checked=tuple(dict.fromkeys((*result.checked, RULE))),
    )
