"""Both journals: waiting for exchanges, in a thread and in the event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import replace

import pytest
from journals import EXCHANGE, put

from fake_server.journal.base import Filter, Journal
from fake_server.journal.waiting import _when, wait_for, wait_for_async


def test_waiting_ends_when_the_exchanges_exist(journal: Journal) -> None:
    put(journal)
    later = threading.Timer(0.02, put, [journal])
    later.start()
    assert [e.number for e in wait_for(journal, "a", 2, timeout=10)] == [1, 2]
    later.join()


def test_waiting_for_existing_exchanges_ends_at_once(journal: Journal) -> None:
    put(journal)
    put(journal, "b")
    assert [e.account for e in wait_for(journal, "a", 1, timeout=0)] == ["a"]


def test_a_timeout_lists_the_exchanges_seen(journal: Journal) -> None:
    put(journal, status=429, outcome="fault")
    put(journal, "b")
    with pytest.raises(TimeoutError) as raised:
        wait_for(journal, "a", 2, timeout=0.01)
    assert str(raised.value) == (
        "waited 0.01 s for 2 exchanges and saw 1, the last of them 1: 429 fault"
    )
    with pytest.raises(TimeoutError) as raised:
        wait_for(journal, "c", 1, timeout=0.01)
    assert str(raised.value) == "waited 0.01 s for 1 exchanges and saw 0"
    for _ in range(5):
        put(journal)
    with pytest.raises(TimeoutError, match=r"saw 6, the last of them 2: 200 completed, 3: .*, 6: "):
        wait_for(journal, "a", 7, timeout=0)


def test_waiting_counts_only_matching_exchanges(journal: Journal) -> None:
    put(journal)
    put(journal, "b", status=429)
    refused = Filter(status=429)
    with pytest.raises(TimeoutError, match="saw 0"):
        wait_for(journal, "a", 1, 0.01, refused)
    later = threading.Timer(0.02, put, [journal], {"status": 429})
    later.start()
    assert [e.number for e in wait_for(journal, "a", 1, 10, refused)] == [2]
    later.join()


def test_waiting_does_not_block_the_event_loop(journal: Journal) -> None:
    async def scenario() -> tuple[bool, bool]:
        waiting = asyncio.create_task(wait_for_async(journal, "a", 1, 10))
        await asyncio.sleep(0.01)
        number = journal.arrive("a")
        committed = journal.append("a", number, replace(EXCHANGE, number=number), 1)
        if committed is not None:
            await committed
        return await waiting, await wait_for_async(journal, "a", 2, 0.01)

    assert asyncio.run(scenario()) == (True, False)


def test_a_wait_in_the_event_loop_counts_only_matching_exchanges(journal: Journal) -> None:
    put(journal)
    put(journal, status=429)

    async def scenario() -> list[bool]:
        refused = Filter(status=429)
        waits = [wait_for_async(journal, "a", n, 0.01, refused) for n in (1, 2)]
        return await asyncio.gather(*waits)

    assert asyncio.run(scenario()) == [True, False]


def test_a_caller_that_leaves_ends_the_wait(journal: Journal) -> None:
    async def scenario() -> list[bool]:
        gone = asyncio.get_running_loop().create_future()
        gone.set_result(None)
        staying = asyncio.get_running_loop().create_future()
        left = await wait_for_async(journal, "a", 1, 60, cancelled=gone)
        timed_out = await wait_for_async(journal, "a", 1, 0.01, cancelled=staying)
        assert staying.cancelled()
        put_later = asyncio.get_running_loop().run_in_executor(None, put, journal)
        seen = await wait_for_async(journal, "a", 1, 60, cancelled=asyncio.sleep(60))
        await put_later
        return [left, timed_out, seen]

    assert asyncio.run(scenario()) == [False, False, True]
    assert journal._listeners.called == ()  # type: ignore[attr-defined]


def test_a_finished_wait_leaves_no_listener(journal: Journal) -> None:
    wait_for(journal, "a", 0, 1)
    with pytest.raises(TimeoutError):
        wait_for(journal, "a", 1, 0)
    assert journal._listeners.called == ()  # type: ignore[attr-defined]


def test_a_wait_may_end_while_the_exchange_is_told(journal: Journal) -> None:
    waits: list[Future[None]] = []

    def leave(_: object) -> None:
        waits[0].cancel()

    journal.listen(leave)
    waits.append(_when(journal, "a", 1, None))
    put(journal)
    assert waits[0].cancelled()
