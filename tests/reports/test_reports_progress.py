"""Progress is shown on a terminal and nowhere else."""

from __future__ import annotations

import io

import pytest
import sample_runs as sample

from aleph_contract.reports.progress import Progress
from aleph_contract.verify.runner import CaseFinished, PhaseStarted


class Terminal(io.StringIO):
    """A stream whose `isatty` is true."""

    def isatty(self) -> bool:
        return True


def _play(stream: io.StringIO) -> str:
    progress = Progress(stream)
    progress(PhaseStarted("boundary", 2, 5))
    progress(CaseFinished(sample.DROPPED))
    progress(CaseFinished(sample.ADVISED))
    progress(PhaseStarted("properties", 3, 5))
    progress(CaseFinished(sample.ADVISED))
    progress.close()
    progress.close()
    return stream.getvalue()


def test_nothing_is_written_to_a_pipe() -> None:
    assert _play(io.StringIO()) == ""


def test_a_terminal_gets_phase_and_numbers_and_a_cleared_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = _play(Terminal())
    assert "properties" in text
    assert "boundary" in text
    assert "3 of 5 cases, 1 failed" in text
    assert "left" in text
    assert text.endswith("\x1b[2K")


def test_close_before_the_first_phase_is_no_error() -> None:
    """A run may end before its first phase."""
    Progress(Terminal()).close()
