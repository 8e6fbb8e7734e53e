"""What every report of a mutation run says: the sentence, and the missed mutants by rule."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aleph_contract.core.escaping import money, one_line, pluralise, truncate
from aleph_contract.mutation.edits import input_of
from aleph_contract.mutation.records import (
    CLASSES,
    REPEATED_AGAINST,
    WHOLE_SUITE,
    Call,
    MutantClass,
    MutantResult,
    MutationRun,
)
from aleph_contract.mutation.table import MUTATIONS, REMEDIES_OF_FAULTS
from aleph_contract.rules import RULES

#: The classes in words.
WORDS: dict[MutantClass, str] = {
    "noticed": "noticed",
    "tolerated": "tolerated lawfully",
    "unnoticed": "unnoticed",
    "paid-twice": "unnoticed and paid twice",
    "could-not-run": "could not run",
}


#: Characters of an input that tells one call of a suite from the others.
MAX_INPUT = 160

#: The mutation whose remedy holds for every call that the client, or the mutation, repeats.
_TWICE = "request/made-twice"


@dataclass(frozen=True, slots=True)
class RuleGap:
    """A rule that the suite does not hold its client to in some mutants.

    Args:
        id: Id of the rule.
        missed: The mutants that no test noticed.
        noticed: Number of mutants about the rule that a test noticed.
    """

    id: str
    missed: tuple[MutantResult, ...]
    noticed: int

    @property
    def sentence(self) -> str:
        """What the rule says."""
        rule = RULES.get(self.id)
        return f"The client {rule.sentence}." if rule else ""

    @property
    def share(self) -> str:
        """The missed mutants and all mutants about the rule."""
        return f"{len(self.missed):,} of {pluralise(len(self.missed) + self.noticed, 'mutant')}"


def gaps(run: MutationRun) -> tuple[RuleGap, ...]:
    """The rules with a missed mutant, those with most of them first."""
    noticed = Counter(r.rule for r in run.results if r.kind == "noticed")
    missed: dict[str, list[MutantResult]] = {}
    for result in run.missed:
        missed.setdefault(result.rule, []).append(result)
    found = [RuleGap(rule, tuple(results), noticed[rule]) for rule, results in missed.items()]
    return tuple(sorted(found, key=lambda gap: -len(gap.missed)))


def title(run: MutationRun) -> str:
    """The score in two words."""
    return "Could not be scored" if run.score is None else f"Score {run.score:g}"


def sentence(run: MutationRun) -> str:
    """The verdict in one sentence."""
    if run.score is None:
        return f"no mutant could be scored, of {pluralise(run.planned, 'mutant')}"
    words = (
        f"the suite noticed {run.counts['noticed']:,} of {pluralise(run.denominator, 'mutant')} "
        "that it should notice"
    )
    if run.paid_twice:
        words += f"; unnoticed second payments: {money(run.paid_twice)}"
    if run.interrupted:
        words += f"; interrupted after {len(run.results):,} of {run.planned:,}"
    if run.score < run.fail_under:
        words += f"; the score is below --fail-under {run.fail_under:g}"
    return words


def passes(run: MutationRun) -> bool:
    """Whether the exit code is 0."""
    return run.exit_code == 0


def settings(run: MutationRun) -> str:
    """Contract, seed and size of the suite."""
    suite = f"{pluralise(run.calls, 'call')} in {pluralise(run.tests, 'test')}"
    return f"{run.model} {run.contract_version}, seed {run.seed}; {suite}"


def total(run: MutationRun) -> str:
    """The number of mutants in each class."""
    parts = " + ".join(f"{run.counts[kind]:,} {WORDS[kind]}" for kind in CLASSES)
    return f"{pluralise(len(run.results), 'mutant')} = {parts}"


def witness(result: MutantResult) -> str:
    """The test that should have noticed a mutant, and the number of others that could."""
    first, *others = map(one_line, result.mutant.tests)
    return first + (f" or {pluralise(len(others), 'other test')}" if others else "")


def remedy(result: MutantResult) -> str:
    """What a test asserts to notice a mutant."""
    mutation = result.mutant.mutation
    if result.kind == "paid-twice" or result.reason.startswith(REPEATED_AGAINST):
        return MUTATIONS[_TWICE].remedy
    by_fault = REMEDIES_OF_FAULTS.get(result.rule) if result.mutant.change.fault else None
    return by_fault or mutation.remedy


def call(result: MutantResult) -> str:
    """The test and the number of the call; the input too if the test is not known."""
    first = result.mutant.calls[0]
    if first.test != WHOLE_SUITE:
        return one_line(first.name)
    return one_line(f"{first.name}: {truncate(_input(first), MAX_INPUT)}")


def _input(first: Call) -> str:
    try:
        return json.dumps(input_of(first.exchange.request_body), ensure_ascii=False)
    except ValueError:
        return "a body that is not JSON"


def price(result: MutantResult) -> str:
    """What the second run costs."""
    return money(result.cost) if result.cost else "cost unknown"


def change(result: MutantResult) -> tuple[str, str]:
    """The mutation as a diff of two lines."""
    return f"- {result.mutant.before}", f"+ {result.mutant.after}"


def unscored(run: MutationRun) -> Sequence[MutantResult]:
    """The mutants that could not run."""
    return [result for result in run.results if result.kind == "could-not-run"]
