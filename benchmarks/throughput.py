"""Measure the CPU time per request of the run endpoint, a bare uvicorn application and other tools.

    python benchmarks/throughput.py [--requests N] [--rounds N] [--peers] [--npm FOLDER] [--check]

One core runs the server and another the load: `CONNECTIONS` connections, bodies of `BODY` bytes,
every request different. The program compares CPU time, not requests per second, which vary by a
factor of three on a shared machine. The servers take turns in every round, so that other load on
the machine affects all of them, and the result is the median of the ratios per round. `--peers`
adds Python tools, and Prism, Mockoon and WireMock (which needs Java) if they are on the PATH
or installed in a folder:

    npm install --prefix FOLDER @stoplight/prism-cli @mockoon/cli wiremock

aimock on npm is not included: it serves only the routes of its own providers.

`--check` exits 1 if our CPU time is above `BAR` times that of the bare server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from contenders import CONTENDERS, OURS, PATH, PEERS, Contender

BAR = 1.6
CONNECTIONS = 16
BODY = 1600


def requests(count: int) -> list[bytes]:
    """`count` run requests, all valid and all different, of `BODY` bytes on average."""
    generator = random.Random(20260615)  # noqa: S311 - not for secrets
    return [_request(generator, number) for number in range(count)]


def _request(generator: random.Random, number: int) -> bytes:
    words = ["river", "neon", "grain", "slow", "crane", "fog", "amber", "street", "rain"]
    prompt = f"{number} " + " ".join(generator.choices(words, k=100))
    value: dict[str, object] = {
        "prompt": prompt[:900],
        "video_uri": "https://example.com/" + f"{generator.getrandbits(64):x}" * 10,
    }
    if number % 2:
        value["seed"] = generator.randrange(2**32)
    if number % 4 == 0:
        value["keyframes"] = [{"uri": "https://example.com/k.png", "seconds": number % 30}]
    if number % 8 == 0:
        value["duration"] = 5.5
    body: dict[str, object] = {"model": "runwayml/aleph-2", "input": value}
    short = BODY - len(json.dumps(body, ensure_ascii=False).encode())
    value["video_uri"] = f"{value['video_uri']}{'x' * max(short, 0)}"
    raw = json.dumps(body, ensure_ascii=False).encode()
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nAuthorization: Bearer benchmark-token\r\n"
        f"Content-Type: application/json\r\nAccept: */*\r\nUser-Agent: benchmark/1\r\n"
        f"Content-Length: {len(raw)}\r\n\r\n"
    ).encode() + raw


async def load(port: int, pool: Sequence[bytes], count: int) -> int:
    """Send `count` requests over `CONNECTIONS` connections; return the number of 200 responses."""
    left = iter(range(count))
    good = 0

    async def one() -> None:
        nonlocal good
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for index in left:
            writer.write(pool[index % len(pool)])
            head = await reader.readuntil(b"\r\n\r\n")
            good += head.startswith(b"HTTP/1.1 200")
            await _body(reader, head.lower())
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return good


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
    contenders: Sequence[Contender], count: int, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """User and system CPU microseconds per request of each contender, one pair per round."""
    pool = requests(min(count, 5000))
    run: Callable[..., int] = asyncio.run
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
                good = run(load(ports[name], pool, count))
                after = cpu(pid)
                if good != count:
                    print(f"{name}: only {good} of {count} answered 200", file=sys.stderr)
                if number:  # the first round warms up
                    user, system = (end - start for start, end in zip(before, after, strict=True))
                    seen[name].append((1e6 * user / count, 1e6 * system / count))
    return seen


def table(seen: dict[str, list[tuple[float, float]]]) -> tuple[str, float]:
    """The table of the medians, and the ratio of our CPU time to that of the bare server."""
    bare = next(iter(seen.values()))
    lines = [f"{'µs of CPU per request':<36}{'user':>8}{'ratio':>8}{'all':>8}{'ratio':>8}"]
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
    parser.add_argument("--check", action="store_true", help=f"exit 1 above {BAR}")
    options = parser.parse_args()
    contenders = CONTENDERS
    if options.npm is not None:
        folder = options.npm.resolve() / "node_modules" / ".bin"
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    if options.peers:
        contenders += tuple(peer for peer in PEERS if all(map(shutil.which, peer.programs)))
    text, ratio = table(measure(contenders, options.requests, options.rounds))
    print(text)
    return int(options.check and ratio > BAR)


if __name__ == "__main__":
    sys.exit(main())
