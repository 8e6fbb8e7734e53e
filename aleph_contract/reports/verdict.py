"""The verdict of a verification: one word and one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from aleph_contract.core.escaping import one_line, pluralise
from aleph_contract.core.results import Verification

Word = Literal["conforms", "does-not-conform", "not-checked"]

#: The words as titles.
TITLES: dict[Word, str] = {
    "conforms": "Conforms",
    "does-not-conform": "Does not conform",
    "not-checked": "Could not be checked",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the client conforms, and a sentence with the reasons."""

    word: Word
    sentence: str

    @property
    def title(self) -> str:
        """The word as a title."""
        return TITLES[self.word]


def verdict(verification: Verification, *, broken: int, advised: int) -> Verdict:
    """Judge a verification; if a part of it could not run, the verdict is `not-checked`.

    Args:
        verification: The verification.
        broken: Number of rules that fail the client.
        advised: Number of rules with advice.
    """
    name = one_line(verification.client.name) or "the client"
    failures = list(_failures(verification, broken))
    unchecked = list(_unchecked(verification))
    if unchecked:
        so_far = f"; so far it {', '.join(failures)}" if failures else ""
        return Verdict("not-checked", ", ".join(unchecked) + so_far)
    if failures:
        return Verdict("does-not-conform", f"{name} {', '.join(failures)}")
    success = f"{name} keeps the contract in {pluralise(len(verification.results), 'case')}"
    return Verdict("conforms", ", ".join([success, *_remarks(verification, advised)]))


def _unchecked(verification: Verification) -> Iterator[str]:
    yield from map(one_line, verification.trouble)
    if verification.interrupted:
        yield f"interrupted after {pluralise(len(verification.results), 'case')}"
    if could_not_run := verification.counts["could-not-run"]:
        yield f"{pluralise(could_not_run, 'case')} could not be run"
    if not (verification.results or verification.trouble or verification.interrupted):
        yield "no case was run"


def _failures(verification: Verification, broken: int) -> Iterator[str]:
    if broken:
        failed = (
            f"{verification.counts['failed']:,} of {pluralise(len(verification.results), 'case')}"
        )
        yield f"breaks {pluralise(broken, 'rule')} in {failed}"
    if verification.unexpected_passes:
        yield f"passes {pluralise(len(verification.unexpected_passes), 'case')} expected to fail"
    if verification.stale:
        yield f"has {pluralise(len(verification.stale), 'stale line')} in the known-failing file"


def _remarks(verification: Verification, advised: int) -> Iterator[str]:
    if expected := verification.counts["expected"]:
        yield pluralise(expected, "expected failure")
    if advised:
        yield f"advice on {pluralise(advised, 'rule')}"
