"""The SQLite file of the journal: its versions, its lock, the states of accounts, old columns."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from journals import EXCHANGE, numbers, put

from aleph_contract.core.body_start import BodyStart, start_of
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal import sqlite_starts
from fake_server.journal.base import AccountStore, SharedJournal, listen_here
from fake_server.journal.sqlite import SQLiteJournal, read_file
from fake_server.journal.sqlite_file import SCHEMA_VERSION, lock_file
from fake_server.journal.sqlite_starts import BodyStarts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a journal that does not exist yet."""
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SQLiteJournal]:
    opened = SQLiteJournal(path)
    yield opened
    opened.close()


def execute(path: Path, *statements: str) -> Any:
    """Run statements on a file, such as those of another program; the rows of the last one."""
    connection = sqlite3.connect(path, isolation_level=None)
    rows = [connection.execute(statement).fetchall() for statement in statements]
    connection.close()
    return rows[-1]


def test_a_new_file_says_which_program_and_version_wrote_it(journal: SQLiteJournal) -> None:
    assert execute(journal.path, "PRAGMA application_id") == [(0x616C6570,)]
    assert execute(journal.path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert execute(journal.path, "PRAGMA journal_mode") == [("wal",)]
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (1,)
    for path in (journal.path, Path(f"{journal.path}-lock")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_relative_path_is_resolved_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    journal = SQLiteJournal("j.db")
    monkeypatch.chdir("/")
    put(journal)
    assert numbers(journal) == [1]
    assert journal.path == tmp_path / "j.db"
    journal.close()


def test_the_writer_does_not_keep_the_process_alive(journal: SQLiteJournal) -> None:
    writer = journal._writer
    assert (writer.name, writer.daemon) == ("journal", True)
    journal.close()
    assert not writer.is_alive()


def test_a_refused_file_is_named_with_the_reason(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ArgumentError) as raised:
        SQLiteJournal(path)
    assert str(raised.value) == f"journal {path}: unable to open database file"


def test_a_locked_file_is_refused_until_the_lock_ends(path: Path) -> None:
    lock = lock_file(path)
    assert Path(lock.name) == path.with_name("journal.db-lock")
    with pytest.raises(OSError, match=r"^another fake is writing to it$"):
        lock_file(path)
    lock.close()
    lock_file(path).close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_an_earlier_version_gets_the_present_tables(path: Path, version: int) -> None:
    journal = SQLiteJournal(path)
    put(journal)
    journal.close()
    execute(path, "DROP TABLE account", f"PRAGMA user_version = {version}")
    if version == 1:
        execute(path, "ALTER TABLE exchange DROP COLUMN token_fingerprint")
    journal = SQLiteJournal(path)
    journal.save_state("a", "{}")
    put(journal)
    assert numbers(journal) == [1, 2]
    journal.close()
    assert execute(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    SQLiteJournal(path).close()
    execute(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    found = f"its tables have version {SCHEMA_VERSION + 1}; this program reads"
    with pytest.raises(ArgumentError) as raised:
        SQLiteJournal(path)
    assert str(raised.value) == f"journal {path}: {found} and writes {SCHEMA_VERSION}"
    with pytest.raises(sqlite3.DatabaseError) as unreadable:
        list(read_file(path))
    assert str(unreadable.value) == f"{found} 1 to {SCHEMA_VERSION}"


def test_a_file_of_another_program_is_refused(path: Path) -> None:
    execute(path, "CREATE TABLE theirs (x)")
    with pytest.raises(ArgumentError) as raised:
        SQLiteJournal(path)
    assert str(raised.value) == f"journal {path}: the file belongs to another program"
    with pytest.raises(sqlite3.DatabaseError, match=r"^the file belongs to another program$"):
        list(read_file(path))


def test_a_file_is_read_by_account_and_number_and_is_not_changed(path: Path) -> None:
    journal = SQLiteJournal(path)
    stored = [put(journal, account) for account in ("b", "a", "b")]
    journal.close()
    before = path.read_bytes()
    assert list(read_file(str(path))) == [stored[1], stored[0], stored[2]]
    assert path.read_bytes() == before
    with pytest.raises(sqlite3.OperationalError):
        list(read_file(path.with_name("missing.db")))
    assert not path.with_name("missing.db").exists()


@pytest.mark.parametrize(
    ("column", "default"),
    [
        ("fault", None),
        ("billed", False),
        ("billed_seconds", None),
        ("cost", Decimal(0)),
        ("received_at", 0.0),
        ("token_leaked", False),
        ("host", ""),
        ("token_fingerprint", ""),
    ],
)
def test_a_column_that_an_earlier_version_lacks_has_the_default(
    path: Path, column: str, default: Any
) -> None:
    journal = SQLiteJournal(path)
    stored = put(journal)
    journal.close()
    execute(path, f"ALTER TABLE exchange DROP COLUMN {column}")
    (found,) = read_file(path)
    assert found == replace(stored, **{column: default})
    assert type(getattr(found, column)) is type(default)


def test_a_column_without_a_default_cannot_be_missing(path: Path) -> None:
    SQLiteJournal(path).close()
    execute(path, "ALTER TABLE exchange DROP COLUMN method")
    with pytest.raises(
        sqlite3.DatabaseError, match=r"^the table of exchanges has no column method$"
    ):
        list(read_file(path))


def test_the_state_of_an_account_is_stored_with_its_exchanges(path: Path) -> None:
    states: dict[str, str] = {"a": "1"}
    journal = SQLiteJournal(path)
    put(journal, "a")
    assert journal.saved_states() == {}
    journal.state_of = states.get
    put(journal, "a")
    put(journal, "b")
    assert journal.saved_states() == {"a": "1"}
    states["a"] = "2"
    put(journal, "a")
    journal.save_state("c", "3")
    assert journal.saved_states() == {"a": "2", "c": "3"}
    journal.save_state("a", None)
    assert journal.saved_states() == {"c": "3"}
    journal.close()
    again = SQLiteJournal(path)
    assert again.saved_states() == {"c": "3"}
    again.close()


def test_a_failed_change_is_undone_and_told_to_no_listener(journal: SQLiteJournal) -> None:
    heard: list[Exchange] = []
    journal.listen(heard.append)
    journal.state_of = lambda _: "1"
    put(journal)

    def broken() -> Exchange:
        raise ValueError("not built")

    with pytest.raises(ValueError, match="not built"):
        journal.append("a", 2, broken, 1)
    assert [exchange.number for exchange in heard] == [1]
    journal.clear("a")
    assert [exchange.number for exchange in heard] == [1]


def test_a_request_that_is_cancelled_does_not_stop_the_writer(journal: SQLiteJournal) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow() -> Exchange:
        entered.set()
        leave.wait(10)
        return replace(EXCHANGE, number=1)

    async def scenario() -> None:
        first = journal.append("a", 1, slow, 1)
        second = journal.append("a", 2, replace(EXCHANGE, number=2), 1)
        await asyncio.get_running_loop().run_in_executor(None, entered.wait)
        for waiting in (first, second):
            assert isinstance(waiting, asyncio.Future)
            waiting.cancel()
        await asyncio.sleep(0)  # asyncio cancels the futures of the writer in the next iteration
        leave.set()
        third = journal.append("a", 3, replace(EXCHANGE, number=3), 1)
        assert third is not None
        await third

    asyncio.run(scenario())
    assert numbers(journal) == [1, 2, 3]


def test_the_beginnings_of_large_bodies_are_bounded(
    journal: SQLiteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_starts, "MAX_STARTS", 2)
    body = b"x" * 70_000
    for _ in range(2):
        put(journal, request_body=body, response_body=body[:-1])
    assert list(journal._starts._kept) == [("a", 2, "request_body"), ("a", 2, "response_body")]
    first, second = journal.read("a", whole=False)
    for found in (first, second):
        assert isinstance(found.request_body, BodyStart)
        assert isinstance(found.response_body, BodyStart)
        assert (found.request_body.length, found.response_body.length) == (70_000, 69_999)
    assert list(journal._starts._kept) == [("a", 2, "request_body"), ("a", 2, "response_body")]


def test_the_beginning_of_a_deleted_body_is_empty(journal: SQLiteJournal) -> None:
    starts = BodyStarts()
    put(journal, response_body=b"y" * 70_000)
    with journal._reading() as connection:
        assert starts.of("a", 1, "response_body", connection) == start_of(b"y" * 70_000)
        for account, number in (("b", 1), ("a", 9)):
            assert starts.of(account, number, "response_body", connection) == b""
        journal.clear("a")
        kept = starts.of("a", 1, "response_body", connection)
        assert kept == start_of(b"y" * 70_000), "it is not read again"


def test_readers_cannot_write(journal: SQLiteJournal) -> None:
    with (
        journal._reading() as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM exchange")


def test_a_shared_journal_is_asked_for_the_exchanges_of_this_fake() -> None:
    heard: list[Any] = []

    class Shared(SharedJournal):
        def listen_here(self, listener: Any) -> Any:
            listener("told")
            return self

    listen_here(Shared(), heard.append)  # type: ignore[arg-type]
    assert heard == ["told"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: AccountStore().saved_states(),
        lambda: AccountStore().save_state("a", None),
        lambda: AccountStore().accounts(),
        lambda: AccountStore().read("a"),
        lambda: SharedJournal().listen_here(lambda _: None),
    ],
)
def test_a_base_class_leaves_its_methods_to_the_journal(call: Any) -> None:
    with pytest.raises(NotImplementedError):
        call()
