"""The time phase, and `exec` and `verify client` on a faster clock."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from faster import SPEED, needs_libfaketime
from programs import needed

from aleph_contract.core.clock import Clock
from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.drivers import callable_process
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.errors import ArgumentError, CouldNotRun
from aleph_contract.verify import steady, time_phase
from aleph_contract.verify.exec_command import run_command
from aleph_contract.verify.runner import Settings, verify_client

FIXTURES = Path(__file__).parents[2] / "fixtures"

#: The price of one run of the phase.
RUN = Decimal("1.680")

#: A client that prints the status or the error, and how long that took by its own clock.
CLIENT = """
import json, os, sys, time, urllib.request
request = urllib.request.Request(
    os.environ["CLOUDFLARE_BASE_URL"] + "/accounts/" + os.environ["CLOUDFLARE_ACCOUNT_ID"]
    + "/ai/run",
    json.dumps({"model": "runwayml/aleph-2", "input":
                {"prompt": "p", "video_uri": "https://example.com/v.mp4", "duration": 5}}).encode(),
    {"Authorization": "Bearer " + os.environ["CLOUDFLARE_API_TOKEN"],
     "Content-Type": "application/json"},
)
begun = time.monotonic()
try:
    print(urllib.request.urlopen(request, timeout=float(sys.argv[1])).status)
except OSError as error:
    print(error)
assert int(sys.argv[2]) <= time.monotonic() - begun < 2000, time.monotonic() - begun
"""

#: A client with a time-out of 30 s.
IMPATIENT = """
import httpx

def run(edit, base_url, account_id, api_token):
    reply = httpx.post(
        f"{base_url}/accounts/{account_id}/ai/run",
        json={"model": "runwayml/aleph-2", "input": edit},
        headers={"Authorization": f"Bearer {api_token}"},
        timeout=30,
    )
    return reply.raise_for_status().json()["result"]["video"]
