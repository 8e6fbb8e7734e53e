"""Progress moves on a terminal and is silent everywhere else."""

from __future__ import annotations

import io

import pytest
import sample_runs as sample

from aleph_contract.reports.progress import Progress
from aleph_contract.verify.runner import CaseFinished, PhaseStarted


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def _play(stream: io.StringIO) -> str:
    progress = Progress(stream)
    progress(PhaseStarted("boundary", 2))
    progress(CaseFinished(sample.DROPPED))
    progress(CaseFinished(sample.ADVISED))
    progress(PhaseStarted("properties", 3))
    progress(CaseFinished(sample.ADVISED))
    progress.close()
    progress.close()
    return stream.getvalue()


def test_a_pipe_sees_nothing() -> None:
    assert _play(io.StringIO()) == ""


def test_a_terminal_sees_phase_and_numbers_and_then_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = _play(Terminal())
    assert "properties" in text
    assert "3 cases, 1 failed" in text
    assert text.endswith("\x1b[2K")


def test_an_event_that_nobody_waited_for_is_no_error() -> None:
    """A run that ends before its first phase closes what never started."""
    Progress(Terminal()).close()
