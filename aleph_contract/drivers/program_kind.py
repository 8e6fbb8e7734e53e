"""Tell from a program's file whether a library can be loaded into it.

Example: the program of a Go client is linked statically, so `LD_PRELOAD` has no effect on it.
"""

from __future__ import annotations

import mmap
import os
import re
import shutil
import stat
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Scripts whose interpreter is a script, and so on: more is a circle.
_MAX_SCRIPTS = 5

#: Bytes of the smallest ELF header.
MIN_ELF = 52

#: Bytes that are searched at once.
_PIECE = 1 << 18

_PT_INTERP = 3
_IDENT = 16  # bytes of e_ident
_CLASS_64 = 2
_GO_MARK = b"\xff Go buildinf:"
_TCMALLOC_MARK = b"tcmalloc.per_cpu_caches_active"  # a property that a stripped program names too

#: Offsets in the ELF header by class: of e_phoff with its format, and of e_phentsize.
_LAYOUT = {1: (28, "I", 42), _CLASS_64: (32, "Q", 54)}


@dataclass(frozen=True, slots=True)
class Elf:
    """What the header of an ELF file says.

    Args:
        machine: Class and machine; a library loads only into a program with the same.
        loader: Path of the dynamic loader; empty in a static program and in a library.
    """

    machine: tuple[int, int]
    loader: str


def interpreter(program: str) -> Path | None:
    """The binary that runs a program: itself, or the one that its `#!` lines lead to.

    Returns:
        `None` if it is not found, or the `#!` lines run in a circle.
    """
    for _ in range(_MAX_SCRIPTS):
        found = shutil.which(program)
        if found is None:
            return None
        with Path(found).open("rb") as file:
            line = file.readline(256)
        if not line.startswith(b"#!"):
            return Path(found)
        program = _named(line[2:].decode(errors="replace").split())
    return None


def _named(words: Sequence[str]) -> str:
    """The program that a `#!` line names; of `/usr/bin/env -S node --flag` it is `node`."""
    if not words or Path(words[0]).name != "env":
        return words[0] if words else ""
    rest = (w for w in words[1:] if not w.startswith("-") and not re.match(r"\w+=", w))
    return next(rest, "")


def read_elf(path: Path) -> Elf | None:
    """The header of an ELF file; `None` if it is no such file."""
    if path.stat().st_size < MIN_ELF:
        return None  # an empty file cannot be mapped
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != b"\x7fELF" or data[4] not in _LAYOUT:
            return None
        order = "<" if data[5] == 1 else ">"
        offset_at, word, size_at = _LAYOUT[data[4]]
        (machine,) = struct.unpack_from(f"{order}H", data, _IDENT + 2)
        (table,) = struct.unpack_from(f"{order}{word}", data, offset_at)
        size, count = struct.unpack_from(f"{order}HH", data, size_at)
        for at in range(table, table + size * count, size):
            if struct.unpack_from(f"{order}I", data, at)[0] == _PT_INTERP:
                return Elf((data[4], machine), _loader(data, at, order, wide=word == "Q"))
        return Elf((data[4], machine), "")


def _loader(data: mmap.mmap, at: int, order: str, *, wide: bool) -> str:
    """The text that a program header of type PT_INTERP points to."""
    offset, size = (8, 32) if wide else (4, 16)  # of p_offset and p_filesz
    word = "Q" if wide else "I"
    (start,) = struct.unpack_from(f"{order}{word}", data, at + offset)
    (length,) = struct.unpack_from(f"{order}{word}", data, at + size)
    return data[start : start + length].rstrip(b"\0").decode(errors="replace")


def why_not_loadable(program: Path, library: Path) -> str:
    """Why `library` has no effect in `program`; empty if nothing speaks against it."""
    if sys.platform == "darwin":
        protected = str(program.resolve()).startswith(("/usr/bin/", "/bin/", "/sbin/", "/System/"))
        return f"macOS protects {program} from loaded libraries" if protected else ""
    if _has_privileges(program):
        return f"{program} runs with the rights of another user, and such programs load no library"
    elf, own = read_elf(program), read_elf(library)
    if elf is None:
        return f"{program} is not a program of this operating system"
    if not elf.loader:
        return f"{program} is a static binary, which loads no library"
    if own is not None and elf.machine != own.machine:
        return f"{program} is made for another processor than {library}"
    if "ld-musl" in elf.loader and not _is_musl(library):
        return f"{program} uses musl, and {library} is made for glibc"
    if _contains(program, _GO_MARK):
        return f"{program} is a Go program, which reads the clock without the C library"
    return why_it_hangs(program)


def why_it_hangs(program: Path) -> str:
    """Why a program would never start with libfaketime; empty if nothing speaks against it.

    Example: workerd. Its allocator calls `poll` to start, libfaketime (0.9.10) then calls the
    allocator, and that waits for its own start.
    """
    if _contains(program, _TCMALLOC_MARK):
        return f"{program} allocates memory with tcmalloc, and hangs at its start with libfaketime"
    return ""


def _has_privileges(program: Path) -> bool:
    if program.stat().st_mode & (stat.S_ISUID | stat.S_ISGID):
        return True
    try:
        return "security.capability" in os.listxattr(program)
    except OSError:
        return False


def _is_musl(library: Path) -> bool:
    return _contains(library, b"libc.musl")


def _contains(path: Path, text: bytes) -> bool:
    """Whether a file has some bytes in it.

    It reads in pieces: a search through all of a program of 100 MB would stop the other threads of
    this process, such as the fake, for 100 ms.
    """
    end = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            if text in end + piece:
                return True
            end = piece[1 - len(text) :]
    return False
