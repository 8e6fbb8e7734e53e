"""Generated pages match the code, and every command of a page prints the page's output.

A fenced block marked `console` is a session. Each page gets one shell, in an empty directory, with
the installed command on the PATH. A line after `$ ` is a command; the lines below it are its
output, in which `...` matches any text. A command that ends in `&` runs in the background after its
first line of output. The tests replace port 8790 by a free port, and bound long commands as
`SHORTER` says. A block with a file name after its
language, such as ```python client.py, is written to that file.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from ports import free_port

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

#: Pages that contain sessions.
PAGES = sorted(
    page
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")]
    if page.exists() and "```console" in page.read_text()
)

_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "--- end of command"

#: Seconds that one command of a page may take.
PATIENCE = 120

#: The default port of `serve`.
PORT = "8790"

#: Text of a command, and text that makes it shorter without changing what the page shows.
SHORTER = {"mutate --jobs 1 --fail-under 90": "mutate --jobs 1 --fail-under 90 --max-mutants 6"}


@dataclass(frozen=True)
class Step:
    """One step of a page: write a file, or run a command."""

    page: Path
    line: int
    file: str | None
    text: str
    expected: str = ""


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _public_names() -> tuple[str, ...]:
    names: tuple[str, ...] = importlib.import_module("python_page").PUBLIC
    return names


@pytest.mark.parametrize("page", generator().PAGES)
def test_generated_pages_are_what_the_code_says(page: str) -> None:
    module = generator()
    written = (DOCS / "reference" / page).read_text()
    assert written == module._NOTE + module.PAGES[page](), "run python docs/generate.py"


def _private_paths(page: str) -> set[str]:
    """The dotted paths below our packages that a page names and a user cannot import."""
    public = set(_public_names())
    public |= {path.rpartition(".")[0] for path in public}  # such as `aleph_contract.strategies`
    named = set(re.findall(r"\b(?:aleph_contract|fake_server)(?:\.\w+)+", page))
    return named - public - {f"aleph_contract.{kept}" for kept in ("rules", "RULES", "errors")}


@pytest.mark.parametrize("page", sorted((DOCS / "reference").glob("*.md")), ids=lambda p: p.name)
def test_no_reference_page_names_a_private_path(page: Path) -> None:
    assert not _private_paths(page.read_text())


def test_a_private_path_on_a_page_is_found() -> None:
    page = "`aleph_contract.Contract`, see `aleph_contract.schema.regex` and fake_server.http.app."
    assert _private_paths(page) == {"aleph_contract.schema.regex", "fake_server.http.app"}


def test_every_public_name_of_the_roots_is_exported() -> None:
    for path in _public_names():
        root, name, *_ = path.split(".")
        if name != "pytest_plugin":  # the only public module that is imported by its own path
            assert name in importlib.import_module(root).__all__


def test_every_file_of_the_architecture_page_exists() -> None:
    page = (DOCS / "architecture.md").read_text()
    named = re.findall(r"`((?:aleph_contract|fake_server|fixtures|tests|docs)/[^`]*)`", page)
    assert len(named) > 80
    assert [path for path in named if not (ROOT / path).exists()] == []


_SAMPLE = re.compile(r"^```python.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS.rglob("*.md")], ids=str)
def test_samples_import_from_public_paths(page: Path) -> None:
    public = {"aleph_contract", "aleph_contract.pytest_plugin", "fake_server"}
    for sample in _SAMPLE.findall(page.read_text()):
        imported = re.findall(
            r"^(?:from|import) ((?:aleph_contract|fake_server)[\w.]*)", sample, re.MULTILINE
        )
        assert set(imported) <= public


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS.rglob("*.md")], ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_the_page_does_what_the_page_says(
    page: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = str(free_port())
    home = tmp_path_factory.mktemp("home")  # `mutate` refuses a suite if another test writes there
    steps = list(_steps(page, port))
    assert steps
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    with _Shell(tmp_path, port, home) as shell:
        for step in steps:
            if step.file is not None:
                (tmp_path / step.file).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / step.file).write_text(step.text)
                continue
            command = step.text
            for text, shorter in SHORTER.items():
                command = command.replace(text, shorter)
            printed = shell.type(command)
            assert re.fullmatch(_pattern(step.expected), printed), (
                f"{page.name}:{step.line}: $ {step.text}\n"
                f"--- the page says\n{step.expected}\n--- printed\n{printed}"
            )


def _steps(page: Path, port: str) -> Iterator[Step]:
    text = page.read_text().replace(PORT, port)
    for block in _FENCE.finditer(text):
        language, file, body = block.groups()
        line = text.count("\n", 0, block.start()) + 1
        if file is not None:
            yield Step(page, line, file, body)
        elif language == "console":
            yield from _commands(page, line, body)


def _commands(page: Path, line: int, body: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        lines = part.split("\n")
        count = next(n for n in range(1, len(lines) + 1) if _whole("\n".join(lines[:n])))
        yield Step(page, line, None, "\n".join(lines[:count]), "\n".join(lines[count:]).strip("\n"))


def _whole(command: str) -> bool:
    """Whether the text is a complete shell command, so that the shell waits for no further line."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.endswith("\\")


def _pattern(expected: str) -> str:
    return r"\s*" + re.escape(expected).replace(re.escape("..."), r"[\s\S]*?") + r"\s*"


class _Shell:
    """One shell per page, which keeps variables and background jobs."""

    def __init__(self, directory: Path, port: str, home: Path) -> None:
        self._directory = directory
        self._settings = {
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "ALEPH_CONTRACT_PORT": port,
            "HOME": str(home),
        }

    def __enter__(self) -> _Shell:
        paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
        self._process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=self._directory,
            env={**os.environ, **self._settings, "PATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self

    def type(self, command: str) -> str:
        """Run a command and return its output; a printed marker line ends it."""
        watch = threading.Timer(PATIENCE, os.killpg, (self._process.pid, signal.SIGKILL))
        watch.start()
        try:
            return self._type(command)
        finally:
            watch.cancel()

    def _type(self, command: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if command.endswith("&"):
            self._process.stdin.write(f"{command}\n")
            self._process.stdin.flush()
            return self._process.stdout.readline().rstrip("\n")
        keep = "status=$?"  # so that `$?` in the next command is the status of this one
        self._process.stdin.write(f"{command}\n{keep}; echo '{_END}'; (exit $status)\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.rstrip("\n").endswith(_END):
                return "".join([*lines, line.replace(_END, "").rstrip("\n")])
            lines.append(line)
        raise AssertionError(f"the shell ended in: {command}\n{''.join(lines)}")

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
