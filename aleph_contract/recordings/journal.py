"""Read the journal that `serve --journal sqlite:PATH` writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aleph_contract.recordings.recorded_call import Entry, RecordedExchange
from aleph_contract.rules.server_table import SERVER_RULES
from fake_server.journal import sqlite

#: Why the server is not judged.
SCRIPTED = "a scenario of the fake scripted the reply"


def read_journal(path: Path) -> Iterator[Entry]:
    """The exchanges of a journal, one account after the other.

    Raises:
        sqlite3.Error: The file is no journal, or is damaged.
    """
    scripted = dict.fromkeys(SERVER_RULES, SCRIPTED)
    for exchange in sqlite.read_file(path):
        place = f"call {exchange.number} of account {exchange.account or '(none)'}"
        yield RecordedExchange(exchange, place, scripted if exchange.fault else {})
