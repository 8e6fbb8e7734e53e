"""A bound on a search, counted in steps: the same schema gives the same values on every machine."""

from __future__ import annotations

import math


class Budget:
    """The steps that one search may still take.

    A step is one schema that is read, one value that is built, or one value that is checked; it
    takes about 50 microseconds. A clock would not do: a slow machine would then build fewer cases.

    Args:
        steps: The number of steps.
    """

    __slots__ = ("_paid", "cut", "left", "steps")

    def __init__(self, steps: float = math.inf) -> None:
        self.steps = steps
        self.left = steps
        #: Whether the search ended before it had tried everything.
        self.cut = False
        self._paid: dict[object, float] = {}

    @property
    def spent(self) -> float:
        """The number of steps taken; meaningless for a budget without a bound."""
        return self.steps - self.left

    def spend(self, steps: float = 1) -> bool:
        """Take `steps`; false, and the budget is empty, if fewer are left."""
        if self.left < steps:
            self.left = 0
            self.cut = True
            return False
        self.left -= steps
        return True

    def pay_for(self, result: object, steps: float) -> bool:
        """Take the steps of a shared result up to `steps`, those already paid for it excepted.

        A search pays for a result even if another search computed it: a search alone and the same
        search after others then find the same values.
        """
        due = steps - self._paid.get(result, 0)
        if due <= 0:
            return True
        self._paid[result] = steps
        return self.spend(due)
