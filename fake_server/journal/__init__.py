"""The journal: every exchange of every account, in order."""

from __future__ import annotations

from aleph_contract.errors import ArgumentError
from fake_server.journal.base import EVERYTHING, Filter, Journal, Tally
from fake_server.journal.listeners import PendingExchange, built
from fake_server.journal.memory import MemoryJournal
from fake_server.journal.waiting import wait_for, wait_for_async

__all__ = [
    "EVERYTHING",
    "Filter",
    "Journal",
    "MemoryJournal",
    "PendingExchange",
    "Tally",
    "built",
    "open_journal",
    "wait_for",
    "wait_for_async",
]


def open_journal(where: str) -> Journal:
    """Open a journal.

    Args:
        where: `memory`, or `sqlite:PATH` to keep every exchange.

    Raises:
        ArgumentError: It is neither, or the file cannot be used.
    """
    kind, _, path = where.partition(":")
    if where == "memory":
        return MemoryJournal()
    if kind == "sqlite" and path:
        from fake_server.journal.sqlite import SQLiteJournal  # imports sqlite3 only when used

        return SQLiteJournal(path)
    raise ArgumentError(f"journal {where!r}: it is memory or sqlite:PATH")
