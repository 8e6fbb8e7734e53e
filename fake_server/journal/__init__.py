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
    """The journal that `where` names: `memory`, or `sqlite:PATH` to keep everything.

    Raises:
        ArgumentError: It names neither, or the file cannot be used.
    """
    kind, _, path = where.partition(":")
    if where == "memory":
        return MemoryJournal()
    if kind == "sqlite" and path:
        from fake_server.journal.sqlite import SQLiteJournal  # sqlite3 on demand

        return SQLiteJournal(path)
    raise ArgumentError(f"journal {where!r}: it is memory or sqlite:PATH")
