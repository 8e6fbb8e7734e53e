"""Replicas as processes, and a load of mixed runs on them that remembers every answer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from calling import INPUT, body

SERVE = [sys.executable, "-m", "aleph_contract", "serve", "--port", "0"]


class Replica:
    """One `serve` process; its standard error goes to the file `log`.

    Args:
        url: The URL of the database.
        log: The file.
        options: Further options of `serve`.
    """

    def __init__(self, url: str, log: Any, *options: str) -> None:
        command = [*SERVE, "--journal", url, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        assert self.process.stdout is not None
        self.ready: dict[str, str] = json.loads(self.process.stdout.readline())
        self.origin = self.ready["base_url"].removesuffix("/client/v4")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.ready["binding_address"].rpartition(":")
        return host, int(port)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self.process.kill()
        self.process.communicate()


class Addressed(Protocol):
    """A place to send runs to."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""


@contextmanager
def replicas(count: int, url: str, log: Any, *options: str) -> Iterator[list[Replica]]:
    """Some replicas, which are killed afterwards."""
    started = [Replica(url, log, *options) for _ in range(count)]
    try:
        yield started
    finally:
        for replica in started:
            replica.kill()


@dataclass
class Answers:
    """What the clients got.

    Args:
        statuses: Status by the prompt of the run, for each run that was answered in full.
        lost: Runs without an answer.
    """

    statuses: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, prompt: str, status: int) -> None:
        """Remember an answer."""
        self.statuses[prompt] = status
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on the answers holds."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()


async def load(
    replicas: Sequence[Addressed],
    accounts: Sequence[tuple[str, str]],
    answers: Answers,
    *,
    runs: int,
    connections: int,
    name: str = "run",
) -> None:
    """Make runs over keep-alive connections; after a lost connection, on another replica.

    Args:
        replicas: The replicas, or a load balancer; the list may change meanwhile.
        accounts: Id and token of the accounts.
        answers: Gets the answers.
        runs: How many.
        connections: How many connections at a time.
        name: Begins their prompts.
    """
    left = iter(range(runs))

    async def client(first: int) -> None:
        at, connection = first, None
        for number in left:
            account, token = accounts[number % len(accounts)]
            prompt = f"{name} {number}."
            try:
                if connection is None:
                    connection = await asyncio.open_connection(
                        *replicas[at % len(replicas)].address
                    )
                status = await _run(connection, account, token, prompt, invalid=number % 10 == 3)
            except (OSError, asyncio.IncompleteReadError):
                answers.lost += 1
                if connection is not None:
                    connection[1].close()
                at, connection = at + 1, None
                await asyncio.sleep(0.01)
                continue
            answers.add(prompt, status)
        if connection is not None:
            connection[1].close()

    await asyncio.gather(*map(client, range(connections)))


async def _run(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    account: str,
    token: str,
    prompt: str,
    *,
    invalid: bool,
) -> int:
    reader, writer = connection
    raw = body({**INPUT, "prompt": prompt, **({"seed": -1} if invalid else {})})
    writer.write(
        f"POST /client/v4/accounts/{account}/ai/run HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(raw)}\r\n\r\n".encode()
        + raw
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    content = await reader.readexactly(length)
    if b"<center>nginx" in content:  # no replica has answered
        raise ConnectionResetError
    return int(head.split()[1])
