"""How complete the catalogue is, and what it costs to build and certify.

    python benchmarks/catalogue.py [--rounds 5] [FILE]...

For the shipped contract, or each catalog entry that is named: the constraints and how many of
them have a certified valid case and a certified violating one, the cases, the compound ones, the
CPU seconds to build and certify all (the best round), and how many times that is of what both
validators take to look at the same inputs once.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from aleph_contract.case import Case
from aleph_contract.catalogue import Catalogue, build
from aleph_contract.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.validation import validator_for

#: What the whole catalogue of the shipped contract may take (s).
BAR = 2.0

COLUMNS = ("entry", "constraints", "covered", "cases", "compound", "seconds", "ratio")


def best(rounds: int, work: Callable[[], Any]) -> float:
    """CPU seconds of the fastest round."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(rounds))


def covered(contract: Contract, catalogue: Catalogue) -> float:
    """Share of the sides of all constraints that an isolated case stands on."""

    def side(case: Case) -> tuple[str, str]:
        return case.constraint.key if case.constraint else "", case.polarity

    sides = {side(case) for case in catalogue.cases}
    wanted = [(c.key, p) for c in constraints(contract) for p in ("valid", "violating")]
    return sum(one in sides for one in wanted) / len(wanted)


def row(contract: Contract, rounds: int) -> tuple[str, ...]:
    """One line of the table."""
    validator = validator_for(contract)
    catalogue = build(contract)

    def look() -> None:
        for case in catalogue.cases:
            validator.is_valid(case.input)
            validator.reference_violations(case.input)

    seconds, bare = best(rounds, lambda: build(contract)), best(rounds, look)
    return (
        contract.model,
        str(len(constraints(contract))),
        f"{covered(contract, catalogue):.0%}",
        str(len(catalogue.cases)),
        str(sum(case.compound for case in catalogue.cases)),
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
