"""What the conformance class for pytest finds: one run of the verifier, told rule by rule."""

from __future__ import annotations

import fcntl
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.core.escaping import escape_controls, join_first, pluralise, truncate
from aleph_contract.core.results import Verification
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import AlephContractError, ArgumentError
from aleph_contract.reports.case_details import Detail, evidence
from aleph_contract.reports.summary import Problem, RuleRow, Summary, summarise
from aleph_contract.reports.terminal import MOST, MOST_COMMAND
from aleph_contract.verify import known_failing
from aleph_contract.verify.runner import Settings, verify_client


@dataclass(frozen=True, slots=True)
class Conformance:
    """One verification.

    Args:
        trouble: Why there was none.
        rules: Of each rule its status (as in `summarise.RuleRow`), and what to say of it.
        books: What is wrong with the run as a whole.
    """

    trouble: str = ""
    rules: dict[str, tuple[str, str]] = field(default_factory=dict)
    books: str = ""


def of(suite: type[Any], shared: Path | None = None) -> Conformance:
    """Verify the client of a conformance class.

    Args:
        suite: The class, a `pytest_plugin.ClientConformance`.
        shared: A folder through which several processes share one verification.
    """
    if shared is None:
        return _verified(suite)
    name = f"{suite.__module__}.{suite.__qualname__}"
    path = shared / f"aleph-contract-{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed, or this process ends
        file.seek(0)
        if known := file.read():
            return Conformance(**json.loads(known))
        found = _verified(suite)
        json.dump(asdict(found), file)
        return found


def _verified(suite: type[Any]) -> Conformance:
    try:
        run = _verify(suite())
    except AlephContractError as error:
        return Conformance(trouble=str(error))
    if run.interrupted:
        raise KeyboardInterrupt
    if run.trouble:
        return Conformance(trouble="; ".join(run.trouble))
    told = summarise(run)
    return Conformance(rules={row.id: _rule(row, told) for row in told.rules}, books=_books(run))


def _verify(suite: Any) -> Verification:
    settings = Settings(
        profile=suite.profile,
        run=_several(suite, "run"),
        skip=_several(suite, "skip"),
        max_examples=suite.max_examples,
        seed=suite.seed,
        timeout=suite.timeout,
        patience=suite.patience,
        require_local_validation=suite.require_local_validation,
        known_failing=known_failing.load(suite.known_failing) if suite.known_failing else None,
    )
    return verify_client(
        PythonDriver(suite.call, jobs=suite.jobs), Contract.load(suite.contract), settings
    )


def _several(suite: Any, name: str) -> tuple[str, ...]:
    globs: Any = getattr(suite, name)
    if isinstance(globs, str):
        raise ArgumentError(f"{type(suite).__name__}.{name} is a tuple of globs: ({globs!r},)")
    return tuple(globs)


def _rule(row: RuleRow, told: Summary) -> tuple[str, str]:
    if row.status == "broken":
        return row.status, _told(next(p for p in told.broken if p.rule.id == row.id))
    if row.status == "expected":
        return row.status, "known failures: " + "; ".join(told.expected)
    if row.status == "advice":
        return row.status, _told(next(p for p in told.advice if p.rule.id == row.id))
    if row.status == "not examined":
        return row.status, "no case that was run could have broken it"
    return row.status, ""


def _told(problem: Problem) -> str:
    row, example = problem.rule, problem.example
    share = f"{len(problem.names):,} of {pluralise(row.examined, 'case')}"
    lines = [
        f"{problem.finding.message}, in {example.name}",
        f"rule: {row.id}, the client {row.sentence}",
        # `again` is a line for a shell; a class has attributes instead
        *(_shown(item) for item in evidence(example, problem.changes) if item.label != "again"),
        f"broken in: {share}" + (f", also {join_first(problem.others)}" if problem.others else ""),
        f"again: run = ({example.name!r},) in the class",
        f"explained: aleph-contract explain {row.id}",
    ]
    return escape_controls("\n".join(lines))


def _shown(item: Detail) -> str:
    limit = MOST_COMMAND if item.kind == "command" else MOST
    lines = [truncate(line, limit) for text in item.lines for line in text.split("\n")]
    if len(lines) == 1:
        return f"{item.label}: {lines[0]}"
    return "\n    ".join((f"{item.label}:", *lines))


def _books(run: Verification) -> str:
    lines = [
        f"{result.name} could not be run: {result.reason}"
        for result in run.results
        if result.status == "could-not-run"
    ]
    lines += [
        f"{name} passed against expectation; take its line out" for name in run.unexpected_passes
    ]
    lines += [f"known failure {pattern} means no case" for pattern in run.stale]
    return escape_controls("\n".join(lines))
