"""Reports of a run: for a person, for a machine, for CI, as a page, for GitHub."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from aleph_contract.core.results import Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.reports import github, html, json_report, junit, terminal
from aleph_contract.reports.files import check_writable, writing

if TYPE_CHECKING:
    from aleph_contract.reports.progress import Progress

#: Every format and the function that renders it.
FORMATS: dict[str, Callable[[Verification], str]] = {
    "terminal": terminal.render,
    "json": json_report.render,
    "junit": junit.render,
    "html": html.render,
    "github": github.render,
}

#: Formats that are read by lines and may share standard output; the others are one document.
_SHARING = ("terminal", "github")


@dataclass(frozen=True, slots=True)
class Spec:
    """One report that was asked for: its format, and its file (`None`: standard output)."""

    format: str
    path: Path | None = None


def parse_spec(text: str) -> Spec:
    """Read `FORMAT` or `FORMAT:PATH`.

    Raises:
        ArgumentError: There is no such format, or nothing after the colon.
    """
    name, colon, path = text.partition(":")
    if name not in FORMATS:
        close = get_close_matches(name, FORMATS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ArgumentError(
            f"--report {text}: no format {name!r}; {hint}formats: {', '.join(FORMATS)}"
        )
    if colon and not path:
        raise ArgumentError(
            f"--report {text}: no path after the colon; "
            f"write {name} for standard output, or {name}:FILE"
        )
    return Spec(name, Path(path) if path else None)


class Reports:
    """The reports of one run: progress while it goes on, then every report that was asked for."""

    def __init__(self, specs: Sequence[Spec], progress: Progress) -> None:
        self._specs = tuple(specs)
        self._progress = progress

    def on_event(self, event: Any) -> None:
        """Take one event of the runner."""
        self._progress(event)

    def write(self, run: Verification) -> None:
        """Render and write every report; files first, then standard output.

        Raises:
            ArgumentError: A file that could be written before the run now cannot.
        """
        self._progress.close()
        for spec in sorted(self._specs, key=lambda spec: spec.path is None):
            if spec.path is None:
                _print(spec.format, run, sys.stdout)
            else:
                _save(spec.path, FORMATS[spec.format](run))
        if any(spec.format == "github" for spec in self._specs):
            github.write_summary(run)


@contextmanager
def opened(texts: Sequence[str]) -> Iterator[Reports]:
    """Check the reports that were asked for before the run starts, and show progress meanwhile.

    Args:
        texts: As given to `--report`; none means the terminal report.

    Raises:
        ArgumentError: A report that cannot be meant, or a file that cannot be written.
    """
    from aleph_contract.reports.progress import Progress

    specs = [parse_spec(text) for text in texts or ("terminal",)]
    _check_together(specs)
    for spec in specs:
        if spec.path is not None:
            check_writable(spec.path, "--report")
    if any(spec.format == "github" for spec in specs):
        github.check_summary()
    progress = Progress(sys.stderr)
    try:
        yield Reports(specs, progress)
    finally:
        progress.close()


def _check_together(specs: Sequence[Spec]) -> None:
    """No two reports overwrite each other, or mix on standard output."""
    for index, spec in enumerate(specs):
        for other in specs[:index]:
            if spec.path != other.path:
                continue
            if spec.path is not None:
                both = f"{other.format} and {spec.format}"
                raise ArgumentError(f"--report: {both} both go to {spec.path}")
            if spec.format == other.format or not {spec.format, other.format} <= set(_SHARING):
                raise ArgumentError(
                    f"--report: {other.format} and {spec.format} both go to standard output; "
                    f"give one a file, such as {spec.format}:report.{spec.format}"
                )


def _save(path: Path, text: str) -> None:
    with writing(path, "--report"):
        path.write_bytes(text.encode("utf-8"))


def _print(name: str, run: Verification, stream: TextIO) -> None:
    """Print one report: a document as UTF-8 whatever the locale, lines as the stream shows them."""
    if name == "terminal":
        text = terminal.render(run, terminal.Style.of(stream))
    else:
        text = FORMATS[name](run)
    lines = name in _SHARING
    encoding = (stream.encoding or "utf-8") if lines else "utf-8"
    raw = text.encode(encoding, "backslashreplace")
    try:
        buffer = getattr(stream, "buffer", None)
        if buffer is None:
            stream.write(raw.decode(encoding))
        else:
            stream.flush()
            buffer.write(raw)
        stream.flush()
    except BrokenPipeError:  # the reader has seen enough; the verdict stands in the exit code
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
