"""Many concurrent runs through `serve --upstream` against a cap: never passed, nothing lost.

    python benchmarks/upstream.py [RUNS [SHARE]...]

The upstream is another fake, whose exact bill is the truth. Each SHARE of the price of all runs is
the cap once; the prices of the runs differ. Every token is searched in both journals
and in the capture. Prints a line for each cap, with the CPU time of a run through both fakes and
the client; exits with 1 if a check fails.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.recordings.capture_writer import CaptureWriter
from fake_server.account_handle import AccountHandle
from fake_server.server import Server, running
from fake_server.state.spend_guard import SpendGuard
from fake_server.upstream.forwarding import Upstream
from fake_server.upstream.target import UpstreamTarget

#: Shares of the price of all runs, if the command line names none.
CAPS = ("0.1", "0.5", "0.999", "1")

#: Connections of the client; the front opens as many to the upstream.
CONNECTIONS = 250

OK = 200
ACCOUNTS = 20
MODEL = Contract.load().model
PRICE = Contract.load().price_per_second or Decimal(0)


@dataclass(frozen=True)
class Load:
    """The result of one load.

    Args:
        cap: The cap.
        calls: Seconds and status of each run.
        committed: USD that the guard counts.
        billed: USD on the bill of the upstream.
        own: USD on the bills of the front.
        journal: The exchanges of the front.
        upstream: The exchanges of the upstream.
        capture: The text of the capture.
        tokens: The tokens of the accounts.
    """

    cap: Decimal
    calls: Sequence[tuple[int, int]]
    committed: Decimal
    billed: Decimal
    own: Decimal
    journal: Sequence[Exchange]
    upstream: Sequence[Exchange]
    capture: str
    tokens: Sequence[str]

    def count(self, status: int) -> int:
        """The number of runs with a status."""
        return sum(found == status for _, found in self.calls)

    def problems(self) -> Iterator[str]:
        """The checks that fail."""
        text = repr(self.journal) + repr(self.upstream) + self.capture
        refused = [PRICE * seconds for seconds, status in self.calls if status != OK]
        numbers = [(x.account, x.number) for x in self.journal]
        captured = [json.loads(line) for line in self.capture.splitlines()]
        done, runs = self.count(OK), len(self.calls)
        checks = {
            "the cap was passed": self.billed <= self.cap,
            "a run was refused that the rest of the cap covers": (
                not refused or self.cap - self.billed < min(refused)
            ),
            "the guard and the bills differ": self.committed == self.billed == self.own,
            "an answer is neither 200 nor 402": done + self.count(402) == runs,
            "the upstream saw another number of runs": len(self.upstream) == done,
            "the journal lost an exchange": len(set(numbers)) == runs,
            "the capture and the journal differ": (
                sorted((line["account"], line["number"]) for line in captured) == sorted(numbers)
            ),
            "a token was found": not any(token in text for token in self.tokens),
        }
        return (problem for problem, fine in checks.items() if not fine)


def load(seconds: Sequence[int], cap: Decimal) -> Load:
    """Send runs of these lengths at once, with a cap."""
    guard = SpendGuard(cap)
    with tempfile.TemporaryDirectory() as folder, running() as upstream:
        path = Path(folder) / "capture.jsonl"
        passed_on = Upstream(UpstreamTarget.parse(upstream.base_url), guard)
        with running(upstream=passed_on) as front, CaptureWriter(str(path)) as capture:
            front.app.journal.listen(capture.write)
            accounts = [front.account() for _ in range(ACCOUNTS)]
            statuses = asyncio.run(_send(front, accounts, seconds))
            return Load(
                cap,
                tuple(zip(seconds, statuses, strict=True)),
                guard.committed,
                sum((x.cost for x in upstream.exchanges if x.billed), Decimal(0)),
                sum((account.bill.usd for account in accounts), Decimal(0)),
                front.exchanges,
                upstream.exchanges,
                path.read_text(),
                [account.token for account in accounts],
            )


async def _send(
    front: Server, accounts: Sequence[AccountHandle], seconds: Sequence[int]
) -> list[int]:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(timeout=600, limits=limits, trust_env=False) as client:

        async def call(number: int) -> int:
            account = accounts[number % ACCOUNTS]
            value = {
                "prompt": f"run {number}",
                "video_uri": "https://example.com/v.mp4",
                "duration": seconds[number],
            }
            answer = await client.post(
                f"{front.base_url}/accounts/{account.id}/ai/run",
                json={"model": MODEL, "input": value},
                headers={"authorization": f"Bearer {account.token}"},
            )
            return answer.status_code

        return await asyncio.gather(*map(call, range(len(seconds))))


def main() -> int:
    """Run the benchmark."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    drawn = random.Random(0)  # noqa: S311 - no secret
    seconds = [drawn.randint(1, 60) for _ in range(runs)]
    whole = PRICE * sum(seconds)
    print(f"{runs:,} runs at once on {CONNECTIONS} connections; all of them cost {whole:f} USD")
    problems: list[str] = []
    for share in sys.argv[2:] or CAPS:
        begun = time.process_time()
        found = load(seconds, whole * Decimal(share))
        cpu = (time.process_time() - begun) / runs * 1000
        print(
            f"cap {found.cap:>12.3f} USD: {found.count(OK):6,} passed on, {found.count(402):6,} "
            f"refused, {found.billed:>12.3f} USD billed, {cpu:.2f} ms of CPU a run"
        )
        problems += found.problems()
    print("\n".join(problems) or "no cap was passed, no exchange is lost, no token was found")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
