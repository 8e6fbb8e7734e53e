"""Measure the inspector: first paint, delay until an exchange shows, throughput with an open tab.

    python benchmarks/inspector.py [--check]

Needs Chromium. Paint and delay are wall-clock times measured in the page. Throughput is CPU time
per request of the server process, with a tab open and without, in alternating rounds, so that other
load on the machine affects both. On few cores the browser competes with the server for processor
and cache. To separate the two, a third measurement reads the page's event stream without a browser.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browser import Browser, running_browser  # the browser driver of the tests
from throughput import OURS, PATH, cpu, load, requests, serving

#: The bars: seconds, seconds, and the share of the throughput that may be lost.
PAINT, VISIBLE, LOST = 0.5, 0.3, 0.05

#: Exchanges in the journal at the first paint.
FULL = 10_000

_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime / 1000"
_SEEN = """new Promise((resolve) => {
  const number = %d;
  const look = () => document.querySelector(`#rows li[id$="-${number}"]`)
    ? requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()))
    : setTimeout(look, 4);
  look();
})"""
_FRAMES = """window.longest = 0; window.last = performance.now();
(function frame(now) { longest = Math.max(longest, now - last); last = now;
  requestAnimationFrame(frame); })(last);"""


def paint(browser: Browser, port: int, times: int = 5) -> float:
    """Seconds until the first paint, the median."""
    seen = []
    for _ in range(times):
        with browser.tab() as tab:
            tab.open(f"http://127.0.0.1:{port}/__aleph__/")
            seen.append(float(tab.wait(_PAINTED)))
    return statistics.median(seen)


def visible(browser: Browser, port: int, number: int, times: int = 20) -> list[float]:
    """Seconds from a response to the frame that shows its exchange.

    Args:
        browser: The browser in which the page is open.
        port: Port of the fake.
        number: Number of the account's next exchange.
        times: Number of measurements.
    """
    seen = []
    with browser.tab() as tab:
        tab.open(f"http://127.0.0.1:{port}/__aleph__/")
        tab.wait("document.querySelector('#live.on')")
        for offset in range(times):
            answered = _call(port)
            shown = tab.ask(_SEEN % (number + offset)) / 1000
            seen.append(max(0.0, shown - answered))
    return seen


def _call(port: int) -> float:
    """Make a run, and return the time of its response."""
    body = {"model": "runwayml/aleph-2", "input": {"prompt": "a", "video_uri": "https://e.com/v"}}
    headers = {"authorization": "Bearer b", "content-type": "application/json"}
    url = f"http://127.0.0.1:{port}{PATH}"
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own server
        answer.read()
    return time.time()


def burdened(
    browser: Browser, port: int, pid: int, count: int, rounds: int
) -> tuple[float, float, float]:
    """CPU microseconds per request: alone, with a reader of the event stream, with a tab open."""
    pool = requests(2000)
    alone, read, watched = [], [], []

    def once() -> float:
        before = sum(cpu(pid))
        asyncio.run(load(port, pool, count))
        return 1e6 * (sum(cpu(pid)) - before) / count

    once()
    for _ in range(rounds):
        alone.append(once())
        with reading(port):
            read.append(once())
        with browser.tab() as tab:
            tab.open(f"http://127.0.0.1:{port}/__aleph__/")
            tab.wait("document.querySelector('#live.on')")
            tab.wait("!document.querySelector('#coverage').innerText.includes('counting')", 120)
            watched.append(once())
        time.sleep(0.5)
    return statistics.median(alone), statistics.median(read), statistics.median(watched)


@contextlib.contextmanager
def reading(port: int) -> Iterator[None]:
    """Read the event stream of the page without a browser."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"GET /__aleph__/inspector/live HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
        )
        reader = threading.Thread(target=lambda: [*iter(lambda: connection.recv(65536), b"")])
        reader.start()
        time.sleep(1)  # the page counts the constraints in this time
        yield
        connection.shutdown(socket.SHUT_RDWR)
        reader.join()


def stutter(browser: Browser, port: int, count: int) -> float:
    """Seconds of the longest frame while `count` exchanges arrive."""
    with browser.tab() as tab:
        tab.open(f"http://127.0.0.1:{port}/__aleph__/")
        tab.wait("document.querySelector('#live.on')")
        tab.ask(_FRAMES)
        asyncio.run(load(port, requests(500), count))
        tab.wait("document.querySelector('#rows li')")
        return float(tab.ask("longest")) / 1000


def rows(
    browser: Browser, port: int, pid: int, count: int, rounds: int
) -> Iterator[tuple[str, str, str, bool]]:
    """Take all measurements in turn."""
    first = paint(browser, port, 1)
    yield "first paint, nothing yet, fresh fake", f"{first:.3f} s", "", True
    empty = paint(browser, port)
    yield "first paint, nothing yet", f"{empty:.3f} s", f"< {PAINT} s", empty < PAINT
    delays = visible(browser, port, 1)
    worst = max(delays)
    middle = statistics.median(delays)
    yield "exchange visible after its answer, median", f"{middle:.3f} s", "", True
    yield "the slowest of 20", f"{worst:.3f} s", f"< {VISIBLE} s", worst < VISIBLE
    longest = stutter(browser, port, FULL)
    yield f"longest frame while {FULL:,} arrive", f"{longest:.3f} s", "", True
    full = paint(browser, port)
    yield f"first paint, {FULL:,} exchanges", f"{full:.3f} s", f"< {PAINT} s", full < PAINT
    alone, read, watched = burdened(browser, port, pid, count, rounds)
    lost = max(0.0, 1 - alone / watched)
    yield "CPU per run, no tab open", f"{alone:.1f} µs", "", True
    yield "CPU per run, its stream read", f"{read:.1f} µs", "", True
    yield "CPU per run, a tab open", f"{watched:.1f} µs", "", True
    yield "throughput lost", f"{lost:.1%}", f"< {LOST:.0%}", lost < LOST


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000, help="per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
    options = parser.parse_args()
    kept = True
    with (
        running_browser() as browser,
        serving(OURS, port := 20480 + int(time.time()) % 9000) as pid,
    ):
        for what, measured, bar, good in rows(browser, port, pid, options.requests, options.rounds):
            print(f"{what:<46}{measured:>12}   {bar:<10}{'' if good else 'MISSED'}", flush=True)
            kept = kept and good
    return int(options.check and not kept)


if __name__ == "__main__":
    sys.exit(main())
