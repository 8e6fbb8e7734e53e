"""Verify a right client of every published model, and print one line for each.

    python benchmarks/models.py [--run GLOB]... [FILE]...

The client is `tests/support/any_client.py`: it knows nothing of a model but its catalog entry, and
returns the whole result. The columns: the cases and the CPU seconds to build them; the cases that
were driven, and how many failed; the CPU seconds of the verification; its exit code. The program
exits 1 if a client does not conform or a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from aleph_contract.cases import cases
from aleph_contract.contract import Contract
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.verify.runner import verify_client
from aleph_contract.verify.settings import Settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

from any_client import client_of  # noqa: E402 - the folder is added above

#: Bars for the CPU seconds to build the cases: of an entry, and of the largest one.
BAR, LARGEST_BAR = 3.0, 5.0

COLUMNS = ("model", "cases", "seconds", "driven", "failed", "seconds", "exit")


def row(contract: Contract, run: tuple[str, ...]) -> tuple[tuple[str, ...], bool, float]:
    """The line of a model, whether its client conforms, and the seconds that its cases take."""
    start = time.process_time()
    made = len(cases(contract))
    built = time.process_time() - start
    found = verify_client(PythonDriver(client_of(contract)), contract, Settings(run=run))
    spent = time.process_time() - start - built
    failed = sorted({f.rule for result in found.results for f in result.broken})
    texts = (
        contract.model,
        str(made),
        f"{built:.1f}",
        str(len(found.results)),
        f"{found.counts['failed']} {' '.join(failed)}".strip(),
        f"{spent:.1f}",
        str(found.exit_code),
    )
    return texts, found.exit_code == 0, built


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Verify a right client of every model.")
    parser.add_argument("--run", action="append", default=[], metavar="GLOB")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    options = parser.parse_args()
    files = options.files or sorted((ROOT / "fixtures/catalog").glob("*.json"))
    table = Table(*COLUMNS, title=f"Right clients (bar for the cases: {BAR} s, {LARGEST_BAR} s)")
    rows = [row(Contract.load(file), tuple(options.run)) for file in files]
    for texts, _, _ in rows:
        table.add_row(*texts)
    Console(width=100).print(table)
    seconds = sorted(built for _, _, built in rows)
    fast = seconds[-1] <= LARGEST_BAR and all(built <= BAR for built in seconds[:-1])
    return 0 if fast and all(conforms for _, conforms, _ in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
