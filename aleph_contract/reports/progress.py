"""Progress during a run: shown on a terminal only, and removed at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

from aleph_contract.core.escaping import pluralise

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from aleph_contract.core.results import CaseResult
    from aleph_contract.verify.runner import Event


class Progress:
    """A progress line with the phase, the cases so far, the failures, and the time left.

    Draws on `stream` if it is a terminal, else does nothing; only drawing imports rich. Call it
    with the runner's events, and close it before other output is written. `noun` names a case.
    """

    def __init__(self, stream: TextIO, noun: str = "case") -> None:
        self._noun = noun
        self._bars: Bars | None = _bars(stream) if stream.isatty() else None
        self._task: Any = None
        self._total: int | None = None
        self._counts: Counter[str] = Counter()

    def __call__(self, event: Event) -> None:
        """Show an event of the runner."""
        if self._bars is None:
            return
        phase: str | None = getattr(event, "phase", None)
        if phase is not None:
            self._start(phase, getattr(event, "total", None) or getattr(event, "cases", None))
        else:
            self._count(event.result)  # type: ignore[union-attr]

    def close(self) -> None:
        """Remove the line; a second call does nothing."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _start(self, phase: str, total: int | None) -> None:
        """Name the phase on the line; the time left is that of the whole run."""
        assert self._bars is not None  # noqa: S101 - checked by the caller
        self._total = total
        if self._task is None:
            self._task = self._bars.add_task(phase, total=total, numbers=self._numbers())
        self._bars.update(self._task, description=phase, total=total, numbers=self._numbers())
        self._bars.start()

    def _count(self, result: CaseResult) -> None:
        assert self._bars is not None  # noqa: S101 - checked by the caller
        self._counts[result.status] += 1
        self._bars.update(self._task, advance=1, numbers=self._numbers())

    def _numbers(self) -> str:
        done, failed = self._counts.total(), self._counts["failed"]
        total = max(done, self._total or 0)  # a property may end with several results
        share = f"{done:,} of {pluralise(total, self._noun)}" if self._total else ""
        return (share or pluralise(done, self._noun)) + (f", {failed:,} failed" if failed else "")


def _bars(stream: TextIO) -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    return Progress(*columns, console=Console(file=stream), transient=True)
