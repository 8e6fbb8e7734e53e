"""Put a long mixed load on the fake: every request is answered as scripted and recorded once.

    python benchmarks/soak.py [--requests 100000] [--connections 256] [--journal memory]

Each connection is a client with its own account. Nine of ten requests are valid, refused or
malformed runs; the tenth requests any fault of the fake's table, including those that cut or hang
the connection. Every request carries a mark. After every few requests, a client reads the journal
of its account through the control API and checks it: every request is there once, in order, with
the scripted status, outcome and fault. The program also samples the memory of the fake. Exits 1 if
a check fails, or if the memory grows by more than a tenth after the first quarter.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aleph_contract.contract import Contract
from fake_server.replies.faults import FAULTS, Fault

#: Requests of a client between two checks of its journal.
WINDOW = 25

#: Time limit of a call in seconds; only `hang` reaches it.
PATIENCE = 30.0
IMPATIENCE = 0.2

#: Memory growth allowed after the first quarter, as a share and in kB.
GROWTH = 1.1
SLACK = 4096

#: With at least so many requests the journal is full after the first quarter; with fewer, the
#: program does not check the memory.
FULL = 60_000

CUTS = ("truncated", "reset", "reset-early", "drop", "hang")


@dataclass(frozen=True)
class Shot:
    """One request and its scripted result.

    Args:
        kind: Kind of the request, for the table.
        data: Bytes of the request.
        mark: Unique text in the request.
        status: Status of the response; `None` if there is none.
        outcome: Outcome in the journal.
        fault: The requested fault.
        holds: Text in the response body.
    """

    kind: str
    data: bytes
    mark: str
    status: int | None
    outcome: str
    fault: str | None = None
    holds: bytes = b""


@dataclass
class Result:
    """The counts of a load."""

    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    journalled: int = 0
    memory: list[int] = field(default_factory=list)


def http(account: str, token: str, body: bytes, kind: str = "application/json") -> bytes:
    """A run request."""
    return (
        f"POST /client/v4/accounts/{account}/ai/run HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Script:
    """Draws requests; the same seed gives the same requests."""

    def __init__(self, account: str, seed: int) -> None:
        self._account = account
        self._random = random.Random(seed)  # noqa: S311 - a fixed seed
        self._model = Contract.load().model
        self._count = 0

    def draw(self) -> Shot:
        """The next request."""
        self._count += 1
        mark = f"mark-{self._account}-{self._count}-"
        if self._random.random() < 0.1:  # noqa: PLR2004 - a tenth
            return self._faulty(self._random.choice(list(FAULTS.values())), mark)
        make = self._random.choices(
            (self._run, self._refused, self._malformed, self._typed, self._unknown),
            weights=(6, 1, 1, 1, 1),
        )[0]
        return make(mark)

    def _body(self, mark: str, model: str = "", **more: Any) -> bytes:
        value = {"prompt": mark, "video_uri": "https://example.com/a.mp4", "duration": 5, **more}
        return json.dumps({"model": model or self._model, "input": value}).encode()

    def _run(self, mark: str) -> Shot:
        data = http(self._account, "t", self._body(mark))
        return Shot("run", data, mark, 200, "completed", holds=b'"Completed"')

    def _refused(self, mark: str) -> Shot:
        data = http(self._account, "t", self._body(mark, seed=-1))
        return Shot("invalid input", data, mark, 400, "invalid", holds=b"seed")

    def _malformed(self, mark: str) -> Shot:
        data = http(self._account, "t", self._body(mark)[:-1])
        return Shot("malformed JSON", data, mark, 400, "malformed", holds=b"JSON")

    def _typed(self, mark: str) -> Shot:
        data = http(self._account, "t", self._body(mark), "text/plain")
        return Shot("wrong type", data, mark, 415, "malformed", holds=b"text/plain")

    def _unknown(self, mark: str) -> Shot:
        data = http(self._account, "t", self._body(mark, model="x/y"))
        return Shot("unknown model", data, mark, 404, "unknown-model", holds=b"x/y")

    def _faulty(self, fault: Fault, mark: str) -> Shot:
        data = http(self._account, f"fault-{fault.name}", self._body(mark))
        outcome = "completed" if fault.completes else "fault"
        status = fault.status
        if fault.delivery in CUTS:
            outcome = "cut"
            status = 200 if fault.delivery == "truncated" else None
        return Shot("fault", data, mark, status, outcome, fault.name)


class Client:
    """One connection, its account, and its findings."""

    def __init__(self, port: int, index: int, result: Result) -> None:
        self._port = port
        self._account = f"{index:032x}"
        self._script = Script(self._account, index)
        self._result = result
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._seen = 0

    async def run(self, count: int) -> None:
        """Make `count` requests, and check the journal after every few."""
        for start in range(0, count, WINDOW):
            shots = [self._script.draw() for _ in range(min(WINDOW, count - start))]
            for shot in shots:
                self._result.kinds[shot.kind] += 1
                await self._fire(shot)
            await self._compare(shots)
        self._hang_up()

    async def _fire(self, shot: Shot) -> None:
        patience = IMPATIENCE if shot.fault == "hang" else PATIENCE
        try:
            status, body = await asyncio.wait_for(self._call(shot.data), patience)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            self._hang_up()
            if shot.outcome != "cut" or (
                isinstance(error, asyncio.TimeoutError) != (shot.fault == "hang")
            ):
                self._complain(shot, f"ended with {error!r}")
            return
        if shot.outcome == "cut" or status != shot.status or shot.holds not in body:
            self._complain(shot, f"was answered {status} {body[:200]!r}")

    async def _call(self, data: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        reader, writer = self._streams
        writer.write(data)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await _body(reader, head)
        if b"\r\nconnection: close" in head:
            self._hang_up()
        return int(head[9:12]), body

    async def _compare(self, shots: list[Shot]) -> None:
        query = f"since={self._seen}&wait_for={len(shots)}&timeout={PATIENCE}"
        target = f"/__aleph__/accounts/{self._account}/exchanges?{query}"
        request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        _, body = await asyncio.wait_for(self._call(request), 2 * PATIENCE)
        exchanges = json.loads(body)["exchanges"]
        self._seen += len(shots)
        self._result.journalled += len(exchanges)
        if len(exchanges) != len(shots):
            self._result.wrong.append(f"{len(shots)} sent, {len(exchanges)} in the journal")
        for shot, exchange in zip(shots, exchanges, strict=False):
            found = tuple(exchange[name] for name in ("status", "outcome", "fault"))
            text = exchange["request_body"]["text"]
            unread = shot.fault == "reset-before" and text == ""
            if found != (shot.status, shot.outcome, shot.fault) or (
                shot.mark not in text and not unread
            ):
                self._complain(shot, f"is in the journal as {found} {text[:100]!r}")

    def _complain(self, shot: Shot, what: str) -> None:
        expected = f"{shot.fault or shot.kind} ({shot.status}, {shot.outcome})"
        self._result.wrong.append(f"{shot.mark} {expected} {what}")

    def _hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    _, given, rest = head.partition(b"\r\ncontent-length:")
    if given:
        return await reader.readexactly(int(rest.partition(b"\r\n")[0]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


async def load(port: int, pid: int, requests: int, connections: int) -> Result:
    """Put the load on a fake, and sample its memory."""
    result = Result()
    watching = asyncio.create_task(_watch(pid, result))
    share, rest = divmod(requests, connections)
    clients = [Client(port, index, result) for index in range(connections)]
    await asyncio.gather(
        *(client.run(share + (index < rest)) for index, client in enumerate(clients))
    )
    watching.cancel()
    result.memory.append(memory(pid))
    return result


async def _watch(pid: int, result: Result) -> None:
    while True:
        result.memory.append(memory(pid))
        await asyncio.sleep(0.25)


def memory(pid: int) -> int:
    """Resident memory of a process in kB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


