"""The width of a terminal, also of one that states none."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from aleph_contract.core.terminal import terminal_width

SHOW = "from aleph_contract.core.terminal import terminal_width; print(terminal_width())"


def test_a_terminal_that_states_no_size_has_80_columns() -> None:
    """As a shell in a container: its terminal has no size until the first change."""
    master, terminal = pty.openpty()
    shown = subprocess.run(
        [sys.executable, "-c", SHOW],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        check=True,
    )
    os.close(terminal)
    assert shown.returncode == 0
    assert os.read(master, 100).split() == [b"80"]
    os.close(master)


@pytest.mark.parametrize(("columns", "width"), [(0, 80), (1, 1), (120, 120)])
def test_the_width_is_never_0(monkeypatch: pytest.MonkeyPatch, columns: int, width: int) -> None:
    size = os.terminal_size((columns, 24))
    monkeypatch.setattr("shutil.get_terminal_size", lambda: size)
    assert terminal_width() == width
