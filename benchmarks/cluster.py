"""Measure three fakes behind nginx with one journal in PostgreSQL, beside one fake.

    pip install -e '.[benchmarks,postgresql]'
    python benchmarks/cluster.py [--users N] [--seconds N]

Locust makes the load; nginx runs with `docs/deploy/nginx.conf`; PostgreSQL runs in a folder of its
own. The table shows runs per second, response times, and CPU per run of the fakes and of the
database. The load and all servers share this machine. The line below each row says which processes
used the CPU, and whether it is the limit: then compare the CPU per run, not the runs per second.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

from cpu_shares import CPUShares  # noqa: E402 - in the folder of this script
from postgresql_server import PostgreSQLServer  # noqa: E402 - found by the path above


@dataclass(frozen=True)
class Setup:
    """A name, the options of each fake, and the number of fakes behind nginx; 0: one without."""

    name: str
    options: tuple[str, ...]
    behind_nginx: int = 0


def setups(url: str) -> tuple[Setup, ...]:
    """What is compared; `url` is that of an empty database."""
    shared = ("--journal", url)
    return (
        Setup("one fake, journal in memory", ()),
        Setup("one fake, PostgreSQL, sync", shared),
        Setup("one fake, PostgreSQL, async", (*shared, "--durability", "async")),
        Setup("two behind nginx, sync", shared, behind_nginx=2),
        Setup("three behind nginx, sync", shared, behind_nginx=3),
        Setup("three behind nginx, async", (*shared, "--durability", "async"), behind_nginx=3),
    )


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextlib.contextmanager
def fake(options: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Run one fake; yields its process id and port."""
    words = [sys.executable, "-m", "aleph_contract", "serve", "--port", "0", *options]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield process.pid, int(ready["binding_address"].rpartition(":")[2])
        finally:
            process.terminate()


@contextlib.contextmanager
def balancer(ports: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Run nginx with the documented configuration in front of fakes; yields process id and port."""
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if nginx is None:
        raise SystemExit("nginx is not installed")
    port = free_port()
    text = (ROOT / "docs/deploy/nginx.conf").read_text()
    text = text.replace("listen 8790", f"listen 127.0.0.1:{port}")
    for number, each in enumerate(ports, 1):
        text = text.replace(f"fake-{number}:8790", f"127.0.0.1:{each}")
    text = re.sub(r".*fake-\d:8790.*\n", "", text)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        own = "".join(f"{place}_temp_path {folder}/{place};" for place in places)
        config.write_text(f"pid {folder}/pid;" + text.replace("http {", f"http {{ {own}"))
        words = [nginx, "-p", folder, "-e", "stderr", "-c", str(config), "-g", "daemon off;"]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
            try:
                time.sleep(0.5)
                yield process.pid, port
            finally:
                process.terminate()


@contextlib.contextmanager
def load(port: int, users: int, seconds: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run Locust; yields its process, and the table that it has written when it ends."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "locust", "-f", str(ROOT / "benchmarks/cluster_load.py")]
        words += ["--headless", "-u", str(users), "-r", str(users), "-t", f"{seconds}s"]
        words += ["--host", f"http://127.0.0.1:{port}", "--csv", f"{folder}/run", "--only-summary"]
        nothing = subprocess.DEVNULL
        with subprocess.Popen(words, stdout=nothing, stderr=nothing) as process:
            try:
                yield process, Path(folder) / "run_stats.csv"
            finally:
                process.kill()


def measure(
    setup: Setup, server: PostgreSQLServer, users: int, seconds: int
) -> tuple[list[str], str]:
    """One row of the table, and the sentence about the CPU."""
    with contextlib.ExitStack() as stack:
        count = max(setup.behind_nginx, 1)
        fakes = [stack.enter_context(fake(setup.options)) for _ in range(count)]
        pids, ports = [pid for pid, _ in fakes], [port for _, port in fakes]
        nginx, port = [], ports[0]
        if setup.behind_nginx:
            balanced, port = stack.enter_context(balancer(ports))
            nginx = [balanced]
        locust, table = stack.enter_context(load(port, users, seconds))
        shares = CPUShares(
            load=[locust.pid], nginx=nginx, fakes=pids, database=server.processes()[:1]
        )
        deadline = time.monotonic() + seconds + 60
        while os.waitid(os.P_PID, locust.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                raise SystemExit("Locust does not end")
            time.sleep(0.05)
        used, sentence = shares.seconds(), shares.sentence()
        with table.open(newline="") as lines:
            row = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    runs = max(int(row["Request Count"]), 1)
    return [
        f"{float(row['Requests/s']):8.0f}",
        f"{float(row['50%']):6.0f}",
        f"{float(row['99%']):6.0f}",
        f"{1e6 * used['fakes'] / runs:8.0f}",
        f"{1e6 * used['database'] / runs:8.0f}",
        f"{row['Failure Count']:>6}",
    ], sentence


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    head = ("runs/s", "p50 ms", "p99 ms", "µs/run", "µs/run DB", "failed")
    print(f"{'':<32}" + "  ".join(f"{name:>9}" for name in head))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        place = Path(folder) / "database"
        place.mkdir()
        server = PostgreSQLServer(place)
        server.start()
        try:
            for setup in setups(server.create_database()):
                row, sentence = measure(setup, server, options.users, options.seconds)
                print(f"{setup.name:<32}" + "  ".join(f"{cell:>9}" for cell in row))
                print(f"    {sentence}", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
