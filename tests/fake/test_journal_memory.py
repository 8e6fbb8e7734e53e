"""The journal in memory: within its bounds, with a count of dropped exchanges."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from functools import partial
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import EXCHANGE, numbers, put

from aleph_contract.core.body_start import LARGE_BODY
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import Filter, Tally
from fake_server.journal.memory import SLOW_BODY, MemoryJournal


def test_newest_builds_only_the_exchanges_that_are_read() -> None:
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


def test_memory_keeps_the_newest_and_counts_the_dropped() -> None:
    journal = MemoryJournal(max_exchanges=3)
    for _ in range(5):
        put(journal)
    put(journal, "b")
    assert numbers(journal) == [3, 4, 5]
    assert journal.tally("a") == Tally(5, 2)
    assert journal.tally("b") == Tally(1, 0)


def test_memory_drops_from_accounts_above_their_share() -> None:
    journal = MemoryJournal(max_bytes=1600)
    for account in ("quiet", *["noisy"] * 50):
        put(journal, account)
    assert numbers(journal, "quiet") == [1]
    kept = numbers(journal, "noisy")
    assert kept[-1] == 50
    assert kept == list(range(kept[0], 51)), "the newest ones"
    assert len(kept) >= 13
    assert journal.tally("noisy") == Tally(50, 50 - len(kept))


def test_memory_drops_from_the_longest_idle_if_none_is_above_its_share() -> None:
    journal = MemoryJournal(max_bytes=1600)
    accounts = [f"account {index}" for index in range(20)]
    for account in accounts:
        put(journal, account)
    kept = journal.accounts()
    assert kept == tuple(accounts[-len(kept) :])
    assert 13 <= len(kept) <= 16
    assert journal.tally(accounts[0]) == Tally(1, 1)
    assert put(journal, accounts[0]).number == 2, "the numbering goes on"


def test_memory_keeps_the_newest_exchange_of_any_size() -> None:
    journal = MemoryJournal(max_bytes=1000)
    put(journal, "a")
    put(journal, "b", size=5000)
    assert (numbers(journal, "a"), numbers(journal, "b")) == ([1], [1])
    put(journal, "a", size=5000)
    assert (numbers(journal, "a"), numbers(journal, "b")) == ([1, 2], [])


def test_memory_drops_nothing_of_a_modest_account_for_a_few_large_exchanges() -> None:
    journal = MemoryJournal(max_bytes=32_000)
    for _ in range(200):
        put(journal, "modest", size=50)
    for _ in range(6):
        put(journal, "large", size=6_000)
    assert journal.tally("modest") == Tally(200, 0)
    assert journal.tally("large").dropped > 0


def test_memory_removes_accounts_beyond_its_bound() -> None:
    journal = MemoryJournal(max_accounts=2)
    for account in "abc":
        put(journal, account)
    assert journal.accounts() == ("b", "c")
    assert journal.tally("a") == Tally()


def test_memory_continues_the_numbering_of_an_account_removed_meanwhile() -> None:
    journal = MemoryJournal(max_accounts=1)
    number = [journal.arrive("a") for _ in range(3)][-1]
    put(journal, "b")
    journal.append("a", number, replace(EXCHANGE, number=number), 1)
    assert journal.arrive("a") == 4, "no number is given twice"


@pytest.mark.parametrize("bound", ["max_exchanges", "max_bytes", "max_accounts", "max_spooled"])
def test_a_bound_below_one_is_refused(bound: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        MemoryJournal(**{bound: 0})
    assert str(raised.value) == f"{bound} must be at least 1, not 0"
    MemoryJournal(**{bound: 1})


def test_the_bounds_are_the_documented_ones_unless_others_are_given() -> None:
    journal = MemoryJournal()
    assert (journal._max_exchanges, journal._max_accounts) == (10_000, 10_000)
    assert (journal._max_bytes, journal._max_spooled) == (32 * 1024**2, 512 * 1024**2)


def test_memory_drops_a_sixteenth_more_than_needed() -> None:
    journal = MemoryJournal(max_bytes=16_000)
    for _ in range(160):
        put(journal)
    assert journal.tally("a") == Tally(160, 0)
    put(journal)
    assert journal.tally("a") == Tally(161, 10)
    assert numbers(journal) == list(range(11, 162))


@pytest.mark.parametrize(("room", "dropped"), [(1615, 0), (1614, 1)])
def test_memory_drops_down_to_a_sixteenth_below_its_bound(room: int, dropped: int) -> None:
    """The newest exchange does not count: the 15 others have 1515 bytes."""
    journal = MemoryJournal(max_bytes=room)
    for _ in range(16):
        put(journal, size=101)
    assert journal.tally("a") == Tally(16, dropped)


def test_memory_drops_from_the_longest_idle_of_equally_large_accounts() -> None:
    """The newest exchange does not count: both accounts have 100 bytes."""
    journal = MemoryJournal(max_bytes=200)
    for account in ("idle", "busy", "busy"):
        put(journal, account, size=100)
    assert [journal.tally(name).dropped for name in ("idle", "busy")] == [1, 0]


@pytest.mark.parametrize(
    ("counts", "size", "room", "newest", "dropped"),
    [
        ({"a": 34, "b": 36}, 10, 700, "b", [2, 3]),
        ({"a": 17, "b": 16}, 20, 670, "c", [2, 0]),
    ],
)
def test_memory_drops_in_turn_from_accounts_that_become_equally_large(
    counts: dict[str, int], size: int, room: int, newest: str, dropped: list[int]
) -> None:
    journal = MemoryJournal(max_bytes=room)
    for account, count in counts.items():
        for _ in range(count):
            put(journal, account, size=size)
    put(journal, newest, size=500)
    assert [journal.tally(name).dropped for name in "ab"] == dropped


def test_memory_drops_from_the_larger_account_until_another_is_as_large() -> None:
    journal = MemoryJournal(max_bytes=1600)
    for account, count in (("a", 5), ("b", 8), ("c", 3)):
        for _ in range(count):
            put(journal, account)
    for _ in range(3):
        put(journal, "d")
    assert [journal.tally(name).dropped for name in "abcd"] == [0, 3, 0, 0]
    put(journal, "d", size=500)
    assert [journal.tally(name).dropped for name in "abcd"] == [1, 3, 0, 0]


def test_an_account_whose_exchanges_were_all_dropped_keeps_its_counters() -> None:
    journal = MemoryJournal(max_bytes=100, max_accounts=3)
    for account in "abc":
        put(journal, account)
    assert journal.accounts() == ("c",)
    assert [journal.tally(name) for name in "ab"] == [Tally(1, 1), Tally(1, 1)]
    put(journal, "d")
    assert journal.tally("a") == Tally(), "the longest empty account is forgotten first"
    assert journal.tally("b") == Tally(1, 1)
    journal.clear("b")
    assert journal.tally("b") == Tally()
    assert journal.arrive("b") == 2


def test_an_account_without_exchanges_is_not_listed() -> None:
    journal = MemoryJournal()
    journal.arrive("a")
    assert journal.accounts() == ()
    assert journal.tally("a") == Tally()
    assert list(journal.newest("unknown")) == []


def test_exchanges_of_all_accounts_are_limited_and_filtered() -> None:
    journal = MemoryJournal()
    for account in "abab":
        put(journal, account)
    where = Filter(since=1, before=9, limit=1)
    assert [e.account for e in journal.read(None, where)] == ["b"]
    assert [e.number for e in journal.read(None, Filter(before=2))] == [1, 1]
    assert [e.number for e in journal.read(None, Filter(since=1))] == [2, 2]


def test_a_record_is_built_only_where_it_is_needed() -> None:
    journal = MemoryJournal()
    made: list[int] = []

    def record(number: int) -> Exchange:
        made.append(number)
        return replace(EXCHANGE, number=number)

    for number in (1, 2, 3):
        journal.append("a", journal.arrive("a"), partial(record, number), 100)
    assert made == []
    assert numbers(journal, where=Filter(since=1, before=3)) == [2]
    assert made == [2], "once"
    assert next(journal.read("a")).number == 1
    assert made == [2, 1], "the next one is built when it is asked for"


def test_exchanges_with_the_same_number_are_read_as_they_were_stored() -> None:
    """A number is given twice if an account is removed and returns while its request runs."""
    journal = MemoryJournal()
    for status, size in ((500, 200), (400, 100), (200, 100)):
        journal.append("a", 1, replace(EXCHANGE, status=status), size)
    assert [e.status for e in journal.exchanges("a")] == [500, 400, 200]


def test_a_very_large_record_is_stored_in_a_thread() -> None:
    journal = MemoryJournal()
    threads: list[str] = []

    def record(number: int) -> Exchange:
        threads.append(threading.current_thread().name)
        return replace(EXCHANGE, number=number)

    async def scenario() -> list[bool]:
        waits = []
        for size in (SLOW_BODY - 1, SLOW_BODY):
            number = journal.arrive("a")
            stored = journal.append("a", number, partial(record, number), size)
            waits.append(stored is not None)
            if stored is not None:
                await stored
        return waits

    assert asyncio.run(scenario()) == [False, True]
    own = threading.current_thread().name
    assert [name == own for name in threads[:2]] == [True, False]
    assert numbers(journal) == [1, 2]
    assert journal.append("a", journal.arrive("a"), partial(record, 3), SLOW_BODY) is None
    assert numbers(journal) == [1, 2, 3]
    journal.close()


def test_a_record_is_not_built_to_look_for_large_bodies_unless_it_is_large() -> None:
    journal = MemoryJournal()
    made: list[int] = []

    def record() -> Exchange:
        made.append(1)
        return EXCHANGE

    journal.append("a", 1, record, LARGE_BODY)
    assert made == []
    journal.append("a", 2, record, LARGE_BODY + 1)
    assert made == [1]
    assert journal._bytes == 2 * LARGE_BODY + 1


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 400) | st.none()), max_size=60),
    st.integers(1, 5),
    st.integers(1, 1000),
    st.integers(1, 4),
)
def test_memory_stays_within_its_bounds(
    steps: list[tuple[str, int | None]], count: int, room: int, accounts: int
) -> None:
    """After each step the bounds hold, the counters agree, and the newest exchange exists."""
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