"""


@pytest.fixture(autouse=True)
def library() -> None:
    needs_libfaketime()


def verified(target: str, *run: str) -> Verification:
    """The verification; on a busy machine at a lower speed, as the message says."""
    driver = StdioDriver(callable_process.command(target, None))
    for speed in (SPEED, SPEED / 5, SPEED / 20):
        settings = Settings(run=run or (time_phase.PHASE,), max_examples=0, speed=speed)
        found = verify_client(driver, settings=settings)
        if not any("too busy" in result.reason for result in found.results):
            break
    return found


def _echo(given: Any, **_: str) -> Any:
    return given


def rules(result: CaseResult) -> set[str]:
    return {finding.rule for finding in result.findings}


def test_a_patient_client_pays_once_and_gets_every_result() -> None:
    cases = ("long-run", "drip", "retry-after-date", "late-drop", "ends-*")
    found = verified(f"{FIXTURES}/clients/httpx_client.py:run", *(f"time/{c}" for c in cases))
    assert (found.trouble, found.exit_code) == ((), 0)
    assert {result.name: result.status for result in found.results if result.findings} == {}
    skipped = [result.name for result in found.results if result.status == "skipped"]
    assert skipped == [time_phase.BEFORE, time_phase.AFTER]
    (note,) = [note for note in found.notes if "--speed" in note]
    assert re.search(r"clock ran (100|20|5) times faster", note)
    speed = note.split()[4]
    assert all(r.reproduce.endswith(f"--speed {speed}") for r in found.results if r.checked)


def test_the_sdk_on_its_defaults_pays_three_times() -> None:
    found = verified(f"{FIXTURES}/broken/clients.py:sdk_defaults", time_phase.LONG_RUN_CASE)
    (long_run,) = found.results
    assert rules(long_run) == {"billing.paid-once", "billing.result-awaited"}
    assert sum(exchange.cost for exchange in long_run.exchanges) == 3 * RUN
    assert all(55 < exchange.elapsed < 90 for exchange in long_run.exchanges)


def test_a_run_ends_around_the_time_out_of_the_client(tmp_path: Path) -> None:
    client = tmp_path / "impatient.py"
    client.write_text(IMPATIENT)
    found = verified(f"{client}:run", time_phase.BEFORE, time_phase.AFTER)
    before, after = found.results
    assert (before.status, rules(before), len(before.exchanges)) == ("passed", set(), 1)
    assert rules(after) == {"billing.result-awaited"}
    ((taken,), (late,)) = before.exchanges, after.exchanges
    assert taken.elapsed < 30 <= late.elapsed + 5
    assert (taken.outcome, late.outcome) == ("completed", "cut")


def test_the_phase_needs_a_faster_clock() -> None:
    driver = PythonDriver(_echo)
    with pytest.raises(ArgumentError, match=r"time needs --speed"):
        verify_client(driver, settings=Settings(run=("time",)))


def test_a_callable_in_this_process_keeps_its_clock() -> None:
    driver = PythonDriver(_echo)
    with pytest.raises(ArgumentError, match="process of its own"):
        verify_client(driver, settings=Settings(run=("time",), speed=SPEED))


@pytest.mark.parametrize(
    ("name", "timeout", "seconds"),
    [
        (time_phase.BEFORE, 60.0, 54.0),
        (time_phase.AFTER, 60.0, 66.0),
        (time_phase.BEFORE, 20.0, 14.0),  # 60 ms of the machine are 6 s
        (time_phase.AFTER, 20.0, 26.0),
        (time_phase.BEFORE, 10.0, None),
    ],
)
def test_a_run_keeps_a_distance_from_the_time_out(
    name: str, timeout: float, seconds: float | None
) -> None:
    assert time_phase.run_seconds(name, timeout, Clock(speed=SPEED)) == seconds


def executed(*arguments: str, command: tuple[str, ...] = (), **options: Any) -> Verification:
    command = command or (sys.executable, "-c", CLIENT, *arguments)
    return run_command(command, **{"speed": SPEED, **options})


@pytest.mark.parametrize(
    ("timeout", "latency", "max_late", "outcome"),
    [
        (1500, 60, 0.0, "completed"),
        (30, 2000, math.inf, "cut"),
        (30, 2000, 0.0, "cut"),
    ],
)
def test_exec_runs_the_command_on_the_clock(
    monkeypatch: pytest.MonkeyPatch, timeout: int, latency: int, max_late: float, outcome: str
) -> None:
    monkeypatch.setattr(steady, "MAX_LATE", max_late)
    least = min(timeout, latency)
    found = executed(str(timeout), str(least), latency=latency)
    assert found.command_exit == 0
    (result,) = found.results
    (exchange,) = result.exchanges
    broken = {"billing.result-awaited"} if outcome == "cut" else set()
    assert (exchange.outcome, exchange.cost, rules(result)) == (outcome, RUN, broken)
    assert least <= exchange.elapsed + 5 < 1900
    busy = ["the machine is too busy for --speed 100"] if broken and not max_late else []
    assert [trouble.partition(":")[0] for trouble in found.trouble] == busy


def test_exec_takes_the_options_of_the_fake() -> None:
    found = executed("60", "0", credits="0.5")
    assert [x.outcome for result in found.results for x in result.exchanges] == ["no-credits"]


def test_exec_speeds_up_a_client_that_is_intercepted() -> None:
    pytest.importorskip("trustme")
    needed("curl")
    url = "https://api.cloudflare.com/client/v4/accounts/$CLOUDFLARE_ACCOUNT_ID/ai/run"
    body = '{"model":"runwayml/aleph-2","input":{"prompt":"p","video_uri":"https://a.b/c.mp4"}}'
    script = (
        f'curl -sS --max-time 60 {url} -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN"'
        f" --json '{body}'"
    )
    # At 100 the TLS handshakes on a busy machine could take the 60 s, even at 30.
    for speed in (30.0, 6.0):
        found = executed(command=("sh", "-c", script), intercept=True, latency=300, speed=speed)
        if found.results:
            break
    ((exchange,),) = (result.exchanges for result in found.results)
    assert (exchange.outcome, found.command_exit) == ("cut", 28)  # curl: operation timed out
    assert 5 < exchange.elapsed < 120  # less than 60: curl counts the TLS handshakes too


@pytest.mark.skipif(sys.platform != "linux", reason="the watch reads /proc")
def test_a_child_that_is_not_on_the_clock_gets_no_verdict() -> None:
    words = f"env -u LD_PRELOAD {sys.executable} -c '{CLIENT}' 600 0"
    with pytest.raises(CouldNotRun, match=r"a process that called the fake: .* has not loaded"):
        executed(command=("sh", "-c", words), latency=138)


@pytest.mark.skipif(sys.platform != "linux", reason="the watch reads /proc")
def test_a_client_with_a_process_that_hangs_on_the_clock_gets_no_verdict(tmp_path: Path) -> None:
    program = Path(shutil.copy(needed("sleep"), tmp_path / "workerd"))
    with program.open("ab") as file:
        file.write(b"tcmalloc.per_cpu_caches_active")
    client = tmp_path / "starts.py"
    client.write_text(
        "import subprocess\n\ndef run(edit, **_):\n"
        f"    raise OSError(subprocess.call(['{program}', '3000']))\n"
    )
    found = verified(f"{client}:run", time_phase.LONG_RUN_CASE)
    assert found.exit_code == 3
    assert "workerd allocates memory with tcmalloc, and hangs at its start" in found.trouble[0]
    assert {(r.status, r.findings) for r in found.results} <= {("could-not-run", ())}


def test_serve_prints_the_environment_of_a_client_on_the_clock() -> None:
    words = (sys.executable, "-m", "aleph_contract", "serve", "--port", "0", "--latency", "60")
    with subprocess.Popen((*words, "--speed", f"{SPEED:g}"), stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            ready = json.loads(server.stdout.readline())
            account = {"CLOUDFLARE_ACCOUNT_ID": "0" * 32, "CLOUDFLARE_API_TOKEN": "t"}
            url = {"CLOUDFLARE_BASE_URL": ready["base_url"]}
            ended = subprocess.run(
                (sys.executable, "-c", CLIENT, "600", "60"),
                env={**os.environ, **account, **url, **ready["client_environment"]},
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
            assert ended.stdout == "200\n"
        finally:
            server.terminate()
    assert server.returncode == 0
