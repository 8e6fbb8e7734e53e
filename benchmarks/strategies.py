"""Measure the speed and the correctness of the strategies: `benchmarks/strategies.py [DRAWS]`.

Speed is a share of the rate of plain `st.integers()`, measured before and after in the same
process, because machines differ and are shared. Both validators check every draw; a violating draw
must have a certificate.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from aleph_contract import Contract
from aleph_contract.cases.certificates import Certifier
from aleph_contract.cases.constraints import constraints
from aleph_contract.contract.validate import validator_for
from aleph_contract.strategies import boundary_inputs, requests, valid_inputs, violating_inputs

#: Share of the rate of `st.integers()` that every strategy must reach.
BAR = 0.25

Strategy = st.SearchStrategy[Any]


def draws(strategy: Strategy, number: int) -> tuple[list[Any], float]:
    """Draw `number` examples as a Hypothesis test does; the draws and the CPU seconds of each."""
    drawn: list[Any] = []

    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        drawn.append(value)

    start = time.process_time()
    collect()
    return drawn, (time.process_time() - start) / len(drawn)


def share(strategy: Strategy, number: int) -> tuple[list[Any], float]:
    """The draws, and their rate as a share of the rate of integers measured around them."""
    before = draws(st.integers(), number)[1]
    drawn, cost = draws(strategy, number)
    after = draws(st.integers(), number)[1]
    return drawn, (before + after) / 2 / cost


def wrong(drawn: list[Any], contract: Contract) -> int:
    """The number of draws that a validator, or the certificate of a violating draw, rejects."""
    judge = _Judge(contract)
    return sum(not judge.right(value) for value in drawn)


class _Judge:
    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.validator = validator_for(contract)
        self.certifiers: dict[str, Certifier] = {}

    def right(self, value: Any) -> bool:
        constraint = getattr(value, "constraint", None)
        if constraint is None:
            whole = isinstance(value, dict) and value.keys() == {"model", "input"}
            value = value["input"] if whole else value
            validator = self.validator
            return validator.is_valid(value) and not validator.reference_violations(value)
        if constraint.key not in self.certifiers:
            schema = self.contract.input_schema
            self.certifiers[constraint.key] = Certifier(schema, constraint, [constraint.schema])
        return self.certifiers[constraint.key].certify(value.input) is not None


def corners(drawn: list[Any]) -> Iterator[tuple[str, int]]:
    """How often each corner of the shipped contract is among the valid draws."""
    sights: dict[str, Callable[[dict[str, Any]], bool]] = {
        "every optional field": lambda v: len(v) == 7,  # noqa: PLR2004 - two required, five not
        "five keyframes": lambda v: len(v.get("keyframes", ())) == 5,  # noqa: PLR2004
        "prompt of 1000": lambda v: len(v["prompt"]) == 1000,  # noqa: PLR2004
        "prompt of 1000, astral only": lambda v: len(v["prompt"].encode()) == 4000,  # noqa: PLR2004
        "prompt of 1": lambda v: len(v["prompt"]) == 1,
        "seed 0": lambda v: v.get("seed") == 0,
        "seed 4294967295": lambda v: v.get("seed") == 2**32 - 1,
        "seconds 0": lambda v: any(k.get("seconds") == 0 for k in v.get("keyframes", ())),
        "seconds 30": lambda v: any(k.get("seconds") == 30 for k in v.get("keyframes", ())),  # noqa: PLR2004
        "at 1": lambda v: any(k.get("at") == 1 for k in v.get("keyframes", ())),
    }
    for name, seen in sights.items():
        yield name, sum(map(seen, drawn))


def main(number: int) -> int:
    """Print the tables; return 1 if a strategy is too slow or a draw is wrong."""
    contract = Contract.load()
    strategies: dict[str, Strategy] = {
        "valid_inputs()": valid_inputs(),
        "valid_inputs(portable=True)": valid_inputs(portable=True),
        "boundary_inputs()": boundary_inputs(),
        "requests()": requests(),
        "violating_inputs()": violating_inputs(),
        "violating_inputs('prompt/maxLength')": violating_inputs("prompt/maxLength"),
    }
    table = Table("strategy", "share of st.integers()", "wrong")
    failed = False
    for name, strategy in strategies.items():
        drawn, speed = share(strategy, number)
        errors = wrong(drawn, contract)
        failed = failed or speed < BAR or errors > 0
        table.add_row(name, f"{speed:.2f}", f"{errors} of {len(drawn)}")
        if name == "valid_inputs()":
            seen = Table("corner", "draws")
            for corner, count in corners(drawn):
                seen.add_row(corner, str(count))
        if name == "violating_inputs()":
            broken = Counter(value.constraint.key for value in drawn)
    console = Console(highlight=False)
    console.print(table)
    console.print(seen)
    console.print(f"{len(broken)} of {len(constraints(contract))} constraints broken alone")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 2000))
