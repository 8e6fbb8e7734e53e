"""Measure the time from process start to the first response of the run endpoint, and the memory.

    python benchmarks/start.py [--rounds 10] [--check]

Each round starts `aleph-contract serve` and makes one run. Before the first round one start is not
counted: it compiles the modules, as an installation does. The program prints the medians of the
wall-clock time and of the fake's CPU time until the response. `--check` compares the CPU time with
the bar, because load on the machine does not change it, and exits 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from soak import memory

#: Seconds to the first response, kB of memory after it.
SECONDS = 0.3
KILOBYTES = 80 * 1024

ACCOUNT = "0123456789abcdef" * 2


def measure() -> tuple[float, float, float, int]:
    """Seconds until ready and until the first response, CPU seconds until then, kB of memory."""
    command = [sys.executable, "-m", "aleph_contract", "serve", "--port", "0"]
    started = time.perf_counter()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            address = json.loads(process.stdout.readline())["binding_address"]
            ready = time.perf_counter() - started
            _run(address)
            answered = time.perf_counter() - started
            return ready, answered, _cpu(process.pid), memory(process.pid)
        finally:
            process.terminate()


def _cpu(pid: int) -> float:
    """CPU seconds of a process so far, in user and in kernel mode (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _run(address: str) -> None:
    body = {
        "model": "runwayml/aleph-2",
        "input": {"prompt": "golden hour", "video_uri": "https://example.com/a.mp4"},
    }
    connection = http.client.HTTPConnection(address)
    connection.request(
        "POST",
        f"/client/v4/accounts/{ACCOUNT}/ai/run",
        json.dumps(body),
        {"Authorization": "Bearer t", "Content-Type": "application/json"},
    )
    response = connection.getresponse()
    assert json.loads(response.read())["state"] == "Completed"
    connection.close()


def main() -> int:
    """Run the rounds and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    measure()
    measured = [measure() for _ in range(options.rounds)]
    readies, answers, cpus, memories = zip(*measured, strict=True)
    kilobytes = max(memories)
    print(f"{options.rounds} starts, median (best to worst)")
    print(f"  ready line:   {_spread(readies)}")
    print(f"  first answer: {_spread(answers)}; the bar is {SECONDS} s")
    print(f"  CPU till it:  {_spread(cpus)}")
    print(f"  memory:       {kilobytes / 1024:.1f} MB; the bar is {KILOBYTES / 1024:.0f} MB")
    missed = statistics.median(cpus) > SECONDS or kilobytes > KILOBYTES
    return 1 if options.check and missed else 0


def _spread(seconds: tuple[float, ...]) -> str:
    return f"{statistics.median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f})"


if __name__ == "__main__":
    sys.exit(main())
