"""The properties phase: Hypothesis draws inputs, and shrinks each input that breaks a rule.

A property is explored again until no further rule breaks. Each broken rule is reported once, with
the smallest input that breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from aleph_contract.contract import Contract
from aleph_contract.core.results import CaseResult
from aleph_contract.strategies import boundary_inputs, valid_inputs, violating_inputs
from aleph_contract.verify.hypothesis_settings import isolated_hypothesis
from aleph_contract.verify.plans import PlannedCase
from aleph_contract.verify.session import Session

#: A property is abandoned after this many cases without a report: each costs a whole time-out.
MAX_UNREPORTED = 2


#: Strategy of each property, by the name of its case. All inputs are portable: a client must not
#: fail on a gray input, and the probes phase covers gray ones.
DRAWS: dict[str, Callable[[Contract], SearchStrategy[Any]]] = {
    "property/valid": lambda contract: valid_inputs(contract, portable=True),
    "property/boundary": lambda contract: boundary_inputs(contract, portable=True),
    "property/violating": lambda contract: violating_inputs(contract=contract, portable=True),
}


class _Broken(Exception):  # noqa: N818 - a signal to Hypothesis, never seen outside
    """A draw broke a rule that no earlier round found."""


@dataclass
class _Exploration:
    """One round of draws for one property: it ends when a new rule breaks, or after all draws."""

    session: Session
    planned: PlannedCase
    known: set[str]
    unreported: int = 0
    checked: set[str] = field(default_factory=set)
    smallest: CaseResult | None = None
    rule: str = ""

    def test(self, drawn: Any) -> None:
        """Drive one draw; raise `_Broken` if it breaks a rule that no earlier round found."""
        if self.unreported >= MAX_UNREPORTED:
            return
        constraint = getattr(drawn, "constraint", None)
        planned = replace(
            self.planned,
            input=getattr(drawn, "input", drawn),
            constraint=constraint.key if constraint else None,
        )
        result = self.session.one(planned)
        self.checked |= set(result.checked)
        if result.outcome is not None and result.outcome.kind in (
            "stuck",
            "crashed",
            "could-not-run",
        ):
            self.unreported += 1
        rule = next((f.rule for f in result.broken if self._new(f.rule)), None)
        left_out = result if rule is None else self.smallest
        if left_out is not None:
            self.session.left_out.add(left_out.exchanges)
        if rule is not None:
            self.rule = rule
            self.smallest = replace(
                result, findings=tuple(f for f in result.findings if f.rule == rule)
            )
            raise _Broken(rule)

    def _new(self, rule: str) -> bool:
        """Whether a broken rule is new; while Hypothesis shrinks, only the found rule counts."""
        return rule == self.rule if self.rule else rule not in self.known


def explore(session: Session, cases: Iterable[PlannedCase]) -> Generator[CaseResult, None, None]:
    """Explore properties: one result for each, and one more for each further rule it breaks."""
    for planned in cases:
        yield from _explore(session, planned)


def _explore(session: Session, planned: PlannedCase) -> Iterator[CaseResult]:
    known: set[str] = set()
    while True:
        exploration = _Exploration(session, planned, known)
        _draw(exploration, DRAWS[planned.name](session.contract))
        if exploration.smallest is None:
            break
        name = f"{planned.name}/{exploration.rule}" if known else planned.name
        yield replace(exploration.smallest, name=name)
        known.add(exploration.rule)
    if not known:
        yield _passed(exploration)


def _draw(exploration: _Exploration, strategy: SearchStrategy[Any]) -> None:
    settings = exploration.session.settings
    run = hypothesis.seed(settings.seed)(
        hypothesis.settings(
            max_examples=settings.max_examples,
            database=None,
            deadline=None,
            print_blob=False,
            report_multiple_bugs=False,
            verbosity=hypothesis.Verbosity.quiet,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=tuple(HealthCheck),
        )(hypothesis.given(strategy)(exploration.test))
    )
    try:
        with isolated_hypothesis():
            run()
    except (_Broken, Flaky):
        # The result is in `exploration.smallest`. Flaky: a client need not be deterministic.
        return


def _passed(exploration: _Exploration) -> CaseResult:
    planned, settings = exploration.planned, exploration.session.settings
    return CaseResult(
        name=planned.name,
        phase=planned.phase,
        status="passed",
        expectation=planned.expectation,
        polarity=planned.polarity,
        checked=tuple(sorted(exploration.checked)),
        reason=f"{settings.max_examples} inputs drawn",
        profile=settings.profile,
    )
