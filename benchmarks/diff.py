"""Compare entries with random edits of them, and search for a counterexample to every class.

    python benchmarks/diff.py [PAIRS] [--first SEED] [--draws N]

Each pair is compared in both directions. The oracle is every case of both versions and inputs that
Hypothesis draws from both schemas, judged by both validators: a *compatible* side with a
counterexample, and a *breaking* change with a witness that is none, are wrong. An entry compared
with itself must give nothing. The seconds are CPU time of one comparison, with no case built in
advance. The program exits 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from rich.console import Console
from rich.table import Table

from aleph_contract import Contract, strategies
from aleph_contract.cases import cases
from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import ContractError
from aleph_contract.evolution.changes import edits
from aleph_contract.evolution.comparison import compare
from aleph_contract.evolution.records import Comparison
from aleph_contract.evolution.witnesses import accepted, of_replies, refused
from aleph_contract.schema.document import Document
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

from entry_edits import edited  # noqa: E402 - the folder is added above

FOLDERS = ("fixtures/contracts", "fixtures/catalog", "aleph_contract/contract/entries")

#: Bars: share of the sides with a change that are unproved, CPU seconds of one comparison.
UNPROVED, SECONDS = 0.05, 2.0

COLUMNS = ("entry", "comparisons", "breaking", "compatible", "unproved", "wrong", "seconds (most)")


def entries() -> list[dict[str, Any]]:
    """The JSON values of all entries that load."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.json")):
            entry = plain(loads(path.read_bytes()))
            try:
                Contract.from_entry(entry)
            except ContractError:
                continue
            found.append(entry)
    return found


def pair(entry: dict[str, Any], seed: int) -> dict[str, Any]:
    """An edited entry that can be used."""
    rng = random.Random(seed)  # noqa: S311 - reproducible edits
    while True:
        changed = edited(entry, rng)
        try:
            Contract.from_entry(changed)
        except ContractError:  # unsatisfiable, or no valid schema
            continue
        return changed


def drawn(contract: Contract, number: int) -> list[Any]:
    """Valid inputs of a contract, as Hypothesis draws them."""
    found: list[Any] = []

    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.valid_inputs(contract))
    def collect(value: Any) -> None:
        found.append(value)

    with suppress(Unsatisfiable):  # a schema with few values: those that were found
        collect()
    return found


class Oracle:
    """The values that judge the comparisons of one side of a pair.

    Args:
        old: The old version; of replies, with the output schema as its input schema.
        new: The new version.
        draws: Inputs drawn from each schema.
    """

    def __init__(self, old: Contract, new: Contract, draws: int) -> None:
        self.values = [case.input for each in (old, new) for case in cases(each)]
        for each in (old, new):
            self.values += drawn(each, draws)

    def counterexamples(self, narrow: Any, wide: Any) -> int:
        """The number of values that both validators accept in `narrow` and refuse in `wide`."""
        first, second = Validator(narrow), Validator(wide)
        return sum(accepted(first, value) and refused(second, value) for value in self.values)


def wrong(found: Comparison, side: str, old: Contract, new: Contract, oracle: Oracle) -> int:
    """The number of wrong classes of one side: of the whole schema, and of each change alone."""
    schemas = [plain(each.input_schema) for each in (old, new)]
    narrow, wide = schemas if side == "requests" else schemas[::-1]
    first, second = Validator(narrow), Validator(wide)
    changes = {change.pointer: change for change in found.changes if change.side == side}
    count = sum(
        not (accepted(first, change.witness) and refused(second, change.witness))
        for change in changes.values()
        if change.classed == "breaking"
    )
    if getattr(found, side) in {None, "compatible"}:
        return count + bool(oracle.counterexamples(narrow, wide))
    for edit in edits(*schemas):
        change = changes.get(edit.pointer)
        if change is None or change.classed == "unproved":
            continue
        alone = edit.applied(schemas[0])
        pair_of = (schemas[0], alone) if side == "requests" else (alone, schemas[0])
        if change.classed == "compatible":
            count += bool(_usable(alone) and oracle.counterexamples(*pair_of))
        else:
            one, other = map(Validator, pair_of)
            count += not (accepted(one, change.witness) and refused(other, change.witness))
    return count


def _usable(schema: Any) -> bool:
    try:
        Document(schema)
    except ContractError:
        return False
    return True


def compared(old: Any, new: Any, draws: int) -> Iterator[tuple[Counter[str], float]]:
    """The counts of both directions of a pair, and the CPU seconds of each."""
    versions = Contract.from_entry(old), Contract.from_entry(new)
    results = tuple(map(of_replies, versions))
    oracles = {"requests": Oracle(*versions, draws), "replies": Oracle(*results, draws)}
    for order in ((0, 1), (1, 0)):
        before, after = (Contract.from_entry((old, new)[index]) for index in order)
        start = time.process_time()
        found = compare(before, after)
        spent = time.process_time() - start
        counts: Counter[str] = Counter({"comparisons": 1})
        for side, pool in (("requests", versions), ("replies", results)):
            one, other = (pool[index] for index in order)
            counts["wrong"] += wrong(found, side, one, other, oracles[side])
            counts[getattr(found, side) or "none"] += 1
        yield counts, spent


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compare entries with random edits of them.")
    parser.add_argument("pairs", type=int, nargs="?", default=300)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--draws", type=int, default=25, help="inputs drawn from each schema")
    options = parser.parse_args()
    known = entries()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, list[float]] = defaultdict(list)
    for entry in known:
        itself = compare(Contract.from_entry(entry), Contract.from_entry(entry))
        counts[Contract.from_entry(entry).model]["wrong"] += bool(itself.changes)
    for seed in range(options.first, options.first + options.pairs):
        entry = known[seed % len(known)]
        model = Contract.from_entry(entry).model
        for counted, spent in compared(entry, pair(entry, seed), options.draws):
            counts[model] += counted
            seconds[model].append(spent)
            if counted["wrong"] or counted["unproved"] or spent > SECONDS:
                sys.stderr.write(f"seed {seed} {model}: {dict(counted)}, {spent:.2f} s\n")
    return report(counts, seconds)


def report(counts: dict[str, Counter[str]], seconds: dict[str, list[float]]) -> int:
    """Print a line for each entry and the total; the exit code."""
    table = Table(*COLUMNS)
    total = sum(counts.values(), Counter[str]())
    spent = [each for one in seconds.values() for each in one]
    for model, counted in sorted(counts.items()):
        if seconds[model]:
            table.add_row(model, *_cells(counted), f"{max(seconds[model]):.2f}")
    table.add_section()
    table.add_row("all", *_cells(total), f"{max(spent):.2f}")
    Console().print(table)
    changed = sum(total[name] for name in ("breaking", "compatible", "unproved"))
    share = total["unproved"] / max(changed, 1)
    mean = sum(spent) / len(spent)
    Console().print(f"{share:.1%} of {changed} changed sides unproved; mean {mean:.2f} s CPU")
    return int(total["wrong"] > 0 or share > UNPROVED or max(spent) > SECONDS)


def _cells(counted: Counter[str]) -> list[str]:
    return [str(counted[name]) for name in ("comparisons", *COLUMNS[2:6])]


if __name__ == "__main__":
    sys.exit(main())
