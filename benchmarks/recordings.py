"""Judge a long HAR file; print the CPU time per entry and the greatest memory of the process.

    python benchmarks/recordings.py [--entries N] [--refused] [--check]

The file holds N calls of the model (100,000 by default), each with another input. `--refused` makes
every input violate the contract, so that every case has a finding. The file is judged by another
process, whose memory is the greatest resident set that the kernel counted. `--check` exits 1 if it
is above `BAR` megabytes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from aleph_contract.contract import Contract  # noqa: E402 - the path is set above

BAR = 200
ACCOUNT = "0123456789abcdef" * 2
URL = f"https://api.cloudflare.com/client/v4/accounts/{ACCOUNT}/ai/run"
REFUSAL = '{"errors":[{"code":7003,"message":"Invalid value at seed"}],"success":false}'


def entries(count: int, *, refused: bool) -> Iterator[dict[str, Any]]:
    """The entries of the file, one second apart."""
    contract = Contract.load()
    example = contract.examples[0]
    reply = REFUSAL if refused else json.dumps(example.reply)
    sent = [("Authorization", f"Bearer {'t0ken-' * 7}"), ("Content-Type", "application/json")]
    begun = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for number in range(count):
        seed = -1 - number if refused else number
        given = {**example.input, "seed": seed, "prompt": f"{number} river " * 40}
        body = json.dumps({"model": contract.model, "input": given})
        yield {
            "startedDateTime": (begun + timedelta(seconds=number)).isoformat(),
            "time": 500,
            "request": {
                "method": "POST",
                "url": URL,
                "headers": [{"name": name, "value": value} for name, value in sent],
                "postData": {"mimeType": "application/json", "text": body},
            },
            "response": {
                "status": 400 if refused else 200,
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "content": {"size": len(reply), "text": reply},
            },
        }


def write(path: Path, count: int, *, refused: bool) -> None:
    """Write the HAR file, one entry at a time."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"log":{"version":"1.2","entries":[')
        for number, entry in enumerate(entries(count, refused=refused)):
            file.write("," * bool(number) + json.dumps(entry))
        file.write("]}}")


def main() -> int:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000, metavar="N")
    parser.add_argument("--refused", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 if the bar is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.har"
        write(path, options.entries, refused=options.refused)
        size = path.stat().st_size
        words = [sys.executable, "-m", "aleph_contract", "judge", str(path)]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    memory = usage.ru_maxrss / 1024
    spent = usage.ru_utime + usage.ru_stime
    print(f"{options.entries:,} entries, {size / 1e6:,.0f} MB; exit {process.returncode}")
    print(f"CPU: {spent:.1f} s, {1000 * spent / options.entries:.2f} ms per entry")
    print(f"greatest resident set: {memory:.0f} MB (bar {BAR})")
    return int(options.check and memory > BAR)


if __name__ == "__main__":
    sys.exit(main())
