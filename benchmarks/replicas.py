"""Three replicas behind nginx with one journal in PostgreSQL; one is killed, one restarted.

    python benchmarks/replicas.py [--runs 100000] [--connections 256] [--durability sync|async]
                                  [--quiet]

The runs are mixed: a tenth has invalid input, a tenth gets a fault, and half of the accounts run
out of credits. At a third of the runs one replica is killed with SIGKILL and started again, and at
two thirds another one is stopped with SIGTERM and started again; not with `--quiet`. Then it checks
that every answered run is in the journal once, that no account is overdrawn, and that the verdict
is the same on each replica; it exits with an error if not. It prints the runs per second, the CPU
time per run, and which processes used the CPU. A run that nginx answers with its own 502, because
the replica was lost, counts as one without an answer. `tests/journal/test_replicas.py` runs the
same with fewer runs and without nginx.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/support"))

from cluster_processes import balancer
from cpu_shares import CPUShares
from postgresql_server import postgresql_server
from replica_checks import check, create_accounts
from replica_load import Answers, Replica, load, replicas

ACCOUNTS = 40

#: Accounts whose verdicts are compared: to judge 2,500 exchanges takes seconds.
JUDGED = 4


@dataclass(frozen=True)
class Balancer:
    """The place that the load calls."""

    address: tuple[str, int]


@dataclass(frozen=True)
class Restarts:
    """Restarts replicas, each on its own port."""

    every: list[Replica]
    url: str
    log: IO[bytes]
    options: tuple[str, ...]
    shares: CPUShares

    def restart(self, number: int, *, kill: bool) -> None:
        """End one with SIGKILL or SIGTERM, and start it again."""
        old = self.every[number]
        self.shares.leave("replicas", old.process.pid)
        if kill:
            old.kill()
        else:
            old.process.terminate()
            old.process.communicate()
        port = str(old.address[1])
        new = self.every[number] = Replica(self.url, self.log, *self.options, "--port", port)
        self.shares.enter("replicas", new.process.pid)


async def make_runs(
    place: Balancer,
    accounts: list[tuple[str, str]],
    answers: Answers,
    given: argparse.Namespace,
    restarts: Restarts,
) -> None:
    """Make the runs, and restart replicas meanwhile."""
    making = asyncio.ensure_future(
        load([place], accounts, answers, runs=given.runs, connections=given.connections)
    )
    if not given.quiet:
        for part, kill in ((1, True), (2, False)):
            await answers.until(lambda part=part: len(answers.statuses) >= given.runs * part // 3)
            await asyncio.to_thread(restarts.restart, part, kill=kill)
    await making


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--durability", default="sync")
    parser.add_argument("--quiet", action="store_true")
    given = parser.parse_args()
    options = ("--durability", given.durability, "--drain", "5")
    with (
        postgresql_server() as server,
        tempfile.TemporaryFile() as log,
        replicas(3, url := server.create_database(), log, *options) as every,
        balancer([replica.address[1] for replica in every]) as (nginx, port),
    ):
        accounts = create_accounts(every[0], ACCOUNTS, given.runs // ACCOUNTS // 10)
        answers, begun = Answers(), time.perf_counter()
        shares = CPUShares(
            load=[os.getpid()],
            nginx=[nginx],
            replicas=[replica.process.pid for replica in every],
            PostgreSQL=server.processes()[:1],
        )
        restarts = Restarts(every, url, log, options, shares)
        place = Balancer(("127.0.0.1", port))
        asyncio.run(make_runs(place, accounts, answers, given, restarts))
        seconds, runs = time.perf_counter() - begun, len(answers.statuses)
        used, sentence = shares.seconds(), shares.sentence()
        print(f"{runs} runs answered, {answers.lost} without an answer, in {seconds:.1f} s")
        print(f"{runs / seconds:.0f} runs/s; statuses: {dict(Counter(answers.statuses.values()))}")
        print("CPU per run:", ", ".join(f"{n} {s / runs * 1e6:.0f} µs" for n, s in used.items()))
        print(sentence, flush=True)
        time.sleep(3)  # another replica ends the exchanges that the lost one was answering
        check(every, accounts, answers, judged=JUDGED)
        print("every answered run is recorded once, no account is overdrawn, the verdict is one")


if __name__ == "__main__":
    main()
