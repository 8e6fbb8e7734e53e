"""Capture of a client's output in this process, separately for each case.

A client's `print` must not end up in a report on standard output, and must not be lost either: a
rule searches it for the token. A context variable names the current case, so threads and tasks can
run at the same time.
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
    """The output of one case."""

    stdout: BoundedBuffer = field(default_factory=BoundedBuffer)
    stderr: BoundedBuffer = field(default_factory=BoundedBuffer)


_current: ContextVar[Output | None] = ContextVar("output of the case", default=None)


class _PerCaseStream:
    """A text stream that writes to the current case's output, or to `real` if there is none."""

    def __init__(self, real: Any, name: Literal["stdout", "stderr"]) -> None:
        self.real = real
        self._name: Literal["stdout", "stderr"] = name

    def write(self, text: str) -> int:
        """Write to the current case's output, else to the real stream."""
        output = _current.get()
        if output is None:
            written: int = self.real.write(text)
            return written
        getattr(output, self._name).add(text.encode("utf-8", "replace"))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        """Write every line."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@contextmanager
def split_by_case() -> Iterator[None]:
    """Replace `sys.stdout` and `sys.stderr` by streams that `capture` can redirect."""
    streams = {name: _PerCaseStream(getattr(sys, name), name) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in streams.items():
            if getattr(sys, name) is stream:  # else the client replaced it and must restore it
                setattr(sys, name, stream.real)


@contextmanager
def capture(output: Output) -> Iterator[None]:
    """Write to `output` what the current thread or task prints."""
    token = _current.set(output)
    try:
        yield
    finally:
        _current.reset(token)
