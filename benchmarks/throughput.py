"""Measure the CPU time per request of the run endpoint, a bare uvicorn application and other tools.

    python benchmarks/throughput.py [--requests N] [--rounds N] [--body KIND]... [--peers]
                                    [--npm FOLDER] [--check]

One core runs the server and another the load: `CONNECTIONS` connections, every request different.
`bodies.py` holds the kinds of bodies, from a plain prompt to a data URI of 5 MB; each kind has its
own table. The program compares CPU time, not requests per second, which vary by a factor of three
on a shared machine. The servers take turns in every round, so that other load on the machine
affects all of them, and the result is the median of the ratios per round. `--peers` adds Python
tools, and Prism, Mockoon and WireMock (which needs Java) if they are on the PATH or installed in a
folder:

    npm install --prefix FOLDER @stoplight/prism-cli @mockoon/cli wiremock

aimock on npm is not included: it serves only the routes of its own providers.

`--check` exits 1 if our CPU time for a kind is above its bar, a multiple of the bare server's.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bodies import BODIES, Body, requests
from contenders import CONTENDERS, OURS, PEERS, Contender

CONNECTIONS = 16
BARE_NAME = CONTENDERS[0].name


async def load(port: int, pool: Sequence[bytes], count: int) -> collections.Counter[bytes]:
    """Send `count` requests over `CONNECTIONS` connections; return how many have each status."""
    left = iter(range(count))
    seen: collections.Counter[bytes] = collections.Counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for index in left:
            writer.write(pool[index % len(pool)])
            head = await reader.readuntil(b"\r\n\r\n")
            seen[head[9:12]] += 1
            await _body(reader, head.lower())
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return seen


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"content-length: " in head:
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
    else:
        await reader.readuntil(b"0\r\n\r\n")


def cpu(pid: int) -> tuple[float, float]:
    """User and system CPU seconds of a process and its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    tick = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / tick, int(fields[12]) / tick


@contextlib.contextmanager
def serving(contender: Contender, port: int) -> Iterator[int]:
    """Run a contender on the first core of this machine; yields its process id."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            contender.command(port, Path(folder)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
            _await_port(process, port)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    import socket

    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"{process.args!r} does not listen")


def measure(
    contenders: Sequence[Contender], kind: Body, count: int, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """User and system CPU microseconds per request of each contender, one pair per round."""
    count = max(count // kind.weight, CONNECTIONS)
    pool = requests(kind, min(count, 5000 // kind.weight + 1))
    run: Callable[..., collections.Counter[bytes]] = asyncio.run
    with contextlib.suppress(ImportError):
        import uvloop

        run = uvloop.run
    seen: dict[str, list[tuple[float, float]]] = {c.name: [] for c in contenders}
    with contextlib.ExitStack() as stack:
        ports = {c.name: 20480 + os.getpid() % 9000 + i for i, c in enumerate(contenders)}
        pids = {c.name: stack.enter_context(serving(c, ports[c.name])) for c in contenders}
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        for number in range(rounds + 1):
            for name, pid in pids.items():
                before = cpu(pid)
                statuses = run(load(ports[name], pool, count))
                after = cpu(pid)
                if name != BARE_NAME and set(statuses) != {kind.status}:
                    print(f"{name}, {kind.name}: statuses {dict(statuses)}", file=sys.stderr)
                if number:  # the first round warms up
                    user, system = (end - start for start, end in zip(before, after, strict=True))
                    seen[name].append((1e6 * user / count, 1e6 * system / count))
    return seen


def table(title: str, seen: dict[str, list[tuple[float, float]]]) -> tuple[str, float]:
    """The table of the medians, and the ratio of our CPU time to that of the bare server."""
    bare = next(iter(seen.values()))
    lines = [f"{title:<36}{'user':>8}{'ratio':>8}{'all':>8}{'ratio':>8}"]
    ratios = {}
    for name, pairs in seen.items():
        columns = []
        for kind in (lambda pair: pair[0], sum):
            times, bases = [kind(pair) for pair in pairs], [kind(pair) for pair in bare]
            ratio = statistics.median(time / base for time, base in zip(times, bases, strict=True))
            columns.append(f"{statistics.median(times):>8.1f}{ratio:>8.2f}")
        ratios[name] = ratio
        lines.append(f"{name:<36}{''.join(columns)}")
    return "\n".join(lines), ratios[OURS.name]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000, help="per server and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="measure other servers too")
    parser.add_argument("--npm", type=Path, help="folder where npm installed some of them")
    parser.add_argument("--body", action="append", choices=tuple(BODIES), help="default: all kinds")
    parser.add_argument("--check", action="store_true", help="exit 1 above a bar")
    options = parser.parse_args()
    contenders = CONTENDERS
    if options.npm is not None:
        folder = options.npm.resolve() / "node_modules" / ".bin"
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    if options.peers:
        contenders += tuple(peer for peer in PEERS if all(map(shutil.which, peer.programs)))
    print(
        "µs of CPU per request: user, and user with system; each beside its ratio to the first line"
    )
    late = False
    for name in options.body or BODIES:
        kind = BODIES[name]
        seen = measure(contenders, kind, options.requests, options.rounds)
        text, ratio = table(f"{name} (at most {kind.bar})", seen)
        print(f"\n{text}", flush=True)
        late = late or ratio > kind.bar
    return int(options.check and late)


if __name__ == "__main__":
    sys.exit(main())
