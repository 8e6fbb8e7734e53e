"""Measure by how much a busy machine delays what should happen at once.

On a faster clock such a delay counts more: 50 ms of the machine are 5 s of the client at 100.
"""

from __future__ import annotations

import math
import time
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self  # in `typing` from 3.11 on

#: Seconds of the machine between two measurements. A wait that is much longer misses short stalls,
#: and a shorter one costs more than 1 % of a processor.
INTERVAL = 0.005


class Stalls:
    """Measures in a thread of its own; use it as a context manager.

    The thread shares the process with the fake, so it is late for the same reasons: other programs,
    and other threads of this process.
    """

    def __init__(self) -> None:
        #: When a wait ended, and how late; each was later than all that follow it.
        self._late: list[tuple[float, float]] = []
        self._due = time.monotonic() + INTERVAL
        self._ending = Event()
        self._thread = Thread(target=self._run, name="stalls", daemon=True)

    def __enter__(self) -> Self:
        """Start to measure."""
        self._due = time.monotonic() + INTERVAL
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._due = math.inf  # what was measured stays as it is

    def worst_since(self, moment: float) -> float:
        """Seconds of the machine by which a wait ended late at most.

        Args:
            moment: A time on the monotonic clock; waits that ended before it do not count.
        """
        waiting = max(0.0, time.monotonic() - self._due)
        return max([waiting, *(late for ended, late in self._late if ended >= moment)])

    def _run(self) -> None:
        while not self._ending.is_set():
            self._due = time.monotonic() + INTERVAL
            time.sleep(INTERVAL)
            ended = time.monotonic()
            late = ended - self._due
            self._late = [*(each for each in self._late if each[1] > late), (ended, late)]
