"""Expected failures: a file of case names or globs, each with its reason.

It lets a client with known faults be verified in CI from the first day. What it excuses must go on
failing: a case that passes, and a line that matches nothing, fail the run until the line is gone,
so that the file can only shrink. Set-up errors are never excused.

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

#: Reasons stand in a column, as far as names are not longer than this.
_WIDTH = 60

#: A reason starts at the first `#` that follows white space: names may hold a `#` inside.
_REASON = re.compile(r"\s+#\s*")


@dataclass(frozen=True, slots=True)
class Line:
    """One expected failure: a name or glob (`*`, `?`, `[...]`), why, and where it stands."""

    pattern: str
    reason: str
    number: int

    def matches(self, name: str) -> bool:
        """Whether the line means the case of that name; letters count in their case."""
        return name == self.pattern or fnmatchcase(name, self.pattern)


@dataclass(frozen=True, slots=True)
class KnownFailing:
    """The expected failures of one client; the empty one excuses nothing."""

    lines: tuple[Line, ...] = ()
    source: str = ""

    def match(self, name: str) -> str | None:
        """Why the case of that name is expected to fail; `None` when it is not.

        A line that is exactly the name speaks before a glob, an earlier glob before a later one.
        """
        exact = (line for line in self.lines if line.pattern == name)
        globs = (line for line in self.lines if line.matches(name))
        line = next(exact, None) or next(globs, None)
        return None if line is None else line.reason

    def stale(self, names: Iterable[str]) -> tuple[str, ...]:
        """The patterns that mean none of the cases in `names`, as they stand in the file."""
        known = tuple(names)
        return tuple(
            line.pattern for line in self.lines if not any(line.matches(name) for name in known)
        )

    def apply(
        self, results: Sequence[CaseResult], *, whole: bool = True
    ) -> tuple[tuple[CaseResult, ...], tuple[str, ...], tuple[str, ...]]:
        """Excuse what is expected to fail.

        Args:
            results: The cases of a run.
            whole: Whether the run had every case; if not, no line can be called stale.

        Returns:
            The results, expected failures marked with their reason; the names of the cases that
            passed against expectation; the stale patterns.
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
        ArgumentError: The file cannot be read, a line has no reason, or a pattern stands twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{path}: is not UTF-8 at byte {error.start}") from None
    return KnownFailing(tuple(_lines(text, str(path))), str(path))


def write(path: str | Path, run: Verification) -> int:
    """Write the file that excuses every failure of `run`; returns how many cases it names.

    Cases are grouped by the rules they break. What was expected already keeps its reason; what
    could not be run is left out, because set-up errors are never excused.

    Raises:
        ArgumentError: The file cannot be written.
    """
    text, count = render(run)
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be written: {error.strerror}") from None
    return count


def render(run: Verification) -> tuple[str, int]:
    """The text that `write` writes, and how many cases it names."""
    failing = {r.name: r for r in run.results if r.status in ("failed", "expected")}
    innocent = [r.name for r in run.results if r.name not in failing]
    groups = groupby(sorted(failing.values(), key=_rules), key=_rules)
    blocks = [_block(rules, list(results), innocent) for rules, results in groups]
    head = (
        f"# Expected failures of {_line(run.client.name)}: name or glob, then # and why.\n"
        "# A case that passes after all, and a line that matches no case, fail the run.\n"
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
                f"{source} line {number}: {pattern!r} stands already in line {seen[pattern]}"
            )
        seen[pattern] = number
        yield Line(pattern, reason[0], number)


def _rules(result: CaseResult) -> tuple[str, ...]:
    return tuple(sorted({finding.rule for finding in result.broken}))


def _block(rules: tuple[str, ...], results: list[CaseResult], innocent: list[str]) -> str:
    named = ", ".join(rules) or "no rule of this version"
    names = {result.name: _pattern(result.name, innocent) for result in results}
    width = min(max(map(len, names.values())), _WIDTH)
    lines = [f"{names[r.name]:<{width}}  # {_reason(r, named)}" for r in results]
    return "\n".join([f"# {named}", *lines, ""])


def _reason(result: CaseResult, rules: str) -> str:
    if result.status == "expected" and result.reason:
        return _line(result.reason)
    return f"breaks {rules}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _pattern(name: str, innocent: list[str]) -> str:
    """The name itself; what would mean more in it is disarmed only where it would."""
    line = Line(name, "", 0)
    if name.startswith("#") or _REASON.search(name) or any(map(line.matches, innocent)):
        return re.sub(r"([*?\[#])", r"[\1]", name)
    return name
