"""SIGTERM ends a command as Ctrl-C does: clients are ended and a report is written."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def terminable() -> Iterator[None]:
    """Raise `KeyboardInterrupt` on SIGTERM within a `with` block."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C or SIGTERM came within a `with` block.

    The first signal only sets this mark, so that no half-done step is lost; a second one raises
    `KeyboardInterrupt`.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    came: list[int] = []

    def mark(number: int, frame: Any) -> None:
        came.append(number)
        if len(came) > 1:
            signal.default_int_handler(number, frame)

    before = [signal.signal(number, mark) for number in numbers]
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
