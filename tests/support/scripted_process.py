"""A client process for the tests of the line protocol: each input tells it what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from aleph_contract.core.outcome import Outcome
from aleph_contract.drivers import Call
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.drivers.worker import InFlight

# A client whose input tells it what to do. It answers calls in order, on one thread: "later" after
# the next call, "pending" never, and "block" stops it from answering any call. "hung" has one
# character per call that is stuck for good; standard error wakes the driver, which sees it then.
CLIENT = r"""
import json, os, select, signal, subprocess, sys, threading, time
def say(**message): print(json.dumps(message), flush=True)
def tell(text): print(text, file=sys.stderr, flush=True)
def hang():
    with open("hung", "a") as hung: hung.write("x")
    tell("blocking")
    time.sleep(60)
with open("pids", "a") as pids: print(os.getpid(), file=pids)
later = []
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        say(type="hello", protocol=1, max_in_flight=WINDOW,
            client={"name": "scripted", "version": "1.2", "language": "Python"})
        continue
    if message["type"] == "bye":
        break
    case, do = message["case"], message["input"]
    if isinstance(do, dict): do = do["do"]
    done = dict(type="result", case=case)
    if do == "later": later.append(done); continue
    if do == "pending": continue
    if do == "block": hang()
    if do == "crash": tell("crashing"); os._exit(3)
    alone = message["account_id"] == "renewed"
    if do == "lonely" and select.select([0], [], [], 0.1 if alone else 20)[0]: os._exit(4)
    if do == "exit": sys.exit(0)
    if do == "signal": os.kill(os.getpid(), signal.SIGSEGV)
    if do == "family":
        for argv in (["sleep", "70"], ["setsid", "sleep", "71"]):
            with open("pids", "a") as pids: print(subprocess.Popen(argv).pid, file=pids)
        hang()
    if do == "slow": time.sleep(0.7)
    if do == "error":
        say(**done, error={"stage": "api", "status": 400, "code": 7003, "message": "no"})
        continue
    if do == "skip": say(type="skipped", case=case, reason="cannot"); continue
    if do == "nothing": say(**done); continue
    if do == "mutter": tell("about " + case)
    if do == "raw": print(message["input"]["line"].replace("CASE", case), flush=True); continue
    if do == "endless":
        while True: sys.stdout.write("x" * 4096)
    if do == "twice": say(**done, video="v")
    keys = "base_url", "account_id", "api_token", "timeout_seconds"
    say(**done, video=[message[key] for key in keys] + [str(line)])
    for done in later: say(**done, video="v")
    later.clear()
"""


def started() -> int:
    return len(Path("pids").read_text().split())


def hung() -> int:
    """The number of calls that are stuck for good."""
    return Path("hung").exists() and len(Path("hung").read_text())


def set_late(monkeypatch: pytest.MonkeyPatch, is_late: Callable[[Call], object]) -> None:
    """Let `is_late` decide when the time of a call is over, however busy the machine is."""
    monkeypatch.setattr(
        InFlight, "deadline", property(lambda entry: -inf if is_late(entry.call) else inf)
    )


def python(source: str) -> list[str]:
    Path("client.py").write_text(source)
    return [sys.executable, "-I", "-S", "client.py"]


def driver(*, window: int = 1, source: str = CLIENT, **options: Any) -> StdioDriver:
    return StdioDriver(python(source.replace("WINDOW", str(window))), **options)


def renew(call: Call) -> Call:
    return replace(call, case=call.case + "+", account_id="renewed")


def drive(given: list[Call], **options: Any) -> dict[str, Outcome]:
    """Outcomes by case id; the id of a retried call ends with `+`."""
    with driver(**options) as client:
        return {call.case: outcome for call, outcome in client.run(given, renew)}


def kinds(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {case: outcome.kind for case, outcome in sorted(outcomes.items())}
