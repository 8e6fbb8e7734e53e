"""The clock of a client: durations and times in its seconds."""

from __future__ import annotations

import math

import pytest

from aleph_contract.core.clock import MAX_SPEED, WALL_CLOCK, Clock, checked_speed
from aleph_contract.errors import ArgumentError

FASTER = Clock(speed=100, start=1_000_000.0)


def test_a_wait_of_the_client_is_shorter_on_the_machine() -> None:
    assert FASTER.wait(138) == pytest.approx(1.38)
    assert FASTER.elapsed(1.38) == pytest.approx(138)


def test_the_clocks_agree_at_the_start_and_diverge_after_it() -> None:
    assert FASTER.at(1_000_000.0) == 1_000_000.0
    assert FASTER.at(1_000_001.5) == 1_000_150.0


@pytest.mark.parametrize("wall", [0.0, 1e9 + 0.1, 1795699794.420889])
def test_the_clock_of_the_machine_changes_no_number(wall: float) -> None:
    assert (WALL_CLOCK.at(wall), WALL_CLOCK.wait(wall), WALL_CLOCK.elapsed(wall)) == (wall,) * 3
    assert not WALL_CLOCK.faster


@pytest.mark.parametrize("speed", [0.5, 0, -1, MAX_SPEED * 2, math.inf, math.nan])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(ArgumentError, match="speed is a number from 1 to 1000"):
        checked_speed(speed)


@pytest.mark.parametrize("speed", [1, 2.5, MAX_SPEED])
def test_a_speed_in_range_is_kept(speed: float) -> None:
    assert checked_speed(speed) == speed
