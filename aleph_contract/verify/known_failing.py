"""Expected failures: a file of case names or globs, each with its reason.

With it, CI can verify a client that still has defects. An expected failure that passes, and a line
that matches no case, fail the verification until the line is deleted: so the file only shrinks.
A case that could not be run is never excused.

    # Issues of the HTTP layer
    boundary/seed/minimum/on    # seed 0 is dropped
    fault/rate-limited*         # no retry yet
    rule request.once           # every finding of this rule
    pointer /keyframes          # every finding of a case that probes or alters this member
    rule request.faithful pointer /keyframes/*/at   # the findings that fit both; `*` is any part

A line that names a rule or a pointer is for one cause with many cases. It is stale if it excuses
no finding. `known_failing_writer.py` writes such a file from a verification.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aleph_contract.core.reading import read_file
from aleph_contract.core.results import CaseResult
from aleph_contract.errors import ArgumentError
from aleph_contract.rules import matches
from aleph_contract.rules.diff import diff_exchange

#: A line that names a rule, a place in the input, or both.
_CAUSE = re.compile(r"(?:rule\s+(?P<rule>\S+))?\s*(?:(?:^|(?<=\s))pointer\s+(?P<pointer>.+))?")

_CAUSE_START = ("rule ", "pointer ")

#: A reason starts at the first `#` after white space; a name may contain a `#`.
REASON = re.compile(r"\s+#\s*")


@dataclass(frozen=True, slots=True)
class Line:
    """One expected failure, its reason and its line number.

    Args:
        pattern: A name or glob (`*`, `?`, `[...]`) over the names of cases; or after `rule ` one
            over rule ids, after `pointer ` a JSON Pointer into the input, or first one and then
            the other.
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
        return self.pattern.startswith(_CAUSE_START)

    def excuses(self, rule: str, result: CaseResult) -> bool:
        """Whether the line excuses the finding of a rule in a case."""
        if not self.is_cause:
            return self.matches(result.name)
        cause = _CAUSE.fullmatch(self.pattern)
        if cause is None or (cause["rule"] and not matches(rule, cause["rule"])):
            return False
        pointer = cause["pointer"]
        return pointer is None or any(within(place, pointer) for place in places(result))


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
        text = read_file(path).decode()
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{path}: is not UTF-8 at byte {error.start}") from None
    return KnownFailing(tuple(_lines(text, str(path))), str(path))


def _lines(text: str, source: str) -> Iterable[Line]:
    seen: dict[str, int] = {}
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("#"):
            continue
        pattern, *reason = REASON.split(stripped, maxsplit=1)
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


def within(place: str, pointer: str) -> bool:
    """Whether a JSON Pointer is `pointer` or points into it; `*` in `pointer` is any one part."""
    wanted = pointer.strip().rstrip("/").split("/")
    parts = place.split("/")
    pairs = zip(parts, wanted, strict=False)
    return len(parts) >= len(wanted) and all(want in (part, "*") for part, want in pairs)


def places(result: CaseResult) -> Iterator[str]:
    """JSON Pointers of what the case probes, and of what the client altered in its input."""
    if result.constraint:
        yield f"/{result.constraint}"
    for exchange in result.exchanges:
        yield from (change.pointer for change in diff_exchange(result.intended, exchange))
