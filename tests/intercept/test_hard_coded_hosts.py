"""`exec --intercept`: programs with the host of the real service in them reach the fake, unchanged.

Where the machine allows it, each program runs in a network namespace that has only a loopback
device, so a byte to any other address fails the test.
"""

from __future__ import annotations

import functools
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import absent
from workers_node import find_node

from aleph_contract.contract import Contract

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
SAMPLES = sorted((ROOT / "fixtures/documentation").glob("*.sh"))

#: Runs a command in a network namespace of its own, with its loopback device up.
ISOLATED = ("unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")

#: The programs that `.ci/run` installs.
INSTALLED_BY_CI = {"curl", "go", "java", "node"}

#: Seconds for one program; a JVM on a busy machine needs many.
PATIENCE = 100.0


@functools.cache
def isolation() -> tuple[str, ...]:
    """`ISOLATED` if this machine allows it, else no words."""
    if not shutil.which("unshare"):
        return ()
    done = subprocess.run([*ISOLATED, "true"], capture_output=True, check=False)
    return ISOLATED if done.returncode == 0 else ()


def judged(command: list[str | Path], folder: Path) -> dict[str, Any]:
    """The report on a command that ran under `exec --intercept`."""
    report = folder / "report.json"
    words = [sys.executable, "-m", "aleph_contract", "exec", "--intercept"]
    done = subprocess.run(
        [*isolation(), *words, "--report", f"json:{report}", "--", *command],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def exchanges(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [exchange for case in report["cases"] for exchange in case["exchanges"]]


def program(name: str) -> str:
    """Path of a program; without it the test is skipped, or fails in CI if CI installs it."""
    found = shutil.which(name)
    if found is None:
        missing = absent if name in INSTALLED_BY_CI else pytest.skip
        missing(f"{name} is not installed")
    return found


def node_with_packages() -> str:
    """Node, if the official SDK is installed too."""
    if not (ROOT / "fixtures/node_modules/cloudflare").is_dir():
        absent("the Node packages are not installed (npm ci --prefix fixtures)")
    return program("node")


#: Runtimes that are looked for in other places than on the PATH. The newer Node reads proxy
#: variables itself.
RUNTIMES: dict[str, Callable[[], str]] = {
    "newer-node": lambda: str(find_node()),
    "node-with-packages": node_with_packages,
}


def test_this_machine_isolates_the_programs() -> None:
    if not isolation():
        pytest.skip("this machine allows no network namespace: bytes to other hosts go unnoticed")
    reach = "import socket; socket.create_connection(('192.0.2.1', 443), 1)"
    done = subprocess.run(
        [*ISOLATED, sys.executable, "-c", reach], capture_output=True, text=True, check=False
    )
    assert "Network is unreachable" in done.stderr


def test_the_curl_samples_of_the_page_run_as_they_stand(tmp_path: Path) -> None:
    program("curl")
    script = "\n".join(path.read_text() for path in SAMPLES)
    sent = exchanges(judged(["sh", "-ec", script], tmp_path))
    inputs = [json.loads(exchange["request_body"]["text"])["input"] for exchange in sent]
    assert inputs == [example.input for example in Contract.load().examples]
    assert {exchange["host"] for exchange in sent} == {"api.cloudflare.com"}
    assert all(exchange["billed"] for exchange in sent)


@pytest.mark.parametrize(
    ("runtime", "sources", "runs"),
    [
        (sys.executable, ["sdk.py", "standard.py"], 3),
        ("node-with-packages", ["sdk.mjs", "node.mjs"], 3),
        ("newer-node", ["node.mjs"], 2),
        ("java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC", ["Run.java"], 1),  # starts faster
        ("go run", ["run.go"], 1),
    ],
    ids=["python", "node", "newer-node", "java", "go"],
)
def test_programs_are_judged_and_billed(
    runtime: str, sources: list[str], runs: int, tmp_path: Path
) -> None:
    first, *words = runtime.split()
    found = RUNTIMES[first]() if first in RUNTIMES else program(first)
    command = shlex.join([found, *words])
    script = "\n".join(f"{command} {PROGRAMS / source}" for source in sources)
    report = judged(["sh", "-ec", script], tmp_path)
    sent = exchanges(report)
    assert [(e["host"], e["outcome"]) for e in sent] == [("api.cloudflare.com", "completed")] * runs
    assert [e["cost_usd"] for e in sent] == ["1.680"] * runs
    assert not [case for case in report["cases"] if case["findings"]]
