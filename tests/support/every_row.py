"""One test for a table of hundreds of rows, which reports every row that fails.

pytest takes 2 ms of CPU time for a test under xdist, more than most of these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Row = TypeVar("Row")


def check_every(
    rows: Iterable[Row], check: Callable[[Row], None], name: Callable[[Row], str]
) -> None:
    """Call `check` with each row.

    Raises:
        AssertionError: The names of the rows for which `check` raised, each with its error.
    """
    failed = []
    count = 0
    for row in rows:
        count += 1
        try:
            check(row)
        except Exception as error:  # noqa: BLE001 - every error is reported
            failed.append(f"{name(row)}: {type(error).__name__}: {error}")
    assert count, "the table is empty"
    assert not failed, "\n\n".join([f"{len(failed)} of {count} rows fail", *failed])
