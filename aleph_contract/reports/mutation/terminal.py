"""The report of a mutation run for a terminal or a log; the score is last."""

from __future__ import annotations

from collections.abc import Iterator

from aleph_contract.core.escaping import (
    escape_workflow_commands,
    join_first,
    one_line,
    pluralise,
)
from aleph_contract.mutation.records import MutantResult, MutationRun
from aleph_contract.reports.case_details import Detail
from aleph_contract.reports.mutation.summary import (
    RuleGap,
    call,
    change,
    gaps,
    passes,
    price,
    remedy,
    sentence,
    settings,
    title,
    total,
    unscored,
    witness,
)
from aleph_contract.reports.text import Style, headed, labelled, wrapped

#: Missed mutants that are shown of one rule; the json report has all.
MAX_MUTANTS = 12


def render(run: MutationRun, style: Style | None = None) -> str:
    """The report as text with a final line feed; unwrapped without colours if `style` is None."""
    style = style or Style()
    blocks = [
        _header(run, style),
        *(_gap(gap, style) for gap in gaps(run)),
        _could_not_run(run, style),
        wrapped(total(run), style),
        _verdict(run, style),
    ]
    text = "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))
    return escape_workflow_commands(text) + "\n"


def render_verdict(run: MutationRun, style: Style | None = None) -> str:
    """The verdict alone, for a run whose reports go elsewhere."""
    return escape_workflow_commands("\n".join(_verdict(run, style or Style()))) + "\n"


def _header(run: MutationRun, style: Style) -> Iterator[str]:
    yield from headed(f"aleph-contract mutate: {one_line(run.command)}", "", style, "bold")
    yield from wrapped(settings(run), style)
    for note in run.notes:
        yield from wrapped(f"note: {one_line(note)}", style)


def _gap(gap: RuleGap, style: Style) -> Iterator[str]:
    yield from headed(f"UNNOTICED {gap.id}", f" in {gap.share}", style, "bold", "red")
    yield from wrapped(gap.sentence, style, "  ")
    for result in gap.missed[:MAX_MUTANTS]:
        yield ""
        yield from _missed(result, style)
    if (left := len(gap.missed) - MAX_MUTANTS) > 0:
        yield from wrapped(f"and {pluralise(left, 'more mutant')}", style, "  ")


def _missed(result: MutantResult, style: Style) -> Iterator[str]:
    mutant = result.mutant
    name = f"{mutant.mutation.id} {mutant.subject}".strip()
    details = (
        Detail("mutation", (f"{name}: {mutant.mutation.title}",)),
        Detail("call", (call(result),)),
        Detail("diff", change(result), "exact"),
        Detail("test", (witness(result),)),
        Detail("paid twice", (price(result),) if result.kind == "paid-twice" else ()),
        Detail("to notice", (remedy(result),)),
    )
    for detail in details:
        yield from labelled(detail, style)


def _could_not_run(run: MutationRun, style: Style) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for result in unscored(run):
        reasons.setdefault(result.reason, []).append(result.mutant.id)
    for reason, names in reasons.items():
        head = f"{pluralise(len(names), 'mutant')} could not run: {one_line(reason)}"
        yield from wrapped(head, style)
        yield from wrapped(join_first(names), style, "  ")


def _verdict(run: MutationRun, style: Style) -> Iterator[str]:
    tone = "green" if passes(run) else "yellow" if run.score is None else "red"
    yield from headed(title(run).upper(), f": {sentence(run)}", style, "bold", tone)
