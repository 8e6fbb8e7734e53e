"""Measure how complete the catalogue is, and the CPU time to build and certify it.

    python benchmarks/catalogue.py [--rounds 5] [FILE]...

Prints one line for the shipped contract, or for each catalog entry FILE. A constraint has two
sides, kept and broken. The columns: the constraints; the share of sides with a certified case; the
share with a case that breaks nothing else; the cases; the compound cases; the CPU seconds to build
and certify all cases (fastest round); that time as a multiple of one run of both validators over
the same inputs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from aleph_contract.cases.case import Case
from aleph_contract.cases.catalogue import build
from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for

#: The bar for the whole catalogue of the shipped contract, in CPU seconds.
BAR = 2.0

COLUMNS = ("entry", "constraints", "covered", "isolated", "cases", "compound", "seconds", "ratio")


def best(rounds: int, work: Callable[[], Any]) -> float:
    """CPU seconds of the fastest round."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(rounds))


def covered(contract: Contract, cases: Iterable[Case]) -> float:
    """Share of the sides of all constraints that have one of `cases`."""
    sides = {(case.constraint.key, case.polarity) for case in cases if case.constraint}
    wanted = [(c.key, p) for c in constraints(contract) for p in ("valid", "violating")]
    return sum(one in sides for one in wanted) / len(wanted)


def row(contract: Contract, rounds: int) -> tuple[str, ...]:
    """One line of the table."""
    validator = validator_for(contract)
    cases = build(contract).cases

    def look() -> None:
        for case in cases:
            validator.is_valid(case.input)
            validator.reference_violations(case.input)

    seconds, bare = best(rounds, lambda: build(contract)), best(rounds, look)
    return (
        contract.model,
        str(len(constraints(contract))),
        f"{covered(contract, cases):.0%}",
        f"{covered(contract, (case for case in cases if not case.compound)):.0%}",
        str(len(cases)),
        str(sum(case.compound for case in cases)),
        f"{seconds:.2f}",
        f"{seconds / bare:.1f}",
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure the catalogue of cases.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    options = parser.parse_args()
    table = Table(*COLUMNS, title=f"The catalogue (bar for the shipped contract: {BAR} s)")
    for contract in map(Contract.load, options.files or [None]):
        table.add_row(*row(contract, options.rounds))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
