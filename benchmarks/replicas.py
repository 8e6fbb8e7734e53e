"""Replicas with one journal in PostgreSQL under load, while one is killed and one is started.

    python benchmarks/replicas.py [--runs 100000] [--connections 256] [--replicas 3]
                                  [--durability sync|async] [--quiet]

The runs are mixed: a tenth has invalid input, a tenth gets a fault, and half of the accounts run
out of credits. At a third of the runs one replica is killed with SIGKILL, and another is started.
Then it checks that every answered run is in the journal once, that no account is overdrawn, and
that the verdict is the same on each replica; it exits with an error if not. It prints the runs per
second, and the CPU time per run of the replicas and of PostgreSQL. With `--quiet` no replica is
killed. `tests/journal/test_replicas.py` runs the same with fewer runs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/support"))

from postgresql_server import postgresql_server
from replica_checks import check, create_accounts
from replica_load import Answers, Replica, load, replicas

ACCOUNTS = 40


def cpu(processes: Iterable[int]) -> float:
    """Seconds of CPU time that processes have used."""
    total = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / 100


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--durability", default="sync")
    parser.add_argument("--quiet", action="store_true")
    given = parser.parse_args()
    with (
        postgresql_server() as server,
        tempfile.TemporaryFile() as log,
        replicas(
            given.replicas,
            url := server.create_database(),
            log,
            "--durability",
            given.durability,
        ) as every,
    ):
        faults = given.runs // ACCOUNTS // 10
        accounts, answers = create_accounts(every[0], ACCOUNTS, faults), Answers()

        async def scenario() -> None:
            running = asyncio.ensure_future(
                load(every, accounts, answers, runs=given.runs, connections=given.connections)
            )
            if not given.quiet:
                await answers.until(lambda: len(answers.statuses) >= given.runs // 3)
                every[1].kill()
                every[1] = await asyncio.to_thread(Replica, url, log)
            await running

        begun, used = time.perf_counter(), cpu(server.processes())
        before = cpu(replica.process.pid for replica in every)
        asyncio.run(scenario())
        seconds = time.perf_counter() - begun
        runs = len(answers.statuses)
        print(f"{runs} runs answered, {answers.lost} without an answer, in {seconds:.1f} s")
        print(f"{runs / seconds:.0f} runs/s; statuses: {dict(Counter(answers.statuses.values()))}")
        if given.quiet:
            own = cpu(replica.process.pid for replica in every) - before
            print(f"CPU per run: replicas {own / runs * 1e6:.0f} µs", end=", ")
            print(f"PostgreSQL {(cpu(server.processes()) - used) / runs * 1e6:.0f} µs")
        time.sleep(3)  # another replica ends the exchanges that the lost one was answering
        check(every, accounts, answers)
        print("every answered run is recorded once, no account is overdrawn, the verdict is one")


if __name__ == "__main__":
    main()
