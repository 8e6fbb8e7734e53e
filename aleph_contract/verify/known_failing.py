"""Expected failures: a file of case names or globs, each with its reason.

With it, CI can verify a client that still has defects. An expected failure that passes, and a line
that matches no case, fail the verification until the line is deleted: so the file only shrinks.
A case that could not be run is never excused.

    # Issues of the HTTP layer
    boundary/seed/minimum/on    # seed 0 is dropped
    fault/rate-limited*         # no retry yet
    rule request.once           # every finding of this rule
    pointer /keyframes          # every finding of a case that probes or alters this member

A line that names a rule or a pointer is for one cause with many cases. It is stale if it excuses
no finding.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.rules import matches
from aleph_contract.rules.diff import diff_exchange

#: Largest column of names in a written file; the reasons are aligned after it.
_MAX_COLUMN = 60

#: Start of a line that names a rule, and of one that names a place in the input.
_RULE, _POINTER = "rule ", "pointer "

#: A reason starts at the first `#` after white space; a name may contain a `#`.
_REASON = re.compile(r"\s+#\s*")


@dataclass(frozen=True, slots=True)
class Line:
    """One expected failure, its reason and its line number.

    Args:
        pattern: A name or glob (`*`, `?`, `[...]`) over the names of cases; or over rule ids after
            `rule `; or after `pointer ` a JSON Pointer into the input.
        reason: Why it is expected.
        number: The number of the line.
    """

    pattern: str
    reason: str
    number: int

    def matches(self, name: str) -> bool:
        """Whether the line matches the name of a case; upper and lower case differ."""
        return name == self.pattern or matches(name, self.pattern)

    @property
    def is_cause(self) -> bool:
        """Whether the line names a rule or a pointer instead of cases."""
        return self.pattern.startswith((_RULE, _POINTER))

    def excuses(self, rule: str, result: CaseResult) -> bool:
        """Whether the line excuses the finding of a rule in a case."""
        if self.pattern.startswith(_RULE):
            return matches(rule, self.pattern.removeprefix(_RULE).strip())
        if self.pattern.startswith(_POINTER):
            pointer = self.pattern.removeprefix(_POINTER).strip().rstrip("/")
            return any(f"{place}/".startswith(f"{pointer}/") for place in _places(result))
        return self.matches(result.name)


@dataclass(frozen=True, slots=True)
class KnownFailing:
    """The expected failures of one client."""

    lines: tuple[Line, ...] = ()
    source: str = ""

    def match(self, name: str) -> str | None:
        """The reason why a case is expected to fail; `None` if it is not.

        A line that equals the name comes before a glob, and an earlier glob before a later one.
        """
        names = [line for line in self.lines if not line.is_cause]
        exact = (line for line in names if line.pattern == name)
        globs = (line for line in names if line.matches(name))
        line = next(exact, None) or next(globs, None)
        return None if line is None else line.reason

    def stale(self, names: Iterable[str], used: Collection[str] = ()) -> tuple[str, ...]:
        """The lines that match none of the names, in the order of the file.

        Args:
            names: The names of all cases.
            used: The patterns of the lines that name a rule or a pointer, and excused a finding.
        """
        known = tuple(names)
        return tuple(
            line.pattern
            for line in self.lines
            if line.pattern not in used
            and (line.is_cause or not any(line.matches(name) for name in known))
        )

    def apply(
        self, results: Sequence[CaseResult], *, whole: bool = True
    ) -> tuple[tuple[CaseResult, ...], tuple[str, ...], tuple[str, ...]]:
        """Mark the failures that are expected.

        Args:
            results: The judged cases.
            whole: Whether every case was run; only then can a line be stale.

        Returns:
            The results, with status `expected` and the reason for each expected failure; the
            names of the cases that passed unexpectedly; the stale patterns.
        """
        used: set[str] = set()
        marked = tuple(self._marked(result, used) for result in results)
        names = tuple(result.name for result in results)
        unexpected = tuple(
            result.name
            for result in results
            if result.status == "passed" and self.match(result.name) is not None
        )
        return marked, unexpected, self.stale(names, used) if whole else ()

    def _marked(self, result: CaseResult, used: set[str]) -> CaseResult:
        """The result, `expected` if each of its must findings is excused by a line."""
        if result.status != "failed":
            return result
        reason = self.match(result.name)
        if reason is None:
            lines = [self._cause(finding.rule, result) for finding in result.broken]
            known = [line for line in lines if line is not None]
            if not lines or len(known) < len(lines):
                return result
            used |= {line.pattern for line in known}
            reason = "; ".join(dict.fromkeys(line.reason for line in known))
        return replace(result, status="expected", reason=reason)

    def _cause(self, rule: str, result: CaseResult) -> Line | None:
        causes = (line for line in self.lines if line.is_cause)
        return next((line for line in causes if line.excuses(rule, result)), None)


def load(path: str | Path) -> KnownFailing:
    """Read a file of expected failures.

    Raises:
        ArgumentError: The file cannot be read, a line has no reason, or a pattern is there twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{path}: is not UTF-8 at byte {error.start}") from None
    return KnownFailing(tuple(_lines(text, str(path))), str(path))


