"""The journal: in order, bounded and saying so, waited on without polling, and kept on disk."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal import open_journal
from fake_server.journal.base import EVERYTHING, Filter, Journal, Tally
from fake_server.journal.listeners import PendingExchange, built
from fake_server.journal.memory import MemoryJournal
from fake_server.journal.sqlite import SQLiteJournal
from fake_server.journal.waiting import wait_for, wait_for_async

EXCHANGE = Exchange(
    number=1,
    account="a",
    surface="rest",
    method="POST",
    target="/client/v4/accounts/a/ai/run",
    request_headers=(("host", "127.0.0.1"), ("x", "\u00e9"), ("x", "2")),
    request_body=b'{"prompt":"\xff\x00"}',
    request_complete=True,
    credential="accepted",
    status=200,
    response_headers=(("content-type", "application/json"),),
    response_body=b"{}",
    outcome="completed",
    billed=True,
    billed_seconds=Decimal("5.10"),
    cost=Decimal("1.7136"),
    received_at=1.25,
    elapsed=0.5,
    host="127.0.0.1",
)


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """A journal of each kind."""
    opened = open_journal("memory" if request.param == "memory" else f"sqlite:{tmp_path}/j.db")
    yield opened
    opened.close()


def put(journal: Journal, account: str = "a", *, size: int = 100, **values: object) -> Exchange:
    """Append one exchange, as the fake does."""
    number = journal.arrive(account)
    made = replace(EXCHANGE, number=number, account=account, received_at=float(number), **values)  # type: ignore[arg-type]
    assert journal.append(account, number, lambda: made, size) is None
    return made


def numbers(journal: Journal, account: str | None = "a", where: Filter = EVERYTHING) -> list[int]:
    """The numbers of the exchanges that a filter finds."""
    return [e.number for e in journal.exchanges(account, where)]


def test_what_was_put_down_is_read_back_the_same(journal: Journal) -> None:
    put(journal)
    failed = put(journal, status=None, billed_seconds=None, fault="reset", request_complete=False)
    assert journal.exchanges("a") == (replace(EXCHANGE, received_at=1.0), failed)


def test_accounts_are_apart(journal: Journal) -> None:
    put(journal, "a")
    put(journal, "b")
    assert [e.account for e in journal.exchanges("b")] == ["b"]
    assert numbers(journal, "b") == [1]
    assert journal.exchanges("c") == ()
    assert journal.tally("c") == Tally(0, 0)
    assert set(journal.accounts()) == {"a", "b"}


def test_all_accounts_are_read_by_time_of_arrival(journal: Journal) -> None:
    for account in "abab":
        put(journal, account)
    assert [e.received_at for e in journal.exchanges(None)] == [1.0, 1.0, 2.0, 2.0]


def test_exchanges_are_in_order_of_arrival_though_answered_in_another(journal: Journal) -> None:
    first, second = journal.arrive("a"), journal.arrive("a")
    for number in (second, first):
        journal.append("a", number, replace(EXCHANGE, number=number), 100)
    assert numbers(journal) == [1, 2]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"outcome": "invalid"}, [2]),
        ({"status": 200}, [1, 4]),
        ({"fault": "reset"}, [3]),
        ({"text": "golden"}, [1]),
        ({"text": "naïve"}, [2]),
        ({"text": "%_"}, []),
        ({"text": "/ai/run"}, [1, 2, 4]),
        ({"text": "Completed"}, [4]),
        ({"since": 2}, [3, 4]),
        ({"before": 2}, [1]),
        ({"since": 1, "before": 4}, [2, 3]),
        ({"limit": 2}, [3, 4]),
        ({"limit": 0}, []),
        ({"limit": 9}, [1, 2, 3, 4]),
        ({"status": 200, "limit": 1}, [4]),
        ({"since": 99}, []),
    ],
)
def test_filters(journal: Journal, where: dict[str, object], found: list[int]) -> None:
    put(journal, request_body=b"golden hour")
    put(journal, request_body="naïve".encode(), outcome="invalid", status=400)
    put(journal, target="/other", fault="reset", status=None, outcome="cut")
    put(journal, response_body=b'{"state":"Completed"}')
    assert numbers(journal, where=Filter(**where)) == found  # type: ignore[arg-type]


def test_clearing_forgets_exchanges_but_not_the_numbering(journal: Journal) -> None:
    put(journal)
    put(journal, "b")
    journal.clear("a")
    journal.clear("never seen")
    assert journal.exchanges("a") == ()
    assert journal.tally("a") == Tally(0, 0)
    assert put(journal).number == 2
    assert numbers(journal, "b") == [1]


def test_waiting_ends_when_the_exchanges_are_there(journal: Journal) -> None:
    put(journal)
    later = threading.Timer(0.02, put, [journal])
    later.start()
    assert [e.number for e in wait_for(journal, "a", 2, timeout=10)] == [1, 2]
    later.join()


def test_waiting_for_what_is_there_already_ends_at_once(journal: Journal) -> None:
    put(journal)
    assert len(wait_for(journal, "a", 1, timeout=0)) == 1


def test_waiting_in_vain_tells_what_was_seen(journal: Journal) -> None:
    put(journal, status=429, outcome="fault")
    put(journal, "b")
    with pytest.raises(TimeoutError, match=r"for 2 exchanges and saw 1.*1: 429 fault"):
        wait_for(journal, "a", 2, timeout=0.01)
    with pytest.raises(TimeoutError, match=r"saw 0$"):
        wait_for(journal, "c", 1, timeout=0.01)


def test_waiting_counts_only_what_the_filter_means(journal: Journal) -> None:
    put(journal)
    refused = Filter(status=429)
    with pytest.raises(TimeoutError, match="saw 0"):
        wait_for(journal, "a", 1, 0.01, refused)
    later = threading.Timer(0.02, put, [journal], {"status": 429})
    later.start()
    assert [e.number for e in wait_for(journal, "a", 1, 10, refused)] == [2]
    later.join()


def test_waiting_does_not_hold_up_the_event_loop(journal: Journal) -> None:
    async def scenario() -> tuple[bool, bool]:
        waiting = asyncio.create_task(wait_for_async(journal, "a", 1, 10))
        await asyncio.sleep(0.01)
        number = journal.arrive("a")
        committed = journal.append("a", number, replace(EXCHANGE, number=number), 1)
        if committed is not None:
            await committed
        return await waiting, await wait_for_async(journal, "a", 2, 0.01)

    assert asyncio.run(scenario()) == (True, False)


def test_who_waited_is_not_told_any_more(journal: Journal) -> None:
    wait_for(journal, "a", 0, 1)
    with pytest.raises(TimeoutError):
        wait_for(journal, "a", 1, 0)
    assert journal._listeners.called == ()  # type: ignore[attr-defined]


def test_listeners_hear_of_every_exchange_until_they_stop(journal: Journal) -> None:
    heard: list[int] = []
    stop = journal.listen(lambda exchange: heard.append(exchange.number))
    put(journal)
    stop()
    put(journal)
    assert heard == [1]


def test_many_threads_and_readers_at_once(journal: Journal) -> None:
    def run(account: str) -> None:
        for _ in range(50):
            put(journal, account)
            journal.exchanges(account, Filter(limit=3))

    threads = [threading.Thread(target=run, args=[name]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(numbers(journal, name) == list(range(1, 51)) for name in "abcd")


# --- in memory


def test_the_newest_come_first_and_only_what_is_read_is_built() -> None:
    journal = MemoryJournal()
    made: list[int] = []

    def record(account: str, number: int) -> Exchange:
        made.append(number)
        return replace(EXCHANGE, account=account, number=number)

    for account in "abab":
        number = journal.arrive(account)
        journal.append(account, number, partial(record, account, number), 100)
    found = journal.newest(None)
    assert [(e.account, e.number) for e in islice(found, 2)] == [("b", 2), ("a", 2)]
    assert made == [2, 2]
    assert [e.number for e in journal.newest("b")] == [2, 1]


def test_the_newest_are_the_same_in_every_journal(journal: Journal) -> None:
    for account in "abab":
        put(journal, account)
    assert [(e.account, e.number) for e in journal.newest(None)] == [
        ("b", 2), ("a", 2), ("b", 1), ("a", 1),
    ]  # fmt: skip
    assert [e.number for e in journal.newest("a")] == [2, 1]


def test_who_watches_decides_for_itself_what_is_built(journal: Journal) -> None:
    watched: list[PendingExchange] = []
    stop = journal.watch(watched.append)
    put(journal)
    stop()
    put(journal)
    assert [built(record).number for record in watched] == [1]


def test_memory_keeps_the_newest_and_tells_what_it_dropped() -> None:
    journal = MemoryJournal(max_exchanges=3)
    for _ in range(5):
        put(journal)
    put(journal, "b")
    assert numbers(journal) == [3, 4, 5]
    assert journal.tally("a") == Tally(5, 2)
    assert journal.tally("b") == Tally(1, 0)


def test_memory_takes_room_from_accounts_that_have_more_than_their_share() -> None:
    journal = MemoryJournal(max_bytes=1600)
    for account in ("quiet", *["noisy"] * 50):
        put(journal, account)
    assert numbers(journal, "quiet") == [1]
    kept = numbers(journal, "noisy")
    assert kept[-1] == 50
    assert kept == list(range(kept[0], 51)), "the newest ones"
    assert len(kept) >= 13
    assert journal.tally("noisy") == Tally(50, 50 - len(kept))


def test_memory_takes_room_from_accounts_idle_longest_if_all_have_their_share() -> None:
    journal = MemoryJournal(max_bytes=1600)
    accounts = [f"account {index}" for index in range(20)]
    for account in accounts:
        put(journal, account)
    kept = journal.accounts()
    assert kept == tuple(accounts[-len(kept) :])
    assert 13 <= len(kept) <= 16
    assert journal.tally(accounts[0]) == Tally(1, 1)
    assert put(journal, accounts[0]).number == 2, "the numbering goes on"


def test_memory_keeps_the_newest_exchange_however_large() -> None:
    journal = MemoryJournal(max_bytes=1000)
    put(journal, "a")
    put(journal, "b", size=5000)
    assert (numbers(journal, "a"), numbers(journal, "b")) == ([1], [1])
    put(journal, "a", size=5000)
    assert (numbers(journal, "a"), numbers(journal, "b")) == ([2], [])


def test_memory_forgets_accounts_beyond_its_bound() -> None:
    journal = MemoryJournal(max_accounts=2)
    for account in "abc":
        put(journal, account)
    assert journal.accounts() == ("b", "c")
    assert journal.tally("a") == Tally()


def test_memory_counts_an_exchange_whose_account_was_forgotten_meanwhile() -> None:
    journal = MemoryJournal(max_accounts=1)
    number = [journal.arrive("a") for _ in range(3)][-1]
    put(journal, "b")
    journal.append("a", number, replace(EXCHANGE, number=number), 1)
    assert journal.arrive("a") == 4, "no number is given twice"


@pytest.mark.parametrize("bound", ["max_exchanges", "max_bytes", "max_accounts"])
def test_a_journal_without_room_is_refused(bound: str) -> None:
    with pytest.raises(ArgumentError, match=bound):
        MemoryJournal(**{bound: 0})


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 400) | st.none()), max_size=60),
    st.integers(1, 5),
    st.integers(1, 1000),
    st.integers(1, 4),
)
def test_memory_stays_within_its_bounds(
    steps: list[tuple[str, int | None]], count: int, room: int, accounts: int
) -> None:
    """Whatever happens: the bounds hold, the books balance, the newest exchange is there."""
    journal = MemoryJournal(max_exchanges=count, max_bytes=room, max_accounts=accounts)
    for account, size in steps:
        if size is None:
            journal.clear(account)
            continue
        made = put(journal, account, size=size)
        assert journal.exchanges(account)[-1] == made
        assert len(journal.accounts()) <= accounts
        assert journal._bytes == sum(log.bytes for log in journal._logs.values())
        assert journal._bytes <= room + size
        for name in "abcd":
            tally, kept = journal.tally(name), numbers(journal, name)
            assert len(kept) == tally.total - tally.dropped <= count
            assert kept == sorted(set(kept))


# --- on disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal may be kept."""
    return tmp_path / "journal.db"


