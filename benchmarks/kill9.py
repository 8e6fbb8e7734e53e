"""Kill the fake under load: every answered run must be in its journal.

    python benchmarks/kill9.py [--rounds 20] [--connections 32]

Each round starts a fake on the same SQLite journal, puts load on it, and kills it with SIGKILL at a
random moment. Then it checks the file: SQLite reports no damage, every run whose response a client
has read completely is in the journal once, and the numbers of the account have no duplicate and no
gap at an answered run. Exits 1 if a check fails.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path

from soak import http, served

from aleph_contract.contract import Contract

ACCOUNT = "0123456789abcdef" * 2


class Client:
    """A connection that makes runs until it breaks, and stores the responses."""

    def __init__(self, port: int, name: str, answered: list[str]) -> None:
        self._port = port
        self._name = name
        self._answered = answered
        self._model = Contract.load().model

    async def run(self) -> None:
        """Make one run after another."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        number = 0
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                number += 1
                mark = f"{self._name}-{number}"
                value = {"prompt": mark, "video_uri": "https://example.com/a.mp4"}
                body = json.dumps({"model": self._model, "input": value}).encode()
                writer.write(http(ACCOUNT, "t", body))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                answer = await reader.readexactly(length)
                assert b'"Completed"' in answer, answer
                self._answered.append(mark)
        writer.close()


async def load(port: int, pid: int, name: str, connections: int, seconds: float) -> list[str]:
    """Put load on a fake, kill it, and return the runs that it answered."""
    answered: list[str] = []
    clients = [Client(port, f"{name}-{index}", answered) for index in range(connections)]
    running = asyncio.gather(*(client.run() for client in clients))
    await asyncio.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    await running
    return answered


def faults_of(path: Path, answered: list[str]) -> list[str]:
    """The defects of a journal that must hold every answered run."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        rows = connection.execute("SELECT number, request_body, status FROM exchange").fetchall()
    found = Counter(json.loads(body)["input"]["prompt"] for _, body, _ in rows)
    missing = [mark for mark in answered if mark not in found]
    doubled = [mark for mark, count in found.items() if count > 1]
    return [
        *([] if sound == "ok" else [f"the file is not sound: {sound}"]),
        *(f"{mark} was answered and is missing" for mark in missing),
        *(f"{mark} is there more than once" for mark in doubled),
        *(f"exchange {number} has status {status}" for number, _, status in rows if status != 200),  # noqa: PLR2004
    ]


def main() -> int:
    """Run the rounds and print their results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    lot = random.Random(0)  # noqa: S311 - not for secrets
    answered: list[str] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        for number in range(options.rounds):
            with served("--journal", f"sqlite:{path}") as (port, pid):
                seconds = lot.uniform(0.2, 0.8)
                answered += asyncio.run(load(port, pid, str(number), options.connections, seconds))
            wrong += faults_of(path, answered)
        size = path.stat().st_size
    print(f"{options.rounds} rounds, {options.connections} connections")
    print(f"  answered before a kill: {len(answered)}")
    print(f"  wrong:                  {len(wrong)}")
    print(f"  journal:                {size // 1024} kB")
    for line in wrong[:20]:
        print(f"    {line}")
    return 0 if answered and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
