"""Which files a suite leaves outside its temporary folder.

A test that writes such a file can change the outcome of the next one: a client that keeps its last
reply on disk hides every mutant of the reply. The watch compares names, sizes and times before and
after the suite, so it sees the files of every program that the suite starts.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from aleph_contract.core.escaping import one_line, pluralise, truncate
from aleph_contract.errors import CouldNotRun

#: Names of files and folders that test runners and interpreters keep for themselves, and of reports
#: that runners write without being told where.
CACHES = re.compile(
    r"__pycache__|node_modules|coverage|htmlcov|\.(git|hg|venv|tox|nox|hypothesis|benchmarks|vite"
    r"|vitest|nyc_output|coverage\b.*|[a-z]+_cache|cache)|.*\.pyc|lcov\.info|coverage\..*"
    r"|(junit|TEST-).*\.xml|test-results|playwright-report"
)

#: Folders, below the home folder, in which a suite makes no new entry.
_HOME_FOLDERS = ("", ".config")

#: Entries of them that package managers, build tools and shells make at their first start.
_OF_TOOLS = re.compile(
    r"go|configstore|\.(config|local|npm|yarn|bun|deno|cargo|gradle|m2|wrangler|keras|matplotlib)"
    r"|\.(.*history|lesshst|viminfo.*|zcompdump.*|Xauthority.*|wget-hsts)"
)

#: The name of an option that names a folder that the suite writes to.
_OUTPUT = re.compile("temp|tmp|out|report|result|junit|html|coverage", re.IGNORECASE)

#: Most files that are compared; a folder with more is not watched.
MAX_FILES = 20_000

#: Characters of a name in the message.
_MAX_NAME = 200

#: Seconds that git may take.
_GIT_SECONDS = 20

#: Size and time of change, in nanoseconds; `None` for a file that has gone.
_Facts = tuple[int, int] | None


class WrittenFiles:
    """Compares the files around a suite before and after its runs.

    - In a git working tree: every file that is tracked or not ignored. A suite may write what git
      ignores.
    - Elsewhere: every file below the working directory.
    - New entries in the home folder and its `.config`.
    - Not: `CACHES`, and a report whose path is an argument of the command.

    Args:
        command: The command of the suite.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._root = Path.cwd()
        self._outputs = set(_named(self._root, command))
        self._in_git = _listed_by_git(self._root) is not None
        self._before = self._files()
        self._home = self._home_entries()

    def check(self) -> None:
        """Compare the files with those at the start.

        Raises:
            CouldNotRun: A file was written, and is no cache and no report.
        """
        written = [*self._written(), *sorted(self._home_entries() - self._home)]
        if not written:
            return
        first, *others = written
        more = f" and {pluralise(len(others), 'other file')}" if others else ""
        ignored = ", name the file in .gitignore" if self._in_git else ""
        raise CouldNotRun(
            f"the suite writes {truncate(one_line(first), _MAX_NAME)}{more} outside its temporary "
            "folder, so that one mutant could change the outcome of the next; write below TMPDIR "
            f"(`tmp_path` in pytest){ignored}, or pass --allow-writes"
        )

    def _written(self) -> Iterator[str]:
        """The changed files, in order of their names."""
        after = self._files()
        if self._before is None or after is None:
            return
        for path in sorted({*self._before, *after}):
            if self._before.get(path) != after.get(path) and not self._is_output(path):
                yield os.path.relpath(path, self._root)

    def _is_output(self, path: Path) -> bool:
        return any(path == output or output in path.parents for output in self._outputs)

    def _files(self) -> dict[Path, _Facts] | None:
        """The files and their facts; `None` if there are more than `MAX_FILES`."""
        listed = _listed_by_git(self._root) if self._in_git else None
        found = list(_walked(self._root)) if listed is None else listed
        return None if len(found) > MAX_FILES else {path: _facts(path) for path in found}

    def _home_entries(self) -> set[str]:
        home = Path(os.environ.get("HOME", os.devnull))
        within = home.resolve() == self._root.resolve()  # then `_files` sees them
        folders = () if within else _HOME_FOLDERS
        return {
            str(Path("~", name, entry))
            for name in folders
            for entry in _entries(home / name)
            if not CACHES.fullmatch(entry) and not _OF_TOOLS.fullmatch(entry)
        }


def _named(root: Path, command: Sequence[str]) -> Iterator[Path]:
    """The paths that arguments name and the suite makes, as in `--cov-report=html:out`.

    A folder that exists is one only by the name of its option: `--basetemp out`, but not `tests`.
    """
    for before, word in pairwise(("", *command)):
        option = word.partition("=")[0] if "=" in word else before
        makes_folder = option.startswith("-") and _OUTPUT.search(option) is not None
        for part in filter(None, {word, *re.split("[=:]", word)}):
            path = Path(os.path.normpath(root / part))
            if makes_folder or not path.is_dir():
                yield path


def _listed_by_git(root: Path) -> list[Path] | None:
    """The files that differ from the last commit; `None` outside a working tree."""
    if _git(root, "check-ignore", "--quiet", ".") is not None:
        return None
    top = _git(root, "rev-parse", "--show-toplevel")
    status = _git(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    if top is None or status is None:
        return None
    folder = Path(top.rstrip("\n"))
    paths = (folder / line[3:] for line in status.split("\0") if line)
    return [path for path in paths if not _is_cache(path.relative_to(folder))]


def _git(root: Path, *arguments: str) -> str | None:
    """The output of git; `None` if it fails, or is not installed."""
    command = ("git", "--no-optional-locks", *arguments)
    try:
        done = subprocess.run(
            command, cwd=root, capture_output=True, timeout=_GIT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout)


def _walked(root: Path) -> Iterator[Path]:
    """The files below a folder, one more than `MAX_FILES` at most."""
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not CACHES.fullmatch(name))
        for name in files:
            if not CACHES.fullmatch(name):
                count += 1
                yield Path(folder, name)
            if count > MAX_FILES:
                return


def _is_cache(path: Path) -> bool:
    return any(CACHES.fullmatch(part) for part in path.parts)


def _facts(path: Path) -> _Facts:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _entries(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []
