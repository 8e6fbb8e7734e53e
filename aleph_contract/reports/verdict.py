"""The verdict of a verification: one word and one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from aleph_contract.core.escaping import join_first, money, one_line, pluralise
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
    """Whether the client conforms, a sentence with the reasons, and one line of advice."""

    word: Word
    sentence: str
    advice: str = ""
    excused: bool = False

    @property
    def title(self) -> str:
        """The word as a title; it says if failures were expected and therefore not counted."""
        return TITLES[self.word] + (" except for expected failures" if self.excused else "")


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
        return Verdict("not-checked", "; ".join(unchecked) + so_far)
    if failures:
        return Verdict("does-not-conform", f"{name} {', '.join(failures)}")
    if not verification.conformant:
        return Verdict("not-checked", _not_examined(verification))
    total = pluralise(len(verification.results), "case")
    model = one_line(verification.model)
    success = f"{name} keeps the contract of {model} in {verification.examined:,} of {total}"
    return Verdict(
        "conforms",
        ", ".join([success + _profiles(verification), *_remarks(verification, advised)]),
        _profile_advice(verification),
        excused=bool(verification.counts["expected"]),
    )


def _unchecked(verification: Verification) -> Iterator[str]:
    yield from map(one_line, verification.trouble)
    if verification.interrupted:
        yield f"interrupted after {pluralise(len(verification.results), 'case')}"
    if could_not_run := verification.counts["could-not-run"]:
        yield f"{pluralise(could_not_run, 'case')} could not be run"
    if not (verification.results or verification.trouble or verification.interrupted):
        yield "no case was run"


def _not_examined(verification: Verification) -> str:
    """Why a verification without a failure is no proof."""
    skipped = verification.counts["skipped"]
    why = f" (skipped: {pluralise(skipped, 'case')})" if skipped else ""
    if not verification.examined:
        return f"no case examined a rule{why}"
    rules = verification.unexamined
    return f"no case examined {pluralise(len(rules), 'rule')}: {join_first(rules)}{why}"


#: The verdict on the replies of the other profile, as the end of a sentence.
_OTHER_PROFILE = {
    "conforms": " with {own} replies, and with {other} ones",
    "does-not-conform": " with {own} replies, but not with {other} ones",
    "not-checked": " with {own} replies; {other} ones were not tried",
}


def _profiles(verification: Verification) -> str:
    if verification.mode != "verify":
        return ""
    own = verification.profile
    other = "documented" if own == "live" else "live"
    return _OTHER_PROFILE[verification.other_profile].format(own=own, other=other)


def _profile_advice(verification: Verification) -> str:
    """What it costs that the client does not read the live replies; empty if it does."""
    if verification.other_profile != "does-not-conform" or verification.profile == "live":
        return ""
    return (
        "the live service was seen to wrap each reply in an envelope; this client loses the result "
        f"of every run there, after the run was paid for{_paid(verification)}. If the reply has "
        '"success", the run is in its member result: the video of runwayml/aleph-2 is at '
        "result.result.video"
    )


def _paid(verification: Verification) -> str:
    """The price of a run of this verification, in brackets; empty if none has a known price."""
    calls = (x for result in verification.results for x in result.exchanges)
    paid = (x for x in calls if x.cost and x.billed_seconds and x.billed_seconds >= 1)
    run = next(paid, None)
    return f" ({money(run.cost)} for {run.billed_seconds:f} s of video)" if run else ""


def _failures(verification: Verification, broken: int) -> Iterator[str]:
    if broken:
        failed = (
            f"{verification.counts['failed']:,} of {pluralise(len(verification.results), 'case')}"
        )
        yield f"breaks {pluralise(broken, 'rule')} in {failed}"
    if verification.unexpected_passes:
        yield f"passes {pluralise(len(verification.unexpected_passes), 'case')} expected to fail"
    if verification.fail_on == "advice" and (advised := verification.advised):
        yield f"has advice in {pluralise(advised, 'case')} (--fail-on advice)"
    if verification.stale:
        yield f"has {pluralise(len(verification.stale), 'stale line')} in the known-failing file"


def _remarks(verification: Verification, advised: int) -> Iterator[str]:
    if expected := verification.counts["expected"]:
        yield pluralise(expected, "expected failure")
    if advised:
        yield f"advice on {pluralise(advised, 'rule')}"
