"""Let Hypothesis drive a client: it draws inputs, and shrinks what breaks a rule.

Each property is explored until nothing new breaks; every rule that breaks comes out once, with
the smallest input that breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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

#: Silent clients cost a whole deadline for each draw: after so many, a property is not explored on.
MAX_SILENT = 2


#: What each property draws, by the name of its case. Only portable inputs: a client must not fail
#: on an input that is gray; the probes cover those.
DRAWS: dict[str, Callable[[Contract], SearchStrategy[Any]]] = {
    "property/valid": lambda contract: valid_inputs(contract, portable=True),
    "property/boundary": lambda contract: boundary_inputs(contract, portable=True),
    "property/violating": lambda contract: violating_inputs(contract=contract, portable=True),
}


class _Broken(Exception):  # noqa: N818 - a signal to Hypothesis, never seen outside
    """A rule was broken that was not known to break."""


@dataclass
class _Exploration:
    """One property, one round of draws until a new rule breaks or the draws are spent."""

    session: Session
    name: str
    known: set[str]
    plan: PlannedCase
    silent: int = 0
    checked: set[str] = field(default_factory=set)
    smallest: CaseResult | None = None
    rule: str = ""

    def test(self, drawn: Any) -> None:
        """Drive one draw; raise if it breaks a rule that is not known to break."""
        if self.silent >= MAX_SILENT:
            return
        constraint = getattr(drawn, "constraint", None)
        plan = replace(
            self.plan,
            input=getattr(drawn, "input", drawn),
            constraint=constraint.key if constraint else None,
        )
        result = self.session.one(plan)
        self.checked |= set(result.checked)
        if result.outcome is not None and result.outcome.kind in ("stuck", "crashed"):
            self.silent += 1
        rule = next((f.rule for f in result.broken if self._new(f.rule)), None)
        if rule is not None:
            self.rule = rule
            self.smallest = replace(
                result, findings=tuple(f for f in result.findings if f.rule == rule)
            )
            raise _Broken(rule)

    def _new(self, rule: str) -> bool:
        """While Hypothesis shrinks, only the rule that it found counts."""
        return rule == self.rule if self.rule else rule not in self.known


def explore(session: Session, plans: Iterable[PlannedCase]) -> Iterator[CaseResult]:
    """Explore properties; one result for each, and one more for each further rule it breaks."""
    if session.settings.max_examples:
        for plan in plans:
            yield from _explore(session, plan)


def _explore(session: Session, plan: PlannedCase) -> Iterator[CaseResult]:
    known: set[str] = set()
    name = plan.name
    while True:
        exploration = _Exploration(session, name, known, plan)
        _draw(exploration, DRAWS[name](session.contract))
        if exploration.smallest is None:
            break
        own = f"{name}/{exploration.rule}" if known else name
        yield replace(exploration.smallest, name=own)
        known.add(exploration.rule)
    if not known:
        yield _kept(session, plan, exploration)


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
        return  # what broke is in `exploration.smallest`; a client need not be deterministic


def _kept(session: Session, plan: PlannedCase, exploration: _Exploration) -> CaseResult:
    count = session.settings.max_examples
    return CaseResult(
        name=plan.name,
        phase=plan.phase,
        status="passed",
        expectation=plan.expectation,
        polarity=plan.polarity,
        checked=tuple(sorted(exploration.checked)),
        reason=f"{count} inputs drawn",
        profile=session.settings.profile,
    )
