"""The clock of a client: the wall clock, or one that runs faster since a common start."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from time import time

from aleph_contract.errors import ArgumentError

#: The highest speed: at 1000, one millisecond of the machine is one second of the client.
MAX_SPEED = 1000.0

#: Environment variable that tells a process how many times faster its clock runs.
SPEED_VARIABLE = "ALEPH_CONTRACT_SPEED"


@dataclass(frozen=True, slots=True)
class Clock:
    """Converts between the seconds of a client and those of the machine.

    Every duration and time that a user writes or reads is in the client's seconds; every wait of
    the fake and the drivers is in the machine's. Example: with `speed=100`, a run of 138 s ends
    after 1.38 s.

    Args:
        speed: Seconds of the client per second of the machine.
        start: Unix time at which the two clocks agree.
    """

    speed: float = 1.0
    start: float = 0.0

    def wait(self, seconds: float) -> float:
        """Seconds of the machine that `seconds` of the client take."""
        return seconds / self.speed

    def elapsed(self, waited: float) -> float:
        """Seconds of the client that pass in `waited` seconds of the machine."""
        return waited * self.speed

    def at(self, wall: float) -> float:
        """The Unix time on the client's clock when it is `wall` on the machine's."""
        return self.start + (wall - self.start) * self.speed

    def now(self) -> float:
        """The Unix time on the client's clock."""
        return self.at(time())

    @property
    def faster(self) -> bool:
        """Whether the client's clock is not the wall clock."""
        return self.speed != 1


#: The client runs on the clock of the machine.
WALL_CLOCK = Clock()


def checked_speed(speed: float) -> float:
    """The speed itself.

    Raises:
        ArgumentError: It is not a number from 1 to `MAX_SPEED`.
    """
    if math.isnan(speed) or not 1 <= speed <= MAX_SPEED:
        raise ArgumentError(f"speed is a number from 1 to {MAX_SPEED:g}, not {speed:g}")
    return speed


def of_this_process(seconds: float) -> float:
    """Seconds on the clock of this process that `seconds` of the machine take.

    For time limits of this project's own code in a client's process. Example: an answer of the fake
    takes 1 s of the machine, which is 100 s on a clock that runs 100 times faster.
    """
    return seconds * float(os.environ.get(SPEED_VARIABLE, "1"))
