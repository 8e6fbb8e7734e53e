"""Many concurrent runs through `serve --upstream` against a cap: never passed, nothing lost.

    python benchmarks/upstream.py [RUNS]

The upstream is another fake, whose exact bill is the truth. Each of `CAPS` shares of the whole
price is the cap once; the price of a run varies, so that the last run that fits is found by chance.
Every token is searched in the journal and in the capture. Prints one line for each cap, with the
CPU time of a run through both fakes and the client; exits with 1 if a check fails.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import httpx

from aleph_contract.contract import Contract
from aleph_contract.recordings.capture_writer import CaptureWriter
from fake_server.server import Server, running
from fake_server.state.spend_guard import SpendGuard
from fake_server.upstream.forwarding import Upstream
from fake_server.upstream.target import UpstreamTarget

#: Shares of the price of all runs.
CAPS = ("0", "0.1", "0.5", "0.999", "1")

#: Runs at a time; each one needs a connection to the front and one to the upstream.
AT_ONCE = 250

MODEL = Contract.load().model
PRICE = Contract.load().price_per_second or Decimal(0)


def main() -> int:
    """Run the benchmark."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = [random.Random(0).randint(1, 60) for _ in range(runs)]  # noqa: S311 - no secret
    whole = PRICE * sum(seconds)
    print(f"{runs} concurrent runs, {AT_ONCE} at a time; all of them cost {whole} USD")
    problems = [problem for share in CAPS for problem in check(seconds, whole * Decimal(share))]
    print("\n".join(problems) or "every cap held, no exchange was lost, no token was found")
    return 1 if problems else 0


def check(seconds: list[int], cap: Decimal) -> list[str]:
    """What is wrong with one cap; prints a line about it."""
    guard = SpendGuard(cap)
    with tempfile.TemporaryDirectory() as folder, running() as upstream:
        path = Path(folder) / "capture.jsonl"
        with (
            running(upstream=Upstream(UpstreamTarget.parse(upstream.base_url), guard)) as front,
            CaptureWriter(str(path)) as capture,
        ):
            front.app.journal.listen(capture.write)
            accounts = [front.account() for _ in range(20)]
            tokens = [account.token for account in accounts]
            begun = time.process_time()
            calls = [(accounts[n % 20].id, tokens[n % 20], s) for n, s in enumerate(seconds)]
            statuses = asyncio.run(_send(front, calls))
            spent = time.process_time() - begun
            billed = sum((x.cost for x in upstream.exchanges if x.billed), Decimal(0))
            own = sum((account.bill.usd for account in accounts), Decimal(0))
            journal = front.exchanges
            text = repr(journal) + repr(upstream.exchanges)
        captured = path.read_text()
    lines = [json.loads(line) for line in captured.splitlines()]
    done, refused = statuses.count(200), statuses.count(402)
    print(
        f"cap {cap:>10.3f}: {done:5} passed on, {refused:5} refused, {billed:>10.3f} USD spent, "
        f"{spent / len(seconds) * 1000:.2f} ms of CPU a run"
    )
    cheapest = PRICE * min(s for s, status in zip(seconds, statuses, strict=True) if status == 402) if refused else 0
    checks = {
        "the cap was passed": billed <= cap,
        "the guard and the upstream differ": guard.committed == billed,
        "the bills and the upstream differ": own == billed,
        "a run was refused that the rest of the cap covers": not refused or cap - billed < cheapest,
        "an answer is neither 200 nor 402": done + refused == len(seconds),
        "the upstream saw another number of runs": len(upstream_runs(text, done)) == 0,
        "the journal lost an exchange": len(journal) == len(seconds),
        "the capture lost an exchange": len(lines) == len(seconds),
        "a token is in a journal": not any(token in text for token in tokens),
        "a token is in the capture": not any(token in captured for token in tokens),
    }
    return [f"cap {cap}: {problem}" for problem, fine in checks.items() if not fine]
