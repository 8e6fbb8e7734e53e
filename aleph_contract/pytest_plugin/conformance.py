"""Verify the client of a conformance class, and sort the result by rule."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.escaping import escape_controls, join_first, pluralise, truncate
from aleph_contract.core.results import Verification
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import AlephContractError, ArgumentError
from aleph_contract.reports.case_details import Detail, details_of
from aleph_contract.reports.summary import Problem, RuleRow, Summary, summarise
from aleph_contract.reports.text import MAX_COMMAND, MAX_PAYLOAD
from aleph_contract.verify import known_failing
from aleph_contract.verify.fakes import remote_from
from aleph_contract.verify.runner import Settings, verify_client


@dataclass(frozen=True, slots=True)
class Conformance:
    """The result of one verification, as JSON-serialisable text.

    Args:
        trouble: Why the client could not be verified; empty if it was.
        rules: For each rule its status (see `summary.RuleRow`) and the text for the test report.
        unaccounted: The cases that could not be run, the known failures that passed, and those
            that match no case, one per line; empty if there is none.
    """

    trouble: str = ""
    rules: dict[str, tuple[str, str]] = field(default_factory=dict)
    unaccounted: str = ""


def of(suite: type[Any], shared: Path | None = None) -> Conformance:
    """Verify the client of a conformance class.

    Args:
        suite: The class, a `pytest_plugin.ClientConformance`.
        shared: A directory through which several processes share one verification; the first
            process verifies, the others wait and read its result.
    """
    if shared is None:
        return _verified(suite)
    name = f"{suite.__module__}.{suite.__qualname__}"
    path = shared / f"aleph-contract-{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed or the process ends
        file.seek(0)
        if text := file.read():
            return Conformance(**json.loads(text))
        result = _verified(suite)
        json.dump(asdict(result), file)
        return result


def _verified(suite: type[Any]) -> Conformance:
    try:
        verification = _verify(suite())
    except AlephContractError as error:
        return Conformance(trouble=str(error))
    if verification.interrupted:
        raise KeyboardInterrupt
    if verification.trouble:
        return Conformance(trouble="; ".join(verification.trouble))
    summary = summarise(verification)
    return Conformance(
        rules={row.id: _rule(row, summary) for row in summary.rules},
        unaccounted=_unaccounted(verification),
    )


def _verify(suite: Any) -> Verification:
    settings = Settings(
        profile=suite.profile,
        run=_globs(suite, "run"),
        skip=_globs(suite, "skip"),
        max_examples=suite.max_examples,
        seed=suite.seed,
        timeout=suite.timeout,
        patience=suite.patience,
        require_local_validation=suite.require_local_validation,
        known_failing=known_failing.load(suite.known_failing) if suite.known_failing else None,
        remote=remote_from(os.environ),
    )
    return verify_client(PythonDriver(suite.call, jobs=suite.jobs), _contract(suite), settings)


def _globs(suite: Any, name: str) -> tuple[str, ...]:
    globs: Any = getattr(suite, name)
    if isinstance(globs, str):
        raise ArgumentError(f"{type(suite).__name__}.{name} is a tuple of globs: ({globs!r},)")
    return tuple(globs)


def _rule(row: RuleRow, summary: Summary) -> tuple[str, str]:
    if row.status == "broken":
        return row.status, _text(next(p for p in summary.broken if p.rule.id == row.id))
    if row.status == "expected":
        return row.status, "known failures: " + "; ".join(summary.expected)
    if row.status == "advice":
        return row.status, _text(next(p for p in summary.advice if p.rule.id == row.id))
    if row.status == "not examined":
        return row.status, "no case of this run could break the rule"
    return row.status, ""


def _text(problem: Problem) -> str:
    row, example = problem.rule, problem.example
    share = f"{len(problem.names):,} of {pluralise(row.examined, 'case')}"
    lines = [
        f"{problem.finding.message}, in {example.name}",
        f"rule: {row.id}, the client {row.sentence}",
        # `reproduce` is a shell command; in a class, attributes select cases
        *(
            _shown(item)
            for item in details_of(example, problem.changes)
            if item.label != "reproduce"
        ),
        f"broken in: {share}" + (f", also {join_first(problem.others)}" if problem.others else ""),
        f"again: run = ({example.name!r},) in the class",
        f"explained: aleph-contract explain {row.id}",
    ]
    return escape_controls("\n".join(lines))


def _shown(item: Detail) -> str:
    limit = MAX_COMMAND if item.kind == "command" else MAX_PAYLOAD
    lines = [truncate(line, limit) for text in item.lines for line in text.split("\n")]
    if len(lines) == 1:
        return f"{item.label}: {lines[0]}"
    return "\n    ".join((f"{item.label}:", *lines))


def _unaccounted(verification: Verification) -> str:
    lines = [
        f"{result.name} could not be run: {result.reason}"
        for result in verification.results
        if result.status == "could-not-run"
    ]
    lines += [
        f"{name} passed, but is a known failure; delete its line"
        for name in verification.unexpected_passes
    ]
    lines += [
        f"known failure {pattern} matches no case; delete its line"
        for pattern in verification.stale
    ]
    return escape_controls("\n".join(lines))


def _contract(suite: Any) -> Contract:
    paths = suite.contract
    given = [paths] if isinstance(paths, str) else paths or ()
    return ContractSet.load(given).choose(suite.model)
