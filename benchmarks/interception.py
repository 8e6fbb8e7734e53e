"""Measure the CPU time of a run through the interceptor beside that of a direct run.

    python benchmarks/interception.py [--requests N] [--connections N] [--rounds N]

One process is the fake with its interceptor, this one is the client. The rows are runs on
`CONNECTIONS` open connections, direct over HTTP and intercepted over TLS, and intercepted
runs with a new connection each: CONNECT, TLS handshake, one run. Printed is the CPU time of the
process of the fake per run, user and system, the median of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import ssl
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import urlsplit

from bodies import BODIES, requests
from throughput import cpu

HOST = "api.cloudflare.com"
CONNECTIONS = 16

FAKE = """
import json, sys
from fake_server.intercept import intercepting
from fake_server.server import running
with running() as server, intercepting(server) as found:
    names = "HTTPS_PROXY", "SSL_CERT_FILE"
    print(json.dumps([server.origin, *(found.environment[name] for name in names)]), flush=True)
    sys.stdin.read()
"""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]


@contextlib.contextmanager
def fake() -> Iterator[tuple[int, str, str, str]]:
    """The fake in a process of its own: process id, its origin, the proxy, the CA bundle."""
    with subprocess.Popen(
        [sys.executable, "-c", FAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.pid, *json.loads(process.stdout.readline())
        process.stdin.close()


def direct(origin: str) -> Connect:
    """Open a connection to the fake."""
    address = urlsplit(origin)
    return lambda: asyncio.open_connection(address.hostname, address.port)


def intercepted(proxy: str, bundle: str) -> Connect:
    """Open a connection to `HOST` through the interceptor."""
    address = urlsplit(proxy)
    context = ssl.create_default_context(cafile=bundle)

    async def connect() -> Connection:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await writer.start_tls(context, server_hostname=HOST)  # Python 3.11
        return reader, writer

    return connect


async def load(connect: Connect, pool: list[bytes], connections: int) -> None:
    """Send every request of `pool` over a number of connections, one at a time on each."""
    left = iter(pool)

    async def one() -> None:
        reader, writer = await connect()
        for request in left:
            writer.write(request)
            await read_reply(reader)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))


async def load_anew(connect: Connect, pool: list[bytes], connections: int) -> None:
    """The same, with a new connection for each request."""
    left = iter(pool)

    async def one() -> None:
        for request in left:
            reader, writer = await connect()
            writer.write(request)
            await read_reply(reader)
            writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))


async def read_reply(reader: asyncio.StreamReader) -> None:
    """Read a reply and check that the run completed."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=5000, help="per row and round")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    pool = requests(BODIES["plain"], options.requests)
    spent: dict[str, list[float]] = {}
    with fake() as (pid, origin, proxy, bundle):
        rows = {
            "direct, HTTP": (load, direct(origin), pool),
            "intercepted, TLS": (load, intercepted(proxy, bundle), pool),
            "intercepted, new connection": (load_anew, intercepted(proxy, bundle), pool[:500]),
        }
        for number in range(options.rounds + 1):
            for name, (run, connect, sent) in rows.items():
                before = sum(cpu(pid))
                asyncio.run(run(connect, sent, options.connections))
                if number:  # the first round warms up
                    spent.setdefault(name, []).append(1e6 * (sum(cpu(pid)) - before) / len(sent))
    base = statistics.median(spent["direct, HTTP"])
    print(f"{'µs of CPU per run':<30}{'median':>8}{'ratio':>8}")
    for name, times in spent.items():
        median = statistics.median(times)
        print(f"{name:<30}{median:>8.1f}{median / base:>8.2f}")


if __name__ == "__main__":
    main()
