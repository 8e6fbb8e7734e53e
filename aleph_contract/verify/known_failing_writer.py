"""Write the known-failing file of a verification: a line for each cause, a name for each odd case.

A cause is a rule and a place in the input that at least two failing cases share. Example: a client
that drops `seed: 0` breaks `request.faithful` in 40 cases, and one line says so:

    rule request.faithful pointer /seed  # 40 cases: breaks request.faithful
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from aleph_contract.core.escaping import pluralise
from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.rules.diff import diff_exchange
from aleph_contract.verify.known_failing import REASON, Line, within

#: Largest column of names in a written file; the reasons are aligned after it.
_MAX_COLUMN = 60

#: Fewest cases of a line that names a rule alone. It also excuses every later finding of the rule,
#: so a few cases are named instead.
_RULE_ALONE = 5

#: Most places of one rule that get a line each; a rule broken at more of them has a wider cause.
_MAX_PLACES = 8

#: Rules about the input, whose findings have a place in it.
_INPUT_RULES = ("boundary.", "request.faithful", "request.valid")

_INDEX = re.compile(r"/\d+(?=/|$)")


def write(path: str | Path, verification: Verification) -> int:
    """Write the file that expects every failure of a verification; returns the number of cases.

    Lines for causes come first, then names of cases, grouped by the rules they break. Failures that
    were expected before keep their reason. Cases that could not be run are left out: they are never
    excused.

    Raises:
        ArgumentError: The file cannot be written.
    """
    text, count = render(verification)
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be written: {error.strerror}") from None
    return count


def render(verification: Verification) -> tuple[str, int]:
    """The text that `write` writes, and the number of cases in it."""
    failing = {r.name: r for r in verification.results if r.status in ("failed", "expected")}
    others = [r.name for r in verification.results if r.name not in failing]
    causes = _causes(failing.values())
    named = [result for result in failing.values() if not _is_excused(causes, result)]
    causes = _used(causes, (r for r in failing.values() if r not in named))
    groups = groupby(sorted(named, key=_rules), key=_rules)
    blocks = [_block(rules, list(results), others) for rules, results in groups]
    if causes:
        blocks.insert(0, _lines_of((line.pattern, line.reason) for line in causes))
    client = _one_line(verification.client.name)
    head = (
        f"# Expected failures of {client}: name, glob, rule or pointer, then # and the reason.\n"
        "# A listed case that passes, and a line that matches nothing, fail the verification.\n"
    )
    return "\n".join([head, *blocks]), len(failing)


def _causes(failing: Iterable[CaseResult]) -> tuple[Line, ...]:
    """A line for each cause: those with a place first, for a rule alone is always wider."""
    by_rule: dict[str, list[CaseResult]] = {}
    for result in failing:
        if not _has_own_reason(result):
            for rule in _rules(result):
                by_rule.setdefault(rule, []).append(result)
    placed: list[Line] = []
    alone: list[Line] = []
    for rule, results in sorted(by_rule.items()):
        left = {result.name: _places(rule, result) for result in results}
        covered = list(_cover(left))
        elsewhere = len(left) if len(left) >= _RULE_ALONE else 0
        if len(covered) > _MAX_PLACES or elsewhere > sum(count for _, count in covered):
            alone.append(Line(f"rule {rule}", _why(rule, len(results)), 0))
            continue
        for place, count in covered:
            placed.append(Line(f"rule {rule} pointer {place}", _why(rule, count), 0))
        if elsewhere:
            alone.append(Line(f"rule {rule}", _why(rule, elsewhere), 0))
    return (*placed, *alone)


def _cover(left: dict[str, frozenset[str]]) -> Iterator[tuple[str, int]]:
    """Places that cover the cases, the most frequent one first; covered cases are removed.

    Args:
        left: Name of a case -> the places that its finding may be about.
    """
    while True:
        counted = Counter(place for found in left.values() for place in found)
        place, count = min(
            counted.items(), key=lambda item: (-item[1], len(item[0]), item[0]), default=("", 0)
        )
        if count < 2:  # noqa: PLR2004 - a cause of one case is named by that case
            return
        covered = [name for name, found in left.items() if any(within(p, place) for p in found)]
        for name in covered:
            del left[name]
        yield place, len(covered)


def _places(rule: str, result: CaseResult) -> frozenset[str]:
    """The places that the client altered, else the constraint that the case probes.

    None for a rule that is not about the input. An item of a list stands for every item.
    """
    if not rule.startswith(_INPUT_RULES):
        return frozenset()
    changes = (c for exchange in result.exchanges for c in diff_exchange(result.intended, exchange))
    altered = frozenset(_INDEX.sub("/*", change.pointer) for change in changes if change.pointer)
    constraint = frozenset([f"/{result.constraint}"] if result.constraint else [])
    return frozenset(place for place in altered or constraint if _is_writable(place))


def _is_writable(place: str) -> bool:
    """Whether a line of the file can hold the place."""
    return place == place.strip().rstrip("/") and not REASON.search(place) and place.isprintable()


def _used(causes: tuple[Line, ...], failing: Iterable[CaseResult]) -> tuple[Line, ...]:
    """The lines that excuse a finding: a line that excuses none would be stale at once."""
    used: set[str] = set()
    for result in failing:
        for finding in result.broken:
            line = next((line for line in causes if line.excuses(finding.rule, result)), None)
            used |= {line.pattern} if line else set()
    return tuple(line for line in causes if line.pattern in used)


def _is_excused(causes: Sequence[Line], result: CaseResult) -> bool:
    """Whether lines for causes excuse every finding of a case, and it has no reason of its own."""
    if _has_own_reason(result) or not result.broken:
        return False
    return all(
        any(line.excuses(finding.rule, result) for line in causes) for finding in result.broken
    )


def _has_own_reason(result: CaseResult) -> bool:
    """Whether the case was expected to fail, for a reason that the user wrote."""
    return result.status == "expected" and "breaks " not in result.reason


def _why(rule: str, count: int) -> str:
    return f"{pluralise(count, 'case')}: breaks {rule}"


def _rules(result: CaseResult) -> tuple[str, ...]:
    return tuple(sorted({finding.rule for finding in result.broken}))


def _block(rules: tuple[str, ...], results: Sequence[CaseResult], others: list[str]) -> str:
    named = ", ".join(rules) or "no rule of this version"
    lines = ((_pattern(result.name, others), _reason(result, named)) for result in results)
    return f"# {named}\n{_lines_of(lines)}"


def _lines_of(pairs: Iterable[tuple[str, str]]) -> str:
    """Lines of pattern and reason; the reasons are aligned."""
    known = tuple(pairs)
    width = min(max(len(pattern) for pattern, _ in known), _MAX_COLUMN)
    return "".join(f"{pattern:<{width}}  # {reason}\n" for pattern, reason in known)


def _reason(result: CaseResult, rules: str) -> str:
    if result.status == "expected" and result.reason:
        return _one_line(result.reason)
    return f"breaks {rules}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _pattern(name: str, others: list[str]) -> str:
    """The name as a pattern; glob characters are escaped if it would match another case too."""
    line = Line(name, "", 0)
    if name.startswith("#") or REASON.search(name) or any(map(line.matches, others)):
        return re.sub(r"([*?\[#])", r"[\1]", name)
    return name