@contextlib.contextmanager
def served(*options: str) -> Iterator[tuple[int, int]]:
    """A fake in a separate process: its port and process id."""
    command = [sys.executable, "-m", "aleph_contract", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield int(ready["binding_address"].rpartition(":")[2]), process.pid
        finally:
            process.terminate()


def main() -> int:
    """Run the load and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--journal", default="memory")
    options = parser.parse_args()
    with served("--journal", options.journal) as (port, pid):
        started = time.perf_counter()
        result = asyncio.run(load(port, pid, options.requests, options.connections))
        elapsed = time.perf_counter() - started
    warm = max(result.memory[: max(1, len(result.memory) // 4)])
    peak = max(result.memory)
    flat = options.requests < FULL or peak <= warm * GROWTH + SLACK
    kinds = ", ".join(f"{count} {kind}" for kind, count in result.kinds.most_common())
    print(f"{options.requests} requests over {options.connections} connections, {elapsed:.0f} s")
    print(f"  sent:            {kinds}")
    print(f"  in the journal:  {result.journalled}")
    print(f"  not as scripted: {len(result.wrong)}")
    print(f"  memory:          {warm} kB after the first quarter, {peak} kB at most")
    for wrong in result.wrong[:20]:
        print(f"    {wrong}")
    complete = result.journalled == options.requests
    complete = result.journalled == options.requests
    return 0 if complete and flat and not result.wrong else 1


if __name__ == "__main__":
    sys.exit(main())
