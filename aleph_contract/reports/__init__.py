"""Reports of a verification: terminal, JSON, JUnit XML, HTML page, GitHub annotations, SARIF."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TextIO, TypeVar

from aleph_contract.core.results import Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.reports import github, html, json_report, junit, sarif, terminal
from aleph_contract.reports.files import check_writable, writing
from aleph_contract.reports.origin import stamped
from aleph_contract.reports.text import Style

if TYPE_CHECKING:
    from aleph_contract.reports.progress import Progress

#: Every format, with the function that renders it.
FORMATS: dict[str, Callable[[Verification], str]] = {
    "terminal": terminal.render,
    "json": json_report.render,
    "junit": junit.render,
    "html": html.render,
    "github": github.render,
    "sarif": sarif.render,
}

_Run = TypeVar("_Run")

#: How much the terminal report says: the verdict alone, what is broken, or every detail.
TerminalDetail = Literal["quiet", "normal", "verbose"]


@dataclass(frozen=True, slots=True)
class Renderers(Generic[_Run]):
    """The functions that render a run of one kind.

    Args:
        formats: A function for each format that the command has; the keys are among `FORMATS`.
        terminal: Renders the terminal report in a style.
        verdict: Renders the verdict alone.
        step_summary: Renders the step summary of GitHub.
        stamp: Adds the date and the commit, which the page shows; by default nothing.
    """

    formats: Mapping[str, Callable[[_Run], str]]
    terminal: Callable[[_Run, Style], str]
    verdict: Callable[[_Run, Style], str]
    step_summary: Callable[[_Run], str]
    stamp: Callable[[_Run], _Run] = lambda run: run


VERIFICATION = Renderers(
    FORMATS, terminal.render, terminal.render_verdict, github.step_summary, stamped
)

#: Formats made of lines, which may share standard output; the others are one document.
_LINE_FORMATS = ("terminal", "github")


@dataclass(frozen=True, slots=True)
class Spec:
    """One requested report: its format, and its file (`None`: standard output)."""

    format: str
    path: Path | None = None


def parse_spec(text: str, formats: Collection[str] = FORMATS) -> Spec:
    """Parse `FORMAT` or `FORMAT:PATH`.

    Args:
        text: The value of `--report`.
        formats: The formats that the command has.

    Raises:
        ArgumentError: There is no such format, or no path after the colon.
    """
    name, colon, path = text.partition(":")
    if name not in formats:
        format_name, _, file = text.partition("=")
        close = [f"{format_name}:{file}"] if format_name in formats else None
        close = close or get_close_matches(name, formats, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ArgumentError(
            f"--report {text}: unknown format {name!r}; {hint}formats: {', '.join(formats)}"
        )
    if colon and not path:
        raise ArgumentError(
            f"--report {text}: the path after the colon is missing; "
            f"write {name} for standard output, or {name}:FILE"
        )
    return Spec(name, Path(path) if path else None)


class Reports(Generic[_Run]):
    """The reports of one run: progress during the run, then every requested report.

    The verdict is always printed: on standard error if another report is on standard output.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        progress: Progress,
        renderers: Renderers[_Run],
        detail: TerminalDetail = "normal",
    ) -> None:
        self._specs = tuple(specs)
        self._progress = progress
        self._renderers = renderers
        self._detail = detail

    def on_event(self, event: Any) -> None:
        """Show an event of the runner as progress."""
        self._progress(event)

    def write(self, run: _Run) -> None:
        """Render and write every report: files first, then standard output.

        Raises:
            ArgumentError: A file cannot be written, although it could before the run.
        """
        self._progress.close()
        if any(spec.format == "html" for spec in self._specs):
            run = self._renderers.stamp(run)
        for spec in sorted(self._specs, key=lambda spec: spec.path is None):
            if spec.path is None:
                self._print(spec.format, run, sys.stdout)
            else:
                _save(spec.path, self._text(spec.format, run, Style(verbose=self._verbose)))
        if Spec("terminal") not in self._specs:
            taken = any(spec.path is None for spec in self._specs)
            stream = sys.stderr if taken else sys.stdout
            text = self._renderers.verdict(run, Style.of(stream))
            _write(text, stream, stream.encoding or "utf-8")
        if any(spec.format == "github" for spec in self._specs):
            github.append_step_summary(self._renderers.step_summary(run))

    def _print(self, name: str, run: _Run, stream: TextIO) -> None:
        """Print one report: a document always as UTF-8, lines in the encoding of the stream."""
        text = self._text(name, run, Style.of(stream, verbose=self._verbose))
        encoding = (stream.encoding or "utf-8") if name in _LINE_FORMATS else "utf-8"
        _write(text, stream, encoding)

    @property
    def _verbose(self) -> bool:
        return self._detail == "verbose"

    def _text(self, name: str, run: _Run, style: Style) -> str:
        """A report as text; only that for a terminal has a style."""
        if name != "terminal":
            return self._renderers.formats[name](run)
        quiet = self._detail == "quiet"
        return (self._renderers.verdict if quiet else self._renderers.terminal)(run, style)


@contextmanager
def open_reports(
    texts: Sequence[str], *, detail: TerminalDetail = "normal"
) -> Iterator[Reports[Verification]]:
    """`open_reports_of` a verification."""
    with open_reports_of(VERIFICATION, texts, detail=detail) as outputs:
        yield outputs


@contextmanager
def open_reports_of(
    renderers: Renderers[_Run],
    texts: Sequence[str],
    noun: str = "case",
    *,
    detail: TerminalDetail = "normal",
) -> Iterator[Reports[_Run]]:
    """Check the requested reports before the run starts, and show progress within the block.

    Args:
        renderers: The functions that render the run.
        texts: The values of `--report`; if empty, the terminal report.
        noun: The things that progress counts.
        detail: How much the terminal report says.

    Raises:
        ArgumentError: An invalid `--report`, or a file that cannot be written.
    """
    from aleph_contract.reports.progress import Progress

    specs = [parse_spec(text, renderers.formats) for text in texts or ("terminal",)]
    _check_together(specs)
    for spec in specs:
        if spec.path is not None:
            check_writable(spec.path, "--report")
    if any(spec.format == "github" for spec in specs):
        github.check_step_summary()
    progress = Progress(sys.stderr, noun)
    try:
        yield Reports(specs, progress, renderers, detail)
    finally:
        progress.close()


def _check_together(specs: Sequence[Spec]) -> None:
    """Reject two reports that go to the same file, or that would mix on standard output."""
    for index, spec in enumerate(specs):
        for other in specs[:index]:
            if spec.path != other.path:
                continue
            if spec.path is not None:
                both = f"{other.format} and {spec.format}"
                raise ArgumentError(f"--report: {both} both go to {spec.path}")
            if spec.format == other.format or not {spec.format, other.format} <= set(_LINE_FORMATS):
                raise ArgumentError(
                    f"--report: {other.format} and {spec.format} both go to standard output; "
                    f"write one of them to a file, such as {spec.format}:report.{spec.format}"
                )


def _save(path: Path, text: str) -> None:
    with writing(path, "--report"):
        path.write_bytes(text.encode("utf-8"))


def _write(text: str, stream: TextIO, encoding: str) -> None:
    raw = text.encode(encoding, "backslashreplace")
    try:
        buffer = getattr(stream, "buffer", None)
        if buffer is None:
            stream.write(raw.decode(encoding))
        else:
            stream.flush()
            buffer.write(raw)
        stream.flush()
    except BrokenPipeError:  # as in `| head -1`; the exit code still gives the verdict
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
