"""Expected failures: a file of case names or globs, each with its reason.

With it, CI can verify a client that still has defects. An expected failure that passes, and a line
that matches no case, fail the verification until the line is deleted: so the file only shrinks.
A case that could not be run is never excused.

    # Issues of the HTTP layer
    boundary/seed/minimum/on    # seed 0 is dropped
    fault/rate-limited*         # no retry yet
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.rules import canonical

#: Largest column of names in a written file; the reasons are aligned after it.
_MAX_COLUMN = 60

#: A reason starts at the first `#` after white space; a name may contain a `#`.
_REASON = re.compile(r"\s+#\s*")


@dataclass(frozen=True, slots=True)
class Line:
    """One expected failure: a name or glob (`*`, `?`, `[...]`), the reason, the line number."""

    pattern: str
    reason: str
    number: int

    def matches(self, name: str) -> bool:
        """Whether the line matches the name of a case; upper and lower case differ."""
        return name == self.pattern or fnmatchcase(name, canonical(self.pattern))


@dataclass(frozen=True, slots=True)
class KnownFailing:
    """The expected failures of one client."""

    lines: tuple[Line, ...] = ()
    source: str = ""

    def match(self, name: str) -> str | None:
        """The reason why a case is expected to fail; `None` if it is not.

        A line that equals the name comes before a glob, and an earlier glob before a later one.
        """
        exact = (line for line in self.lines if line.pattern == name)
        globs = (line for line in self.lines if line.matches(name))
        line = next(exact, None) or next(globs, None)
        return None if line is None else line.reason

    def stale(self, names: Iterable[str]) -> tuple[str, ...]:
        """The patterns that match none of the names, in the order of the file."""
        known = tuple(names)
        return tuple(
            line.pattern for line in self.lines if not any(line.matches(name) for name in known)
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
        marked = tuple(self._marked(result) for result in results)
        names = tuple(result.name for result in results)
        unexpected = tuple(
            result.name
            for result in results
            if result.status == "passed" and self.match(result.name) is not None
        )
        return marked, unexpected, self.stale(names) if whole else ()

    def _marked(self, result: CaseResult) -> CaseResult:
        reason = self.match(result.name) if result.status == "failed" else None
        return result if reason is None else replace(result, status="expected", reason=reason)


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
