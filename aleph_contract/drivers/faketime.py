"""Find libfaketime on this machine, and load it into a client's process by its environment.

The library is a package of the operating system; it is never shipped.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aleph_contract.core.clock import SPEED_VARIABLE
from aleph_contract.errors import CouldNotRun

#: Environment variable with the path of the library, if it is in none of the known places.
LIBRARY_VARIABLE = "ALEPH_CONTRACT_LIBFAKETIME"

#: Folder of the module that repairs timed waits of Python clients.
PYTHON_WAITS = Path(__file__).with_name("python_waits")

#: Prefix of the names of the library's semaphore and shared memory.
SHARED_PREFIX = "/faketime_"

#: Folder of shared memory on Linux.
SHARED_FOLDER = Path("/dev/shm")  # noqa: S108 - where shm_open(3) puts it


@dataclass(frozen=True, slots=True)
class Platform:
    """How one operating system loads the library.

    Args:
        preload: Environment variable that names the libraries to load, separated by a colon.
        names: File names of the library; the first that exists is used.
        folders: Globs over the folders where packages put it.
        install: What the user can do to get it.
        extra: Further environment variables.
    """

    preload: str
    names: tuple[str, ...]
    folders: tuple[str, ...]
    install: str
    extra: tuple[tuple[str, str], ...] = ()


#: The platforms by `sys.platform`. macOS is untested.
PLATFORMS: Mapping[str, Platform] = {
    "linux": Platform(
        "LD_PRELOAD",
        ("libfaketimeMT.so.1", "libfaketime.so.1"),  # the first is for threads
        (
            f"/usr/lib/{platform.machine()}-linux-gnu/faketime",  # Debian, Ubuntu
            "/usr/lib/*-linux-gnu/faketime",
            "/usr/lib64/faketime",  # Fedora
            "/usr/lib/faketime",  # Arch
            "/usr/local/lib/faketime",
            "/usr/lib",  # Alpine
        ),
        "`apt install libfaketime` (Fedora, Arch, Alpine: the package libfaketime)",
    ),
    "darwin": Platform(
        "DYLD_INSERT_LIBRARIES",
        ("libfaketime.1.dylib",),
        ("/opt/homebrew/lib/faketime", "/usr/local/lib/faketime"),
        "`brew install libfaketime`",
        (("DYLD_FORCE_FLAT_NAMESPACE", "1"),),
    ),
}


def this_platform() -> Platform:
    """The platform of this machine.

    Raises:
        CouldNotRun: It has no way to load a library into another program.
    """
    found = PLATFORMS.get(sys.platform)
    if found is None:
        raise CouldNotRun(
            f"--speed needs Linux or macOS: {sys.platform} cannot load libfaketime into a program"
        )
    return found


def find_library() -> Path:
    """The path of libfaketime.

    Raises:
        CouldNotRun: It is not installed; the message says how to install it.
    """
    here = this_platform()
    given = os.environ.get(LIBRARY_VARIABLE)
    candidates: Iterable[Path] = [Path(given)] if given else _candidates(here)
    found = next(filter(Path.is_file, candidates), None)
    if found is None:
        place = f" at {given}" if given else ""
        raise CouldNotRun(
            f"--speed needs libfaketime, which was not found{place}: {here.install}, or set "
            f"{LIBRARY_VARIABLE} to the path of {here.names[0]}"
        )
    return found


def environment(library: Path, speed: float, shared: str = "") -> dict[str, str]:
    """The environment variables that make a process and its children run on a faster clock.

    Args:
        library: Path of libfaketime.
        speed: Seconds of the process per second of the machine.
        shared: Names of the semaphore and the shared memory that hold the start of the clock, so
            that all processes have the same time; empty if the process shall create them.
    """
    here = this_platform()
    return {
        here.preload: _joined(str(library), os.environ.get(here.preload)),
        **dict(here.extra),
        "FAKETIME": f"+0 x{speed:.6g}",
        **({"FAKETIME_SHARED": shared} if shared else {}),
        # File times stay real: Python compares them with those in its compiled files.
        "NO_FAKE_STAT": "1",
        SPEED_VARIABLE: f"{speed:.6g}",
        "PYTHONPATH": _joined(str(PYTHON_WAITS), os.environ.get("PYTHONPATH")),
    }


def remove_shared(shared: str) -> None:
    """Delete the semaphore and the shared memory; the library leaves them behind (Linux)."""
    semaphore, _, memory = shared.partition(" ")
    for name, prefix in ((semaphore, "sem."), (memory, "")):
        if name.startswith(SHARED_PREFIX):
            (SHARED_FOLDER / f"{prefix}{name[1:]}").unlink(missing_ok=True)


def remove_stale() -> None:
    """Delete what processes left behind that have ended, such as after SIGKILL (Linux).

    A left semaphore makes the library fail in a later process with the same id.
    """
    for pattern in ("faketime_shm_*", "sem.faketime_sem_*"):
        for path in SHARED_FOLDER.glob(pattern):
            pid = path.name.rpartition("_")[2]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists() and _is_ours(path):
                path.unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.getuid()
    except OSError:
        return False


def _candidates(here: Platform) -> Iterator[Path]:
    root = Path("/")
    for name in here.names:
        for folder in here.folders:
            yield from (match / name for match in sorted(root.glob(folder[1:])))
    if shutil.which("ldconfig"):
        listing = subprocess.run(("ldconfig", "-p"), capture_output=True, text=True, check=False)
        paths = re.findall(r"=> (\S*/libfaketime\S*)", listing.stdout)
        yield from map(Path, sorted(paths, reverse=True))


def _joined(first: str, others: str | None) -> str:
    return f"{first}{os.pathsep}{others}" if others else first
