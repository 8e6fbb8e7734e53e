"""The journal in PostgreSQL: reading, retention, and the versions of its tables."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import pytest
from calling import PATIENCE
from journals import EXCHANGE, numbers
from postgresql_server import PostgreSQLServer, query

from aleph_contract.core.body_start import LARGE_BODY, BodyStart, length_of
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal import open_journal
from fake_server.journal.base import Filter, Journal, JournalUnavailable, Tally
from fake_server.journal.listeners import PendingExchange, built, listed
from fake_server.journal.memory import MemoryJournal
from fake_server.journal.postgresql import PostgreSQLJournal
from fake_server.journal.postgresql.database import Database
from fake_server.journal.postgresql.maintenance import Maintenance
from fake_server.journal.postgresql.rows import BODIES
from fake_server.journal.postgresql.schema import MIGRATIONS, prepare
from fake_server.journal.retention import Keep, parse_keep
from fake_server.state.shared.reader import Defaults
from fake_server.state.shared.writer import Settle, Writer

DEFAULTS = Defaults("documented", None, None, 0)

#: Exchanges that differ in every field of a filter.
SAMPLES = tuple(
    replace(EXCHANGE, number=number, received_at=float(number), **values)
    for number, values in enumerate[dict[str, Any]](
        [
            {"request_body": b"golden hour"},
            {"outcome": "invalid", "status": 400, "request_body": "naïve".encode()},
            {"fault": "reset", "status": None, "target": "/x\xff", "billed_seconds": None},
            {"response_body": b"\x00\xff", "request_complete": False, "token_leaked": True},
        ],
        start=1,
    )
)


def store(journal: PostgreSQLJournal, *exchanges: Exchange) -> None:
    """Store exchanges as the writer of a fake does."""

    async def write() -> None:
        writer = Writer(journal.database, DEFAULTS)
        for exchange in exchanges:
            await writer.apply(Settle(exchange.account, 100, lambda made=exchange: made))  # type: ignore[misc]
        await writer.close()

    journal.database.call(write())


@pytest.fixture
def journal(database: str) -> Iterator[PostgreSQLJournal]:
    """An empty journal."""
    opened = PostgreSQLJournal(database)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def filled(postgresql: PostgreSQLServer) -> Iterator[tuple[Journal, Journal]]:
    """The same exchanges in PostgreSQL and in memory."""
    shared, memory = PostgreSQLJournal(postgresql.create_database()), MemoryJournal()
    store(shared, *SAMPLES)
    for exchange in SAMPLES:
        memory.append("a", memory.arrive("a"), exchange, 100)
    yield shared, memory
    shared.close()


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"outcome": "invalid"},
        {"status": 200},
        {"fault": "reset"},
        {"text": "golden"},
        {"text": "naïve"},
        {"text": "%_"},
        {"text": "/ai/run"},
        {"since": 2},
        {"before": 3},
        {"since": 1, "before": 4, "limit": 1},
        {"limit": 2},
        {"limit": 0},
    ],
)
def test_it_finds_what_the_journal_in_memory_finds(
    filled: tuple[Journal, Journal], where: dict[str, Any]
) -> None:
    shared, memory = filled
    for account in ("a", None, "b"):
        found = shared.exchanges(account, Filter(**where))
        assert found == memory.exchanges(account, Filter(**where))
    assert tuple(shared.newest("a")) == SAMPLES[::-1]
    assert (shared.tally("a"), shared.tally("b")) == (Tally(4, 0), Tally(0, 0))
    assert shared.accounts() == ("a",)


def test_pages_of_many_exchanges_join(journal: PostgreSQLJournal) -> None:
    exchanges = [replace(EXCHANGE, received_at=float(n // 3)) for n in range(450)]
    store(journal, *exchanges)
    assert numbers(journal) == list(range(1, 451))
    assert [e.number for e in journal.read(None, Filter(limit=300))] == list(range(151, 451))
    assert [e.number for e in journal.newest(None)] == list(range(450, 0, -1))


def test_a_value_that_postgresql_refuses_does_not_stop_the_others(
    journal: PostgreSQLJournal,
) -> None:
    async def write() -> list[Any]:
        writer = Writer(journal.database, DEFAULTS)
        bad = replace(EXCHANGE, method="PO\x00ST")
        changes = [Settle("a", 1, lambda e=made: e) for made in (EXCHANGE, bad, EXCHANGE)]  # type: ignore[misc]
        done = await asyncio.gather(*map(writer.apply, changes), return_exceptions=True)
        await writer.close()
        return list(done)

    one, refused, two = journal.database.call(write())
    assert (one, two) == (1, 2)
    assert isinstance(refused, JournalUnavailable)
    assert numbers(journal) == [1, 2]


class TestLargeBodies:
    """A list has the beginning, the length and the hash of a large body, and does not read it."""

    LARGE = replace(EXCHANGE, request_body=b"x" * 70_000, response_body=bytes(range(256)) * 300)
    LIMIT = replace(EXCHANGE, number=2, request_body=b"y" * LARGE_BODY)

    def check(self, journal: PostgreSQLJournal) -> None:
        memory = MemoryJournal()
        for exchange in (self.LARGE, self.LIMIT):
            memory.append("a", memory.arrive("a"), exchange, 100)
        starts = [list(one.read("a", whole=False)) for one in (journal, memory)]
        assert starts[0] == starts[1]
        for found, expected in zip(*starts, strict=True):
            for name in BODIES:
                body, same = getattr(found, name), getattr(expected, name)
                assert type(body) is type(same)
                assert getattr(body, "sha256", "") == getattr(same, "sha256", "")
                assert length_of(body) == length_of(same)
        assert isinstance(starts[0][0].request_body, BodyStart)
        assert list(journal.newest(None, whole=False)) == starts[0][::-1]
        assert journal.exchanges("a") == (self.LARGE, self.LIMIT)
        assert tuple(journal.newest("a")) == (self.LIMIT, self.LARGE)
        found = journal.exchanges("a", Filter(text="x" * 3000, limit=1))
        assert found == (self.LARGE,)
        memory.close()

    def test_they_are_those_of_the_journal_in_memory(self, journal: PostgreSQLJournal) -> None:
        store(journal, self.LARGE, self.LIMIT)
        self.check(journal)

    def test_a_watcher_gets_the_beginning_and_reads_the_whole_when_it_needs_it(
        self, journal: PostgreSQLJournal
    ) -> None:
        heard: SimpleQueue[PendingExchange] = SimpleQueue()
        journal.watch(heard.put)
        store(journal, self.LARGE, self.LIMIT)
        large, small = (heard.get(timeout=PATIENCE) for _ in range(2))
        assert (listed(large), listed(small)) == tuple(journal.read("a", whole=False))
        assert (built(large), small) == (self.LARGE, self.LIMIT)
        assert isinstance(listed(large).request_body, BodyStart)

    def test_a_body_that_is_deleted_meanwhile_is_incomplete(
        self, journal: PostgreSQLJournal
    ) -> None:
        store(journal, self.LARGE)
        found = journal.read("a", whole=False)
        (start,) = found
        journal.clear("a")
        whole = journal._whole(start)
        assert (whole.request_complete, whole.request_body) == (False, start.request_body)

    def test_the_hashes_of_an_earlier_version_are_made(
        self, journal: PostgreSQLJournal, database: str
    ) -> None:
        store(journal, self.LARGE, self.LIMIT)
        for name in BODIES:
            query(database, f"ALTER TABLE aleph_contract.exchange DROP COLUMN {name}_sha256")
        query(database, "UPDATE aleph_contract.program SET version = 1")
        again = PostgreSQLJournal(database)
        self.check(again)
        again.close()


class TestRetention:
    """`--keep` deletes by age and by count, and counts what it deleted."""

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ([], Keep()),
            (["90s"], Keep(90)),
            (["7d", "10000"], Keep(7 * 86_400, 10_000)),
            (["10000", "2h"], Keep(7200, 10_000)),
        ],
    )
    def test_values(self, given: list[str], expected: Keep) -> None:
        assert parse_keep(given) == expected

    @pytest.mark.parametrize("given", [["0"], ["-1"], ["1w"], ["x"], [""], ["1d", "2h"]])
    def test_bad_values(self, given: list[str]) -> None:
        with pytest.raises(ArgumentError, match="keep "):
            parse_keep(given)

    def test_only_postgresql_has_it(self) -> None:
        with pytest.raises(ArgumentError, match="--journal postgresql:"):
            open_journal("memory", keep=["7d"])

    @pytest.mark.parametrize(
        ("keep", "kept"),
        [(Keep(), [1, 2, 3, 4]), (Keep(count=3), [2, 3, 4]), (Keep(seconds=60), [3, 4])],
    )
    def test_old_exchanges_are_deleted(
        self, journal: PostgreSQLJournal, keep: Keep, kept: list[int]
    ) -> None:
        now = time.time()
        store(journal, *(replace(EXCHANGE, received_at=now - age) for age in (99, 98, 2, 1)))
        journal.database.run(Maintenance(journal.database, keep).round)
        assert numbers(journal) == kept
        assert journal.tally("a") == Tally(4, 4 - len(kept))
        store(journal, replace(EXCHANGE, received_at=now))
        assert numbers(journal) == [*kept, 5]

    def test_an_idle_account_is_forgotten_with_its_last_exchange(
        self, journal: PostgreSQLJournal
    ) -> None:
        store(journal, replace(EXCHANGE, received_at=time.time() - 99))
        maintenance = Maintenance(journal.database, Keep(seconds=60))
        journal.database.run(maintenance.round)
        assert journal.tally("a") == Tally(1, 1)  # it was created now
        journal.database.run(lambda c: c.execute("UPDATE account SET last_seen = 1"))
        journal.database.run(maintenance.round)
        assert journal.tally("a") == Tally(0, 0)


class TestVersions:
    """Tables of an earlier version are brought forward; those of a later one are refused."""

    def test_a_migration_keeps_what_is_there(
        self, journal: PostgreSQLJournal, database: str
    ) -> None:
        store(journal, EXCHANGE)
        later = [*MIGRATIONS, ("ALTER TABLE exchange ADD COLUMN later TEXT DEFAULT 'x'",)]
        journal.database.run(lambda connection: prepare(connection, later))
        journal.database.run(lambda connection: prepare(connection, later))
        assert query(database, "SELECT later FROM aleph_contract.exchange")[0][0] == "x"
        version = query(database, "SELECT version FROM aleph_contract.program")[0][0]
        assert version == len(later)
        versions = rf"version {len(later)}, and this program .* up to {len(MIGRATIONS)}; upgrade"
        with pytest.raises(ArgumentError, match=versions):
            Database(database)

    def test_replicas_that_start_together_prepare_the_tables_once(self, database: str) -> None:
        command = [sys.executable, "-c", _OPEN, database]
        started = [subprocess.Popen(command) for _ in range(3)]
        assert [process.wait(60) for process in started] == [0, 0, 0]

    def test_another_schema_of_the_database_is_left_alone(self, database: str) -> None:
        query(database, "CREATE TABLE public.account (id INTEGER)")
        PostgreSQLJournal(database).close()
        assert query(database, "SELECT * FROM public.account") == []


_OPEN = """
import sys
from fake_server.journal.postgresql.database import Database
Database(sys.argv[1]).close()
"""
