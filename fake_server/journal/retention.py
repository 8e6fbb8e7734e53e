"""Which exchanges a journal keeps, by age and by count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aleph_contract.errors import ArgumentError

#: Seconds of each unit of an age.
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

_VALUE = re.compile(r"([1-9][0-9]{0,11})([smhd]?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Keep:
    """Which exchanges are kept.

    Args:
        seconds: Those that are younger; `None` is no bound.
        count: The newest of each account; `None` is no bound.
    """

    seconds: int | None = None
    count: int | None = None


KEEP_ALL = Keep()


def parse_keep(given: Iterable[str]) -> Keep:
    """Parse the values of `--keep`: an age such as `7d`, a count such as `10000`, or both.

    Raises:
        ArgumentError: A value is neither, or one kind is given twice.
    """
    found: dict[str, int] = {}
    for value in given:
        match = _VALUE.fullmatch(value)
        if match is None:
            raise ArgumentError(
                f"keep is an age such as 30m, 12h or 7d, or a number of exchanges of each account "
                f"such as 10000, not {value!r}"
            )
        kind = "seconds" if match[2] else "count"
        if kind in found:
            raise ArgumentError(f"keep has two {'ages' if match[2] else 'counts'}; give one")
        found[kind] = int(match[1]) * _UNITS.get(match[2], 1)
    return Keep(**found)
