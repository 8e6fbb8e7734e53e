"""Which programs a library can be loaded into, told from their files."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from aleph_contract.drivers.program_kind import Elf, interpreter, read_elf, why_not_loadable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ELF is the format of Linux")

X86_64, ARM_64 = 62, 183


def elf(loader: str = "", *, machine: int = X86_64, wide: bool = True, tail: bytes = b"") -> bytes:
    """A file with an ELF header and, if there is a loader, one program header that names it."""
    head, entry = (64, 56) if wide else (52, 32)
    text = loader.encode() + b"\0" if loader else b""
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    start = head + entry
    if wide:
        rest = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, head, 0, 0, head, entry, 1, 0, 0, 0)
        kind = 3 if loader else 1
        table = struct.pack("<IIQQQQQQ", kind, 4, start, 0, 0, len(text), len(text), 1)
    else:
        rest = struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0, head, 0, 0, head, entry, 1, 0, 0, 0)
        kind = 3 if loader else 1
        table = struct.pack("<IIIIIIII", kind, start, 0, 0, len(text), len(text), 4, 1)
    return ident + rest + table + text + tail


GLIBC = "/lib64/ld-linux-x86-64.so.2"

#: A mark that begins in one piece that is searched, and ends in the next.
ACROSS = bytes((1 << 18) - len(elf(GLIBC)) - 5) + b"tcmalloc.per_cpu_caches_active"


def written(folder: Path, content: bytes, name: str = "program", mode: int = 0o755) -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("wide", [True, False])
def test_the_loader_is_read_from_the_header(tmp_path: Path, wide: bool) -> None:
    path = written(tmp_path, elf(GLIBC, wide=wide))
    assert read_elf(path) == Elf((2 if wide else 1, X86_64), GLIBC)


def test_this_interpreter_can_load_a_library(tmp_path: Path) -> None:
    own = Path(sys.executable)
    found = read_elf(own)
    assert found is not None
    library = written(tmp_path, elf(machine=found.machine[1]))
    assert why_not_loadable(own, library) == ""


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (elf(), 0o755, "static binary"),
        (elf("/lib/ld-musl-x86_64.so.1"), 0o755, "uses musl"),
        (elf(GLIBC, machine=ARM_64), 0o755, "made for another processor"),
        (elf(GLIBC, wide=False), 0o755, "made for another processor"),
        (elf(GLIBC, tail=b"\xff Go buildinf:"), 0o755, "Go program"),
        (elf(GLIBC, tail=b"tcmalloc.per_cpu_caches_active"), 0o755, "hangs at its start"),
        (elf(GLIBC, tail=ACROSS), 0o755, "hangs at its start"),
        (elf(GLIBC), 0o4755, "rights of another user"),
        (b"MZ" + bytes(200), 0o755, "not a program of this operating system"),
        (b"", 0o755, "not a program of this operating system"),
    ],
)
def test_a_program_that_loads_nothing_is_named_with_the_reason(
    tmp_path: Path, content: bytes, mode: int, reason: str
) -> None:
    library = written(tmp_path, elf(), "library.so")
    assert reason in why_not_loadable(written(tmp_path, content, mode=mode), library)


@pytest.mark.parametrize(
    "line",
    [
        "#!{0}/target",
        "#! {0}/target -x",
        "#!/usr/bin/env target",
        "#!/usr/bin/env -S A=1 target --flag",
        "#!{0}/script",
    ],
)
def test_a_script_is_followed_to_its_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    target = written(tmp_path, elf(GLIBC), "target")
    written(tmp_path, f"#!{target}\n".encode(), "script")
    start = written(tmp_path, f"{line.format(tmp_path)}\n".encode(), "start")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert interpreter(str(start)) == target


def test_scripts_in_a_circle_have_no_interpreter(tmp_path: Path) -> None:
    path = tmp_path / "circle"
    written(tmp_path, f"#!{path}\n".encode(), "circle")
    assert interpreter(str(path)) is None
    assert interpreter("no-such-program-at-all") is None
