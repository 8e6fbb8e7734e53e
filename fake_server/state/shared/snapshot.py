"""An account as one transaction has read it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fake_server.state.account import Account
from fake_server.state.billing import EXACT

#: The columns that a run changes, and their types, in the order of `Snapshot.state`.
CHANGING: dict[str, str] = {
    "spend_limit_lag": "INTEGER",
    "runs": "BIGINT",
    "seconds": "TEXT",
    "usd": "TEXT",
    "unpriced": "BIGINT",
    "doubtful_runs": "BIGINT",
    "doubtful_usd": "TEXT",
    "unknown": "TEXT",
    "last_number": "BIGINT",
    "total": "BIGINT",
    "last_seen": "DOUBLE PRECISION",
}


class Snapshot(Account):
    """An account made from its row, without its scenario.

    Args:
        row: The columns of `account`.
    """

    __slots__ = ("last_number", "row", "total")

    def __init__(self, row: Mapping[str, Any]) -> None:
        parent = row["parent"]
        super().__init__(
            row["id"],
            token=row["token"],
            profile=row["profile"],
            credits=_amount(row["credits"]),
            spend_limit=_amount(row["spend_limit"]),
            spend_limit_lag=row["spend_limit_lag"],
            parent=None if parent is None else Account(parent),
        )
        self.row = row
        self._runs = row["runs"]
        self._seconds = Decimal(row["seconds"])
        self._usd = Decimal(row["usd"])
        self._unpriced = row["unpriced"]
        self._doubtful_runs = row["doubtful_runs"]
        self._doubtful_usd = Decimal(row["doubtful_usd"])
        self._unknown = row["unknown"]
        self.last_number: int = row["last_number"]
        self.total: int = row["total"]
        self.last_seen = row["last_seen"]

    def state(self) -> tuple[Any, ...]:
        """The values of `CHANGING`."""
        return (
            self._lag,
            self._runs,
            str(self._seconds),
            str(self._usd),
            self._unpriced,
            self._doubtful_runs,
            str(self._doubtful_usd),
            self._unknown,
            self.last_number,
            self.total,
            self.last_seen,
        )

    def uncharge(self, seconds: Decimal | None, cost: Decimal) -> None:
        """Take a completed run off the bill."""
        self._runs -= 1
        self._unpriced -= seconds is None
        self._seconds = EXACT.subtract(self._seconds, seconds or Decimal(0))
        self._usd = EXACT.subtract(self._usd, cost)

    def restored(self, state: tuple[Any, ...]) -> Snapshot:
        """The account as it was when it had this state."""
        return Snapshot({**self.row, **dict(zip(CHANGING, state, strict=True))})


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
