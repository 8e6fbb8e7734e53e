"""Text for a terminal or a log: width, colours, wrapping, and columns of labels."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from aleph_contract.core.escaping import escape_controls, truncate
from aleph_contract.core.terminal import terminal_width
from aleph_contract.reports.case_details import Detail

#: Maximum number of characters of a payload; the json report has it in full.
MAX_PAYLOAD = 400

#: Maximum number of characters of a command; a longer one is too long to copy from a terminal.
MAX_COMMAND = 4000

#: Width of a report that is not for a terminal: wider than any line.
UNWRAPPED = 1_000_000

#: SGR colour codes (ECMA-48).
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}

#: Width of the column of labels.
_LABEL_WIDTH = 11


@dataclass(frozen=True, slots=True)
class Style:
    """The width of the report, whether it has colours, and whether it has every detail.

    Outside a terminal no line is wrapped, so that `grep` finds a whole sentence, URL or input.
    """

    width: int = UNWRAPPED
    colour: bool = False
    verbose: bool = False

    @classmethod
    def of(
        cls,
        stream: TextIO,
        environment: Mapping[str, str] = os.environ,
        *,
        verbose: bool = False,
    ) -> Style:
        """The style for a stream; `FORCE_COLOR` adds colours to a pipe, `NO_COLOR` removes them."""
        terminal = stream.isatty() and environment.get("TERM") != "dumb"
        forced = environment.get("FORCE_COLOR", "") not in ("", "0")
        colour = (terminal or forced) and not environment.get("NO_COLOR")
        width = min(max(terminal_width(), 40), 100)
        return cls(width if terminal else UNWRAPPED, colour, verbose)

    def paint(self, text: str, *tones: str) -> str:
        """The text in these colours, or unchanged if the report has no colours."""
        codes = ";".join(_CODES[tone] for tone in tones if tone)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes else text


def labelled(detail: Detail, style: Style, indent: str = "  ") -> Iterator[str]:
    """The lines of a detail, after a column with its label."""
    head = f"{indent}{detail.label:<{_LABEL_WIDTH - 1}} "
    for text in filter(None, detail.lines):
        for line in escape_controls(_SHORTEN[detail.kind](text)).split("\n"):
            for piece in _WRAP[detail.kind](line, style.width - len(head)):
                yield (style.paint(head, "dim") if head.strip() else head) + piece
                head = " " * len(head)


def _wrap_prose(text: str, width: int) -> list[str]:
    """Wrap at spaces; every line keeps the indent of the text."""
    indent = " " * (len(text) - len(text.lstrip()))
    lines = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    return lines or [""]


def _wrap_exact(text: str, width: int) -> list[str]:
    """Break after exactly `width` characters, so that joining the lines gives the text."""
    return [text[start : start + width] for start in range(0, len(text), width)] or [""]


def _no_wrap(text: str, _: int) -> list[str]:
    """A command stays on one line, so that it can be copied."""
    return [text]


def _shorten(text: str) -> str:
    return truncate(text, MAX_PAYLOAD)


def _shorten_command(text: str) -> str:
    if len(text) > MAX_COMMAND:
        return f"a command of {len(text):,} characters; the json report has it in full"
    return text


#: How to shorten and how to wrap each kind of detail.
_SHORTEN = {"prose": _shorten, "exact": _shorten, "command": _shorten_command}
_WRAP = {"prose": _wrap_prose, "exact": _wrap_exact, "command": _no_wrap}


def headed(head: str, rest: str, style: Style, *tones: str) -> Iterator[str]:
    """A line that starts with a coloured `head`, wrapped at the width of the style."""
    first, *more = wrapped(head + rest, style)
    cut = min(len(escape_controls(head)), len(first))
    yield style.paint(first[:cut], *tones) + first[cut:]
    yield from more


def wrapped(text: str, style: Style, indent: str = "") -> list[str]:
    """The lines of a text, wrapped at the width of the style."""
    return textwrap.wrap(
        escape_controls(text),
        style.width,
        initial_indent=indent,
        subsequent_indent=indent or "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