def test_a_file_is_continued(path: Path) -> None:
    journal = open_journal(f"sqlite:{path}")
    put(journal)
    put(journal, "b")
    journal.clear("b")
    journal.close()
    journal = open_journal(f"sqlite:{path}")
    assert put(journal).number == 2
    assert put(journal, "b").number == 2
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


def test_an_answer_waits_until_its_exchange_is_in_the_file(path: Path) -> None:
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


def test_what_arrives_together_is_committed_together(path: Path) -> None:
    """A loaded fake pays for few commits: while one is under way, the others gather."""
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


def test_an_exchange_that_cannot_be_written_is_an_error_where_its_answer_waits(path: Path) -> None:
    journal = SQLiteJournal(path)
    put(journal)
    with pytest.raises(sqlite3.IntegrityError):
        journal.append("a", 1, EXCHANGE, 1)
    put(journal)
    assert numbers(journal) == [1, 2], "and the next one is written"
    journal.close()


def foreign(path: Path) -> None:
    """An SQLite file of somebody else."""
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
def test_a_file_that_is_no_journal_is_refused(
    path: Path, make: Callable[[Path], object], message: str
) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(ArgumentError, match=message) as raised:
        SQLiteJournal(path)
    assert str(path) in str(raised.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="unable to open database file"):
        SQLiteJournal(tmp_path / "missing" / "j.db")


