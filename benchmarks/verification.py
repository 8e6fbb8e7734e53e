"""Measure what a user waits for: commands, a whole verification, one case, a client in Node.

    python benchmarks/verification.py [--rounds 5] [--check]

Each round runs every row once, one after the other. The bare loop makes as many calls as a
verification does, with the same client, against a uvicorn application that returns a constant: its
CPU time is the unit of the last column. A row that needs Node is left out, with a note, where there
is none. `--check` exits 1 if the median of a row exceeds its bar.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cluster_processes import free_port
from contenders import BARE

ROOT = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-m", "aleph_contract")
VERIFY = (*PROGRAM, "verify", "client")
CLIENT = ("--python", "fixtures/clients/urllib_client.py:run")

LOOP = """
import sys, threading, time
sys.path.insert(0, "fixtures/clients")
import urllib_client, uvicorn
{bare}
server = uvicorn.Server(uvicorn.Config(app, port={port}, log_config=None, access_log=False))
thread = threading.Thread(target=server.run)
thread.start()
try:
    while not server.started:
        time.sleep(0.01)
    for number in range({calls}):
        found = urllib_client.run(
            {{"prompt": str(number), "video_uri": "https://example.com/a.mp4"}},
            base_url="http://127.0.0.1:{port}/client/v4", account_id="0" * 32, api_token="t" * 40,
        )
        assert found.startswith("https://"), found
finally:
    server.should_exit = True
    thread.join()
"""


class Row(NamedTuple):
    """A command, and the most seconds of wall-clock time that it may take."""

    name: str
    command: Sequence[str]
    bar: float | None = None


class Run(NamedTuple):
    """Seconds of wall-clock time and of CPU time."""

    wall: float
    cpu: float


def _loop(calls: int) -> Sequence[str]:
    code = LOOP.format(bare=BARE.format(), port=free_port(), calls=calls)
    return (sys.executable, "-c", code)


def _calls() -> int:
    """The calls of a default verification."""
    command = (*VERIFY, *CLIENT, "--json")
    report = json.loads(subprocess.check_output(command, cwd=ROOT, stderr=subprocess.DEVNULL))
    return int(report["traffic"]["calls"])


def rows() -> list[Row]:
    """The rows of the table, the bare loop first."""
    calls = _calls()
    found = [
        Row(f"bare loop of {calls} calls", _loop(calls)),
        Row("import aleph_contract", (sys.executable, "-c", "import aleph_contract")),
        Row("aleph-contract --help", (*PROGRAM, "--help")),
        Row("default verification", (*VERIFY, *CLIENT), 4.0),
        Row("one named case", (*VERIFY, *CLIENT, "--run", "example/simple-video-edit"), 1.0),
    ]
    if node := shutil.which("node"):
        command = (*VERIFY, "--stdio", "--", node, "fixtures/clients/fetch.mjs")
        found.append(Row("Node over stdio", command, 5.0))
    else:
        print("Node over stdio: left out, because this machine has no node")
    return found


def run(row: Row) -> Run:
    """Run a command; the process must end with code 0."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(row.command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu)


def main() -> int:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    table = rows()
    for row in table:
        run(row)  # not counted: it compiles the modules, as an installation does
    rounds = [[run(row) for row in table] for _ in range(options.rounds)]
    measured = [*zip(*rounds, strict=True)]
    unit = statistics.median(each.cpu for each in measured[0])
    print(f"{options.rounds} rounds, median (best to worst) of wall-clock time; CPU time")
    missed = False
    for row, runs in zip(table, measured, strict=True):
        walls, cpu = [each.wall for each in runs], statistics.median(each.cpu for each in runs)
        wall = statistics.median(walls)
        spread = f"{wall:5.2f} s ({min(walls):.2f} to {max(walls):.2f})"
        bar = f"; the bar is {row.bar:g} s" if row.bar else ""
        print(f"  {row.name:26} {spread}  CPU {cpu:5.2f} s = {cpu / unit:4.1f} bare loops{bar}")
        missed = missed or (row.bar is not None and wall > row.bar)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
