"""The records of a mutation run: calls of the suite, mutants, results, and the score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from aleph_contract.core.exchange import Exchange

#: - `noticed`: a test failed.
#: - `tolerated`: the client coped with the failure, and the contract allows how it did.
#: - `unnoticed`: every test passed.
#: - `paid-twice`: every test passed, and a second run was paid for.
#: - `could-not-run`: the mutation was not applied, or the tests did not start.
MutantClass = Literal["noticed", "tolerated", "unnoticed", "paid-twice", "could-not-run"]

CLASSES: tuple[MutantClass, ...] = (
    "noticed",
    "tolerated",
    "unnoticed",
    "paid-twice",
    "could-not-run",
)

#: The classes that lower the score.
MISSED: frozenset[MutantClass] = frozenset({"unnoticed", "paid-twice"})

#: Begins the reason of an unnoticed mutant whose client got its result by an unlawful repetition.
REPEATED_AGAINST = "the client repeated the call against"

#: The name of the test that stands for a suite whose tests are unknown.
WHOLE_SUITE = "the whole suite"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A row of the table of mutations.

    Args:
        id: Place and name, such as `request/member-dropped`.
        title: What it changes, in one line.
        rule: The rule that it stands for: a client that breaks this rule looks like it to a test.
        unless: When it is not made, because the contract does not tell the two apart.
        remedy: What a test asserts to notice it.
    """

    id: str
    title: str
    rule: str
    unless: str
    remedy: str

    @property
    def place(self) -> str:
        """The part of an exchange that it changes.

        `reply` is the reply that the client gets, `conduct` the failure of the service on the call,
        `request` the request that journal and bill show.
        """
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the suite without a mutation.

    Args:
        test: The test that makes it.
        number: Its number among the calls of that test, from 1.
        exchange: Request and response.
        selects: Whether a request body is that of this call; `None` if bodies differ from run to
            run, so that only the number tells the call.
        occurrence: Its number among the calls that `selects` selects in the same run.
        repeats: Whether the test runs its body several times.
    """

    test: str
    number: int
    exchange: Exchange
    selects: str | None
    occurrence: int
    repeats: bool = False

    @property
    def name(self) -> str:
        """Test and number, as reports show them."""
        return f"{self.test}, call {self.number}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutation does to a call; see `fake_server.runs.mutation.CallMutation`.

    Args:
        fault: Name of the fault that the call gets.
        reply: See `CallMutation`.
        completes: See `CallMutation`.
        sent: Makes the request body that is shown; `None` of it if the body lacks the place.
        twice: See `CallMutation`.
    """

    fault: str | None = None
    reply: Callable[[bytes, bytes, bytes | None], bytes] | None = None
    completes: bool = False
    sent: Callable[[bytes], bytes | None] | None = None
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutation on one call, or on one field of the input.

    Args:
        mutation: The row of the table.
        calls: The same call in each test that makes it; of a field, the first call with the field
            in each test. The first to fail notices the mutation.
        change: What is done.
        rule: The rule that the mutation stands for; see `MutantResult.rule`.
        subject: The fault, or the location in the input; empty if the mutation has none.
        before: What the test sees without it, as text.
        after: What the test sees with it, as text.
    """

    mutation: Mutation
    calls: tuple[Call, ...]
    change: Change
    rule: str
    subject: str
    before: str
    after: str

    @property
    def id(self) -> str:
        """A text that is the same in every run with the same suite, contract and seed."""
        subject = f" {self.subject}" if self.subject else ""
        return f"{self.mutation.id}{subject} @ {self.calls[0].name}"

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that can notice it."""
        return tuple(dict.fromkeys(call.test for call in self.calls))


@dataclass(frozen=True, slots=True)
class MutantResult:
    """What the suite made of one mutant.

    Args:
        mutant: The mutant.
        kind: See `MutantClass`.
        noticed_by: The test that failed.
        reason: Why it has its class, in one sentence.
        cost: USD of the run that was paid for twice.
        elapsed: Seconds.
    """

    mutant: Mutant
    kind: MutantClass
    noticed_by: str = ""
    reason: str = ""
    cost: Decimal = Decimal(0)
    elapsed: float = field(default=0.0, compare=False)

    @property
    def rule(self) -> str:
        """The rule that the suite does not hold its client to if it misses the mutant."""
        repeated = self.kind == "paid-twice" and self.mutant.change.fault is not None
        return "billing.paid-once" if repeated else self.mutant.rule

    @property
    def status(self) -> str:
        """`failed` if the suite missed it, for the progress line."""
        return "failed" if self.kind in MISSED else "passed"


@dataclass(frozen=True, slots=True)
class MutationRun:
    """A whole mutation run, ended or interrupted.

    Args:
        command: The command of the suite, for people.
        model: The model that the suite calls.
        contract_version: Version of its contract.
        seed: Seed of the choice of mutants.
        tests: Number of tests that make calls.
        calls: Number of their calls.
        planned: Number of mutants that were planned.
        results: The results so far.
        notes: What the reader must know.
        interrupted: Whether it was interrupted.
        fail_under: The lowest score that passes.
        elapsed: Seconds.
    """

    command: str
    model: str
    contract_version: str
    seed: int
    tests: int
    calls: int
    planned: int
    results: tuple[MutantResult, ...]
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    fail_under: float = 0.0
    elapsed: float = field(default=0.0, compare=False)

    @property
    def counts(self) -> dict[MutantClass, int]:
        """The number of mutants in each class."""
        counted = Counter(result.kind for result in self.results)
        return {kind: counted[kind] for kind in CLASSES}

    @property
    def denominator(self) -> int:
        """The mutants that a suite should notice: neither tolerated nor without a result."""
        return self.counts["noticed"] + sum(self.counts[kind] for kind in MISSED)

    @property
    def score(self) -> float | None:
        """Percentage of the denominator that was noticed; `None` if that is 0."""
        if not self.denominator:
            return None
        return round(100 * self.counts["noticed"] / self.denominator, 1)

    @property
    def missed(self) -> tuple[MutantResult, ...]:
        """The mutants that the suite should have noticed and did not."""
        return tuple(result for result in self.results if result.kind in MISSED)

    @property
    def paid_twice(self) -> Decimal:
        """USD of all runs that were paid for twice without a test that notices."""
        return sum((r.cost for r in self.results if r.kind == "paid-twice"), Decimal(0))

    @property
    def exit_code(self) -> int:
        """3 if interrupted or without a score; 1 if the score is below `fail_under`; else 0."""
        if self.interrupted or self.score is None:
            return 3
        return 1 if self.score < self.fail_under else 0
