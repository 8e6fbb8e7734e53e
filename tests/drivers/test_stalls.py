"""The measurement of delays of a busy machine."""

from __future__ import annotations

import time

from aleph_contract.drivers.stalls import INTERVAL, Stalls


def test_a_thread_that_blocks_the_others_is_seen_since_a_moment_before_it() -> None:
    with Stalls() as stalls:
        begun = time.monotonic()
        assert pow(3, 2_000_000)  # CPython does not switch threads within it
        took = time.monotonic() - begun
        assert stalls.worst_since(begun) > took / 2 - INTERVAL
        assert any(worst_of_a_pause(stalls) < took / 2 for _ in range(20))
        assert stalls.worst_since(begun) > took / 2 - INTERVAL


def worst_of_a_pause(stalls: Stalls) -> float:
    begun = time.monotonic()
    time.sleep(2 * INTERVAL)
    return stalls.worst_since(begun)
