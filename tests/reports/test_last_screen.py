"""The end of the terminal report: causes in one screen, the verdict, and the next command."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sample_runs as sample

from aleph_contract.core.results import Verification
from aleph_contract.reports.last_screen import MAX_LINES
from aleph_contract.reports.terminal import render
from aleph_contract.reports.text import Style


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


def test_the_verdict_is_last_and_then_the_command_to_run_next() -> None:
    assert render(sample.PASSING).splitlines()[-1].startswith("CONFORMS: aleph-client keeps")
    verdict, command = render(sample.FAILING).split("\n\n")[-1].splitlines()
    assert verdict.startswith("DOES NOT CONFORM: aleph-client breaks 3 rules in 4 of 9 cases")
    assert command == f"next: {sample.DROPPED.reproduce}"


def test_the_command_to_run_next_explains_the_rule_if_no_case_can_be_repeated() -> None:
    assert render(sample.PASSIVE).endswith("\nnext: aleph-contract explain request.once\n")


def test_a_case_that_could_not_run_is_run_next() -> None:
    assert render(sample.TROUBLED).splitlines()[-1] == f"next: {sample.UNKNOWN_REPLY.reproduce}"


def _many(count: int) -> Verification:
    words = ["".join(chr(ord("a") + int(digit)) for digit in str(n)) for n in range(count)]
    return sample.run(
        *(
            replace(
                sample.REFUSED,
                name=f"boundary/{word}",
                findings=sample.must("boundary.accepted", f"the word {word} " + "is wrong " * 9),
            )
            for word in words
        ),
        phases=sample.FAILING.phases,
        coverage=sample.FAILING.coverage,
        notes=("a note",),
    )


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("count", [1, 3, 12, 13, 14, 15, 200])
def test_the_summary_fits_on_one_screen(count: int, width: int) -> None:
    screen = render(_many(count), Style(width)).partition("\nsummary\n")[2].splitlines()
    rows = 1 + sum(max(1, -(-len(line) // width)) for line in screen)
    assert rows <= MAX_LINES
    listed = sum(line.startswith("BROKEN boundary.accepted: ") for line in screen)
    more = re.search("… and ([0-9]+) more causes?, above", "\n".join(screen))
    assert listed + int(more[1] if more else 0) == count
    assert listed >= min(count, 10)


def test_a_cause_is_whole_if_the_screen_has_room_for_it() -> None:
    """One cause is wrapped, with its case at the end; of many, each is cut to a row."""

    def summary(count: int) -> str:
        return render(_many(count), Style(60)).partition("\nsummary\n")[2]

    one, many = summary(1), summary(12)
    assert one.startswith("BROKEN boundary.accepted: ")
    assert "…" not in one
    assert one.partition("\n\n")[0].endswith(")")
    assert len(one.partition("\n\n")[0].splitlines()) > 1
    assert len(many.partition("\n\n")[0].splitlines()) == 12
