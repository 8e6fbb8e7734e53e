"""The journal in SQLite: committed before the response, continued, locked against other fakes."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from journals import EXCHANGE, numbers, put

from aleph_contract.core.body_start import START, BodyStart
from aleph_contract.errors import ArgumentError
from fake_server.journal import open_journal, sqlite_starts
from fake_server.journal.base import Filter
from fake_server.journal.sqlite import SQLiteJournal
from fake_server.journal.sqlite_starts import BODIES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal may be kept."""
    return tmp_path / "journal.db"


def test_a_file_is_continued(path: Path) -> None:
    journal = open_journal(f"sqlite:{path}")
    put(journal)
    put(journal, "b")
    journal.clear("b")
    journal.clear("new")
    journal.close()
    journal = open_journal(f"sqlite:{path}")
    assert put(journal).number == 2
    assert put(journal, "b").number == 2
    assert put(journal, "new").number == 1
    assert numbers(journal) == [1, 2]
    journal.close()


def test_a_file_is_read_by_others_while_the_fake_runs(path: Path) -> None:
    journal = SQLiteJournal(path)
    put(journal)
    other = sqlite3.connect(path)
    assert other.execute("SELECT account, number, cost FROM exchange").fetchall() == [
        ("a", 1, "1.7136")
    ]
    put(journal)
    assert other.execute("SELECT count(*) FROM exchange").fetchone() == (2,)
    assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    other.close()
    journal.close()


def test_the_awaitable_is_done_when_the_exchange_is_in_the_file(path: Path) -> None:
    async def scenario() -> list[int]:
        journal = SQLiteJournal(path)
        reader = sqlite3.connect(path)
        seen = []
        for _ in range(3):
            number = journal.arrive("a")
            committed = journal.append("a", number, replace(EXCHANGE, number=number), 1)
            assert committed is not None
            await committed
            seen += [reader.execute("SELECT count(*) FROM exchange").fetchone()[0]]
        reader.close()
        journal.close()
        return seen

    assert asyncio.run(scenario()) == [1, 2, 3]


def test_exchanges_that_arrive_during_a_commit_share_the_next(path: Path) -> None:
    """This bounds the number of commits under load."""
    commits: list[str] = []

    async def scenario() -> None:
        journal = SQLiteJournal(path)
        journal._connection.set_trace_callback(
            lambda statement: commits.append(statement) if statement == "COMMIT" else None
        )
        waiting = []
        for _ in range(200):
            number = journal.arrive("a")
            committed = journal.append("a", number, replace(EXCHANGE, number=number), 1)
            assert committed is not None
            waiting.append(committed)
        await asyncio.gather(*waiting)
        journal.close()

    asyncio.run(scenario())
    assert len(commits) < 100


def test_a_failed_write_raises_in_the_awaitable(path: Path) -> None:
    journal = SQLiteJournal(path)
    put(journal)
    with pytest.raises(sqlite3.IntegrityError):
        journal.append("a", 1, EXCHANGE, 1)
    put(journal)
    assert numbers(journal) == [1, 2], "and the next one is written"
    journal.close()


def foreign(path: Path) -> None:
    """An SQLite file of another program."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def newer(path: Path) -> None:
    """A journal written by a later version."""
    SQLiteJournal(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "unable to open"),
        (lambda path: path.write_text("no database, but text" * 100), "not a database"),
        (foreign, "belongs to another program"),
        (newer, "version 99"),
    ],
)
def test_a_file_that_is_not_a_journal_is_refused(
    path: Path, make: Callable[[Path], object], message: str
) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(ArgumentError, match=message) as raised:
        SQLiteJournal(path)
    assert str(path) in str(raised.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_journal_of_the_first_version_is_continued(path: Path) -> None:
    journal = SQLiteJournal(path)
    put(journal)
    journal.close()
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE exchange DROP COLUMN token_fingerprint")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    journal = SQLiteJournal(path)
    put(journal)
    assert [x.token_fingerprint for x in journal.exchanges("a")] == ["", EXCHANGE.token_fingerprint]
    journal.close()
    SQLiteJournal(path).close()


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="unable to open database file"):
        SQLiteJournal(tmp_path / "missing" / "j.db")


def test_two_fakes_do_not_share_a_file(path: Path) -> None:
    journal = SQLiteJournal(path)
    with pytest.raises(ArgumentError, match="another fake is writing to it"):
        SQLiteJournal(path)
    SQLiteJournal(path.with_name("other.db")).close()
    journal.close()
    SQLiteJournal(path).close()


def test_a_list_shows_the_beginning_of_a_large_body_and_reads_no_body(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = SQLiteJournal(path)
    body = b"x" * 70_000
    large = replace(EXCHANGE, account="a", number=journal.arrive("a"), request_body=body)
    journal.append("a", 1, large, 1)
    monkeypatch.setattr(sqlite_starts, "start_of", None)  # would hash a body that was read
    for found in (next(journal.read("a", whole=False)), next(journal.newest(None, whole=False))):
        assert isinstance(found.request_body, BodyStart)
        assert (found.request_body, found.request_body.length) == (body[:START], 70_000)
        assert replace(found, request_body=body) == large
    assert journal.exchanges("a") == (large,)
    monkeypatch.undo()
    journal.close()
    journal = SQLiteJournal(path)
    (found,) = journal.read("a", Filter(text="x" * 3000, limit=1), whole=False)
    assert isinstance(found.request_body, BodyStart)
    assert found.request_body.sha256 == hashlib.sha256(body).hexdigest()
    journal.close()


def test_the_bodies_are_the_last_columns(path: Path) -> None:
    """SQLite reads all pages of a large body to get a column that is stored after it."""
    SQLiteJournal(path).close()
    with closing(sqlite3.connect(path)) as connection:
        table = connection.execute("PRAGMA table_info(exchange)").fetchall()
    assert {name for _, name, *_ in table[-2:]} == set(BODIES)
