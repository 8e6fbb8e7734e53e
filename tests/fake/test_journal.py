"""Both journals: order, filters, listeners."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import EXCHANGE, numbers, put

from fake_server.journal.base import Filter, Journal, Tally, listen_here
from fake_server.journal.listeners import PendingExchange, built
from fake_server.journal.memory import MemoryJournal
from fake_server.journal.sqlite import SQLiteJournal


def test_an_exchange_is_read_back_unchanged(journal: Journal) -> None:
    put(journal)
    failed = put(journal, status=None, billed_seconds=None, fault="reset", request_complete=False)
    assert journal.exchanges("a") == (replace(EXCHANGE, received_at=1.0), failed)


def test_accounts_do_not_share_exchanges(journal: Journal) -> None:
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


def test_a_clock_that_is_set_back_reorders_only_the_list_of_all_accounts(journal: Journal) -> None:
    for account, received_at in (("a", 3.0), ("b", 2.0), ("b", 1.0)):
        number = journal.arrive(account)
        made = replace(EXCHANGE, account=account, number=number, received_at=received_at)
        journal.append(account, number, made, 100)
    assert [e.received_at for e in journal.exchanges(None)] == [1.0, 2.0, 3.0]
    assert [e.received_at for e in journal.exchanges("b")] == [2.0, 1.0]


def test_exchanges_are_in_order_of_arrival_not_of_response(journal: Journal) -> None:
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
        ({"text": "\ud800"}, []),
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


def test_clearing_deletes_exchanges_and_continues_the_numbering(journal: Journal) -> None:
    put(journal)
    put(journal, "b")
    journal.clear("a")
    journal.clear("never seen")
    assert journal.exchanges("a") == ()
    assert journal.tally("a") == Tally(0, 0)
    assert put(journal).number == 2
    assert numbers(journal, "b") == [1]


def test_a_listener_is_called_until_it_is_removed(journal: Journal) -> None:
    heard: list[int] = []
    stop = journal.listen(lambda exchange: heard.append(exchange.number))
    put(journal)
    stop()
    put(journal)
    assert heard == [1]


def test_only_the_removed_listener_is_removed(journal: Journal) -> None:
    heard: list[str] = []
    stop = journal.listen(lambda _: heard.append("first"))
    journal.listen(lambda _: heard.append("second"))
    journal.watch(lambda _: heard.append("third"))
    put(journal)
    stop()
    put(journal)
    assert heard == ["first", "second", "third", "second", "third"]


def test_a_listener_of_this_fake_hears_its_exchanges(journal: Journal) -> None:
    heard: list[int] = []
    stop = listen_here(journal, lambda exchange: heard.append(exchange.number))
    put(journal)
    stop()
    put(journal)
    assert heard == [1]


def test_the_accounts_are_listed_longest_idle_first(journal: Journal) -> None:
    for account in ("a", "b", "c", "a", "a", "b", "b", "b"):
        put(journal, account)
    assert journal.accounts() == ("c", "a", "b")


def test_a_large_body_is_found_and_listed_by_its_beginning(journal: Journal) -> None:
    body = b"x" * 70_000
    put(journal, size=70_000, request_body=body)
    put(journal)
    first, second = journal.read("a", whole=False)
    assert (first.request_body, second.request_body) == (body[:2048], EXCHANGE.request_body)
    assert [x.request_body for x in journal.newest("a")] == [EXCHANGE.request_body, body]
    assert [len(x.request_body) for x in journal.newest("a", whole=False)][1] == 2048
    assert next(iter(journal.read("a"))).request_body == body
    assert numbers(journal, where=Filter(text="x" * 3000)) == [1]
    assert len(next(iter(journal.read(None, whole=False))).request_body) == 2048


def test_a_list_shows_a_long_request_target_whole(journal: Journal) -> None:
    put(journal, target="/" + "x" * 70_000)
    assert [len(x.target) for x in journal.read("a", whole=False)] == [70_001]


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


def test_newest_has_the_same_order_in_every_journal(journal: Journal) -> None:
    for account in "abab":
        put(journal, account)
    assert [(e.account, e.number) for e in journal.newest(None)] == [
        ("b", 2), ("a", 2), ("b", 1), ("a", 1),
    ]  # fmt: skip
    assert [e.number for e in journal.newest("a")] == [2, 1]


def test_a_watcher_gets_the_record_unbuilt(journal: Journal) -> None:
    watched: list[PendingExchange] = []
    stop = journal.watch(watched.append)
    put(journal)
    stop()
    put(journal)
    assert [built(record).number for record in watched] == [1]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_both_journals_apply_filters_alike(
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


def test_numbers_are_unique_when_requests_arrive_in_several_threads(journal: Journal) -> None:
    """The fake numbers requests with large bodies in threads of their own."""
    given: list[int] = []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(
                target=lambda: given.extend(journal.arrive("a") for _ in range(10_000))
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert sorted(given) == list(range(1, 40_001))