def test_two_fakes_do_not_share_a_file(path: Path) -> None:
    journal = SQLiteJournal(path)
    with pytest.raises(ArgumentError, match="another fake is writing to it"):
        SQLiteJournal(path)
    journal.close()
    SQLiteJournal(path).close()


@pytest.mark.parametrize("where", ["", "disk", "sqlite", "sqlite:", "memory:x"])
def test_a_journal_of_no_known_kind_is_refused(where: str) -> None:
    with pytest.raises(ArgumentError, match="memory or sqlite:PATH"):
        open_journal(where)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_both_journals_answer_every_filter_alike(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    words = st.sampled_from(["", "a", "ab", "B", "\u00e9", "\x00"])
    draw = data.draw
    sqlite = SQLiteJournal(tmp_path_factory.mktemp("journal") / "j.db")
    memory = MemoryJournal()
    for _ in range(draw(st.integers(0, 6))):
        values: dict[str, Any] = {
            "status": draw(st.sampled_from([None, 200, 400])),
            "fault": draw(st.sampled_from([None, "reset"])),
            "target": draw(words),
            "request_body": draw(words).encode(),
            "response_body": draw(words).encode(),
        }
        for journal in (sqlite, memory):
            put(journal, **values)
    where = Filter(
        status=draw(st.sampled_from([None, 200, 500])),
        fault=draw(st.sampled_from([None, "reset", "other"])),
        text=draw(st.none() | words),
        since=draw(st.integers(-1, 7)),
        before=draw(st.none() | st.integers(0, 8)),
        limit=draw(st.none() | st.integers(0, 8)),
    )
    assert sqlite.exchanges("a", where) == memory.exchanges("a", where)
    assert sqlite.exchanges(None, where) == memory.exchanges(None, where)
    sqlite.close()
