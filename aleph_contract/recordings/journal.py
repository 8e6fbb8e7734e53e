"""Read the journal that `serve --journal sqlite:PATH` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from aleph_contract.core.exchange import Exchange
from aleph_contract.recordings.recorded_call import Entry, RecordedExchange
from aleph_contract.rules.server_table import SERVER_RULES
from fake_server.journal import sqlite
from fake_server.replies.outcomes import NOT_ANSWERED

#: Why the server is not judged.
SCRIPTED = "a scenario of the fake scripted the reply"
NOT_SENT = "the fake did not get this reply from its upstream"


def read_journal(path: Path) -> Iterator[Entry]:
    """The exchanges of a journal, one account after the other.

    Raises:
        sqlite3.Error: The file is no journal, or is damaged.
    """
    for exchange in sqlite.read_file(path):
        place = f"call {exchange.number} of account {exchange.account or '(none)'}"
        yield RecordedExchange(exchange, place, not_of_a_server(exchange))


def not_of_a_server(exchange: Exchange) -> Mapping[str, str]:
    """The server rules with the reason, if a fake made the reply in place of the server."""
    if exchange.fault:
        return dict.fromkeys(SERVER_RULES, SCRIPTED)
    return dict.fromkeys(SERVER_RULES, NOT_SENT) if exchange.outcome in NOT_ANSWERED else {}
