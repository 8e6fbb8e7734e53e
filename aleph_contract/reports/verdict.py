"""The verdict of a run: one word, one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from aleph_contract.core.escaping import one_line, pluralise
from aleph_contract.core.results import Verification

Word = Literal["conforms", "does-not-conform", "not-checked"]

#: The words as a person reads them.
TITLES: dict[Word, str] = {
    "conforms": "Conforms",
    "does-not-conform": "Does not conform",
    "not-checked": "Could not be checked",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to the run's question."""

    word: Word
    sentence: str

    @property
    def title(self) -> str:
        """The word as a person reads it."""
        return TITLES[self.word]


def verdict(run: Verification, *, broken: int, advised: int) -> Verdict:
    """Judge a run: what could not be carried out is never a pass, nor called a failure.

    Args:
        run: The run.
        broken: How many rules fail the client.
        advised: How many rules have advice.
    """
    name = one_line(run.client.name) or "the client"
    against = list(_against(run, broken))
    obstacles = list(_obstacles(run))
    if obstacles:
        so_far = f"; so far it {', '.join(against)}" if against else ""
        return Verdict("not-checked", ", ".join(obstacles) + so_far)
    if against:
        return Verdict("does-not-conform", f"{name} {', '.join(against)}")
    praise = f"{name} keeps the contract in {pluralise(len(run.results), 'case')}"
    return Verdict("conforms", ", ".join([praise, *_asides(run, advised)]))


def _obstacles(run: Verification) -> Iterator[str]:
    yield from map(one_line, run.trouble)
    if run.interrupted:
        yield f"interrupted after {pluralise(len(run.results), 'case')}"
    if unrun := run.counts["could-not-run"]:
        yield f"{pluralise(unrun, 'case')} could not be run"
    if not (run.results or run.trouble or run.interrupted):
        yield "there was nothing to judge"


def _against(run: Verification, broken: int) -> Iterator[str]:
    if broken:
        failed = f"{run.counts['failed']:,} of {pluralise(len(run.results), 'case')}"
        yield f"breaks {pluralise(broken, 'rule')} in {failed}"
    if run.unexpected_passes:
        yield f"passes {pluralise(len(run.unexpected_passes), 'case')} expected to fail"
    if run.stale:
        yield f"has {pluralise(len(run.stale), 'stale line')} of known failures"


def _asides(run: Verification, advised: int) -> Iterator[str]:
    if expected := run.counts["expected"]:
        yield pluralise(expected, "expected failure")
    if advised:
        yield f"advice on {pluralise(advised, 'rule')}"