def write(path: str | Path, verification: Verification) -> int:
    """Write the file that expects every failure of a verification; returns the number of cases.

    Cases are grouped by the rules they break. Failures that were expected before keep their
    reason. Cases that could not be run are left out: they are never excused.

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
    groups = groupby(sorted(failing.values(), key=_rules), key=_rules)
    blocks = [_block(rules, list(results), others) for rules, results in groups]
    client = _one_line(verification.client.name)
    head = (
        f"# Expected failures of {client}: name or glob, then # and the reason.\n"
        "# A listed case that passes, and a line that matches no case, fail the verification.\n"
    )
    return "\n".join([head, *blocks]), len(failing)


def _lines(text: str, source: str) -> Iterable[Line]:
    seen: dict[str, int] = {}
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("#"):
            continue
        pattern, *reason = _REASON.split(stripped, maxsplit=1)
        if not reason or not reason[0]:
            raise ArgumentError(
                f"{source} line {number}: {pattern!r} has no reason; "
                f"write why it is expected to fail: {pattern}  # reason"
            )
        if pattern in seen:
            raise ArgumentError(
                f"{source} line {number}: {pattern!r} is already in line {seen[pattern]}"
            )
        seen[pattern] = number
        yield Line(pattern, reason[0], number)


def _places(result: CaseResult) -> Iterator[str]:
    """JSON Pointers of what the case probes, and of what the client altered in its input."""
    if result.constraint:
        yield f"/{result.constraint}"
    for exchange in result.exchanges:
        yield from (change.pointer for change in diff_exchange(result.intended, exchange))


def _rules(result: CaseResult) -> tuple[str, ...]:
    return tuple(sorted({finding.rule for finding in result.broken}))


def _block(rules: tuple[str, ...], results: list[CaseResult], others: list[str]) -> str:
    named = ", ".join(rules) or "no rule of this version"
    names = {result.name: _pattern(result.name, others) for result in results}
    width = min(max(map(len, names.values())), _MAX_COLUMN)
    lines = [f"{names[r.name]:<{width}}  # {_reason(r, named)}" for r in results]
    return "\n".join([f"# {named}", *lines, ""])


def _reason(result: CaseResult, rules: str) -> str:
    if result.status == "expected" and result.reason:
        return _one_line(result.reason)
    return f"breaks {rules}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _pattern(name: str, others: list[str]) -> str:
    """The name as a pattern; glob characters are escaped if it would match another case too."""
    line = Line(name, "", 0)
    if name.startswith("#") or _REASON.search(name) or any(map(line.matches, others)):
        return re.sub(r"([*?\[#])", r"[\1]", name)
    return name
