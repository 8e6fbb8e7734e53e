"""What a client in this process prints, told apart by case.

A client's print must neither spoil the report on standard output nor be lost: rules look for the
token there. A context variable says whose output it is, so that threads and tasks may mix.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from aleph_contract.drivers.processes import BoundedBuffer


@dataclass(frozen=True, slots=True)
class Output:
    """What one case printed."""

    stdout: BoundedBuffer = field(default_factory=BoundedBuffer)
    stderr: BoundedBuffer = field(default_factory=BoundedBuffer)


_current: ContextVar[Output | None] = ContextVar("output of the case", default=None)


class _Divided:
    """A text stream that gives each case's output to that case, and all else to the real one."""

    def __init__(self, real: Any, name: Literal["stdout", "stderr"]) -> None:
        self._real = real
        self._name: Literal["stdout", "stderr"] = name

    def write(self, text: str) -> int:
        """Write to whom it belongs."""
        output = _current.get()
        if output is None:
            written: int = self._real.write(text)
            return written
        getattr(output, self._name).add(text.encode("utf-8", "replace"))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@contextmanager
def split_by_case() -> Iterator[None]:
    """Tell the output of cases apart while the context lasts."""
    mine = {name: _Divided(getattr(sys, name), name) for name in ("stdout", "stderr")}
    for name, stream in mine.items():
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in mine.items():
            if getattr(sys, name) is stream:  # else somebody else has put theirs over it
                setattr(sys, name, stream._real)  # noqa: SLF001 - our own


@contextmanager
def capture(output: Output) -> Iterator[None]:
    """Give what this thread or task prints to `output`."""
    token = _current.set(output)
    try:
        yield
    finally:
        _current.reset(token)
