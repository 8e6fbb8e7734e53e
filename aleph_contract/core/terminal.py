"""The width of the terminal."""

from __future__ import annotations

import shutil

#: Columns of a terminal that states no size, such as one that `docker run -t` makes.
_DEFAULT = 80


def terminal_width() -> int:
    """The columns of the terminal, or of the variable COLUMNS.

    Python 3.10 returns the 0 of a terminal that states no size.
    """
    return shutil.get_terminal_size().columns or _DEFAULT
