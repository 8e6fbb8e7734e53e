"""The report of a mutation run for GitHub Actions: annotations, and a step summary."""

from __future__ import annotations

from collections.abc import Iterator

from aleph_contract.mutation.records import MutationRun
from aleph_contract.reports.github import capped, plain, preformatted, table_row, workflow_command
from aleph_contract.reports.mutation.summary import (
    RuleGap,
    change,
    gaps,
    passes,
    remedy,
    sentence,
    settings,
    title,
    total,
    witness,
)


def render(run: MutationRun) -> str:
    """The annotations, one workflow command per line: the score, then each rule with a gap."""
    level = "notice" if passes(run) else "error"
    words = f"{sentence(run)}\n{run.command}\n{settings(run)}"
    score = workflow_command(level, title(run), words)
    warnings = [_annotation(gap) for gap in gaps(run)]
    return "".join(f"{line}\n" for line in (score, *capped(warnings)))


def step_summary(run: MutationRun) -> str:
    """The step summary in GitHub's Markdown: score, classes, each rule with a gap."""
    return "\n".join(_lines(run)) + "\n"


def _annotation(gap: RuleGap) -> str:
    example = gap.missed[0]
    lines = (
        gap.sentence,
        f"Unnoticed: {gap.share}; first: {example.mutant.id}",
        *change(example),
        f"Test: {witness(example)}",
        f"To notice it, {remedy(example)}",
    )
    return workflow_command("warning", gap.id, "\n".join(filter(None, lines)))


def _lines(run: MutationRun) -> Iterator[str]:
    yield f"## {plain(title(run))}: {plain(run.command)}\n"
    yield f"{plain(sentence(run))}.\n"
    yield f"{plain(settings(run))}. {plain(total(run))}.\n"
    found = gaps(run)
    if found:
        yield "| rule | unnoticed | noticed |"
        yield "| --- | --: | --: |"
    for gap in found:
        yield table_row(gap.id, f"{len(gap.missed):,}", f"{gap.noticed:,}")
    for gap in found:
        yield f"\n<details><summary><b>{plain(gap.id)}</b>: {gap.share}</summary>\n"
        yield f"{plain(gap.sentence)}\n"
        yield "<pre>"
        for result in gap.missed:
            yield preformatted(result.mutant.id)
            yield from (f"  {preformatted(line)}" for line in change(result))
            yield f"  test: {preformatted(witness(result))}"
            yield f"  assert: {preformatted(remedy(result))}"
        yield "</pre>\n</details>"
