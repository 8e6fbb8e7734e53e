"""Measure fakes behind nginx with one journal in PostgreSQL, beside one fake.

    pip install -e '.[benchmarks,postgresql]'
    python benchmarks/cluster.py [--users N] [--accounts N] [--seconds N] [--rounds N]
                                 [--cpu-per-fake PERCENT]

Locust makes the load; nginx runs with `docs/deploy/nginx.conf`; PostgreSQL runs in a folder of its
own. The table shows runs per second, response times, and CPU per run of the fakes and of the
database. The load and all servers share this machine. The line below each row says which processes
used the CPU, and whether it is the limit: then compare the CPU per run, not the runs per second.

With `--cpu-per-fake 15`, as root on Linux, each fake may use 15 % of one core, so that the fakes
are the limit, and not the machine. The table then compares one, two and three fakes, all behind
nginx, and shows the runs per second as a multiple of those of one fake. The line below each row
shows the CPU of each process in percent of one core. With `--rounds`, each round measures every row
once, and the table shows the round with the median of runs per second.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

from cluster_processes import balancer, fake, load  # noqa: E402 - in the folder of this script
from cpu_quota import cpu_quota, exit_on_sigterm  # noqa: E402
from cpu_shares import CPUShares  # noqa: E402
from postgresql_server import PostgreSQLServer, postgresql_server  # noqa: E402 - by the path above

ASYNC = ("--durability", "async")


@dataclass(frozen=True)
class Setup:
    """A name, the options of each fake, and the number of fakes behind nginx; 0: one without."""

    name: str
    options: tuple[str, ...]
    behind_nginx: int = 0


@dataclass(frozen=True)
class Row:
    """What was measured of a setup: see the columns; and the CPU of each process."""

    rate: float
    p50: float
    p99: float
    fakes_us: float
    database_us: float
    failed: int
    sentence: str


def setups(url: str) -> tuple[Setup, ...]:
    """What is compared; `url` is that of an empty database."""
    shared = ("--journal", url)
    return (
        Setup("one fake, journal in memory", ()),
        Setup("one fake, PostgreSQL, sync", shared),
        Setup("one fake, PostgreSQL, async", (*shared, *ASYNC)),
        Setup("two behind nginx, sync", shared, behind_nginx=2),
        Setup("three behind nginx, sync", shared, behind_nginx=3),
        Setup("three behind nginx, async", (*shared, *ASYNC), behind_nginx=3),
    )


def scaling(url: str) -> tuple[Setup, ...]:
    """One, two and three fakes behind nginx, for each durability."""
    return tuple(
        Setup(f"{count} behind nginx, {kind}", ("--journal", url, *options), number)
        for kind, options in (("sync", ()), ("async", ASYNC))
        for number, count in enumerate(("one", "two", "three"), 1)
    )


def measure(setup: Setup, server: PostgreSQLServer, options: argparse.Namespace) -> Row:
    """Measure a setup once."""
    quota = options.cpu_per_fake
    with contextlib.ExitStack() as stack:
        fakes = [
            stack.enter_context(limited_fake(setup.options, quota))
            for _ in range(max(setup.behind_nginx, 1))
        ]
        nginx, port = [], fakes[0][1]
        if setup.behind_nginx:
            balanced, port = stack.enter_context(balancer([port for _, port in fakes]))
            nginx = [balanced]
        locust, table = stack.enter_context(
            load(port, options.users, options.accounts, options.seconds)
        )
        shares = CPUShares(
            load=[locust.pid],
            nginx=nginx,
            database=server.processes()[:1],
            **{f"fake {number}": [pid] for number, (pid, _) in enumerate(fakes, 1)},
        )
        wait(locust.pid, options.seconds + 60)
        used = shares.seconds()
        sentence = quota_sentence(shares, quota) if quota else shares.sentence()
        with table.open(newline="") as lines:
            row = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    runs = max(int(row["Request Count"]), 1)
    of_fakes = sum(seconds for name, seconds in used.items() if name.startswith("fake"))
    return Row(
        rate=float(row["Requests/s"]),
        p50=float(row["50%"]),
        p99=float(row["99%"]),
        fakes_us=1e6 * of_fakes / runs,
        database_us=1e6 * used["database"] / runs,
        failed=int(row["Failure Count"]),
        sentence=sentence,
    )


@contextlib.contextmanager
def limited_fake(options: Sequence[str], quota: int) -> Iterator[tuple[int, int]]:
    """Run one fake, limited to `quota` percent of one core from its start on; 0: not limited."""
    if not quota:
        with fake(options) as started:
            yield started
        return
    with cpu_quota(quota) as limit, fake(options) as (pid, port):
        limit(pid)
        yield pid, port


def wait(pid: int, seconds: float) -> None:
    """Wait until a child has ended; do not reap it, so that its CPU can still be read."""
    deadline = time.monotonic() + seconds
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > deadline:
            sys.exit("Locust does not end")
        time.sleep(0.05)


def quota_sentence(shares: CPUShares, quota: int) -> str:
    """The CPU of each process in percent of one core, beside the quota."""
    cores = os.cpu_count() or 1
    parts = {name: 100 * cores * share for name, share in shares.shares().items()}
    text = ", ".join(
        f"{name} {part:.1f}" + (f" of {quota}" if name.startswith("fake") else "")
        for name, part in parts.items()
    )
    return f"percent of one core: {text}"


def line(setup: Setup, rows: Sequence[Row], one: Row | None) -> str:
    """The lines of a setup: the round with the median rate, and the rates of all rounds."""
    row = median(rows)
    cells = [f"{row.rate:.0f}", f"{row.rate / one.rate:.2f}" if one else "", f"{row.p50:.0f}"]
    cells += [f"{row.p99:.0f}", f"{row.fakes_us:.0f}", f"{row.database_us:.0f}", str(row.failed)]
    text = f"{setup.name:<32}" + "  ".join(f"{cell:>9}" for cell in cells)
    rounds = ", ".join(f"{each.rate:.0f}" for each in rows)
    return f"{text}\n    {row.sentence}\n    runs/s of each round: {rounds}"


def median(rows: Sequence[Row]) -> Row:
    """The round with the median rate."""
    return sorted(rows, key=lambda row: row.rate)[len(rows) // 2]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--accounts", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cpu-per-fake", type=int, default=0, metavar="PERCENT")
    options = parser.parse_args()
    exit_on_sigterm()
    head = ("runs/s", "to one", "p50 ms", "p99 ms", "µs/run", "µs/run DB", "failed")
    with postgresql_server() as server:
        url = server.create_database()
        compared = scaling(url) if options.cpu_per_fake else setups(url)
        rows: dict[Setup, list[Row]] = {setup: [] for setup in compared}
        for number in range(options.rounds):
            for setup in compared:
                print(f"round {number + 1}: {setup.name}", file=sys.stderr, flush=True)
                rows[setup].append(measure(setup, server, options))
    print(f"{'':<32}" + "  ".join(f"{name:>9}" for name in head))
    one = None
    for setup in compared:
        if setup.behind_nginx == 1:
            one = median(rows[setup])
        print(line(setup, rows[setup], one))


if __name__ == "__main__":
    main()
