"""Wait for a state that another thread or process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds after which a test gives up; a busy machine may need many.
PATIENCE = 60.0


def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Return as soon as `holds` returns a true value.

    Raises:
        AssertionError: It does not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "the test has waited in vain"
        time.sleep(0.005)
