"""Compare a fake that serves 300 models with one that serves a single model.

    python benchmarks/many_models.py [--models 300] [--requests 5000] [--rounds 7] [--check]

The entries are copies of those in `fixtures/catalog` and `fixtures/contracts` under other model
ids. Both fakes answer the same runs of runwayml/aleph-2, in turns, and the program prints: the time
from process start to the first answer and the CPU time until then; the memory after all runs, and
after a call of every model; the median over the rounds of the ratio of their CPU time per run.
`--check` exits 1 if a bar is missed; it compares CPU time, because load on the machine does not
change it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bodies import BODIES, requests
from soak import memory
from start import ACCOUNT, _cpu, _run
from throughput import load

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "aleph_contract/contract/entries/runwayml__aleph-2.json"

#: Bars: seconds to the first answer, kB of memory, deviation of the CPU time per run.
SECONDS, KILOBYTES, DEVIATION = 1.0, 200 * 1024, 0.1


class Fake(NamedTuple):
    """A running fake: its process, its port, seconds to the first answer, CPU seconds until it."""

    pid: int
    port: int
    seconds: float
    cpu: float


def write_entries(folder: Path, count: int) -> None:
    """Write entries of both formats, each with a model id of its own, and the shipped one."""
    sources = [*ROOT.glob("fixtures/catalog/*.json"), *ROOT.glob("fixtures/contracts/*.json")]
    sources.sort()
    (folder / SHIPPED.name).write_bytes(SHIPPED.read_bytes())
    for number in range(count - 1):
        entry = json.loads(sources[number % len(sources)].read_bytes())
        member = "model_id" if "model_id" in entry else "name"
        entry[member] += f"-{number}"
        (folder / f"{number}.json").write_text(json.dumps(entry))


@contextlib.contextmanager
def serving(contract: Path) -> Iterator[Fake]:
    """Run a fake."""
    command = [sys.executable, "-m", "aleph_contract", "serve", "--port", "0"]
    started = time.perf_counter()
    with subprocess.Popen(
        [*command, "--contract", str(contract)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            address = json.loads(process.stdout.readline())["binding_address"]
            _run(address)
            seconds = time.perf_counter() - started
            port = int(address.rpartition(":")[2])
            yield Fake(process.pid, port, seconds, _cpu(process.pid))
        finally:
            process.terminate()


def rounds(fakes: dict[str, Fake], count: int, number: int) -> list[dict[str, float]]:
    """CPU microseconds per run of each fake, for each round; the first round warms up."""
    kind = BODIES["plain"]
    pool = requests(kind, min(count, 5000))
    found = []
    for index in range(number + 1):
        order = list(fakes) if index % 2 else list(reversed(fakes))
        spent = {}
        for name in order:
            before = _cpu(fakes[name].pid)
            statuses = asyncio.run(load(fakes[name].port, pool, count))
            assert set(statuses) == {b"200"}, statuses
            spent[name] = 1e6 * (_cpu(fakes[name].pid) - before) / count
        found.append(spent)
    return found[1:]


def call_each(fake: Fake, folder: Path) -> None:
    """Call every model once, with an empty input: the fake checks an entry on its first call."""
    connection = http.client.HTTPConnection("127.0.0.1", fake.port, timeout=60)
    for path in folder.iterdir():
        entry = json.loads(path.read_bytes())
        body = {"model": entry["model_id"], "input": {}} if "model_id" in entry else {}
        model = "" if "model_id" in entry else f"/{entry['name']}"
        headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
        target = f"/client/v4/accounts/{ACCOUNT}/ai/run{model}"
        connection.request("POST", target, json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 400), (path, answer.status)
    connection.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--requests", type=int, default=5_000, help="per fake and round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        write_entries(Path(name), options.models)
        many = f"{options.models} models"
        fakes = {many: stack.enter_context(serving(Path(name)))}
        fakes["one model"] = stack.enter_context(serving(SHIPPED))
        spent = rounds(fakes, options.requests, options.rounds)
        called = memory(fakes[many].pid)
        call_each(fakes[many], Path(name))
        kilobytes = memory(fakes[many].pid)
    for label, fake in fakes.items():
        median = statistics.median(each[label] for each in spent)
        print(
            f"{label:>12}: first answer after {fake.seconds:.2f} s ({fake.cpu:.2f} s of CPU), "
            f"{median:.0f} µs of CPU per run"
        )
    ratios = sorted(each[many] / each["one model"] for each in spent)
    ratio = statistics.median(ratios)
    print(
        f"memory with {many}: {called / 1024:.0f} MB with one model called, "
        f"{kilobytes / 1024:.0f} MB with each called (bar {KILOBYTES // 1024})"
    )
    print(
        f"CPU per run, {many} to one: {ratio:.3f}, rounds {ratios[0]:.3f} to {ratios[-1]:.3f} "
        f"(bar 1 ± {DEVIATION})"
    )
    kept = fakes[many].cpu < SECONDS and kilobytes < KILOBYTES and abs(ratio - 1) <= DEVIATION
    return int(options.check and not kept)


if __name__ == "__main__":
    sys.exit(main())
