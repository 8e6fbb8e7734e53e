"""The measurement of delays of a busy machine."""

from __future__ import annotations

import time

from aleph_contract.drivers.stalls import INTERVAL, Stalls


def test_a_thread_that_blocks_the_others_is_seen_until_the_restart() -> None:
    with Stalls() as stalls:
        begun = time.monotonic()
        assert pow(3, 2_000_000)  # CPython does not switch threads within it
        took = time.monotonic() - begun
        assert stalls.worst > took / 2 - INTERVAL
        assert any(worst_of_a_pause(stalls) < took / 2 for _ in range(20))


def worst_of_a_pause(stalls: Stalls) -> float:
    stalls.restart()
    time.sleep(2 * INTERVAL)
    return stalls.worst
