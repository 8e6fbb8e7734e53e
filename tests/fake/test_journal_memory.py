"""The journal in memory: within its bounds, with a count of dropped exchanges."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import EXCHANGE, numbers, put

from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import Tally
from fake_server.journal.memory import MemoryJournal


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


@pytest.mark.parametrize("bound", ["max_exchanges", "max_bytes", "max_accounts"])
def test_a_bound_below_one_is_refused(bound: str) -> None:
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
