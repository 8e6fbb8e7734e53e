"""The lines of a client's standard error that say why it failed."""

from __future__ import annotations

#: Lines that are quoted where no line names an error.
MAX_LINES = 3


def error_lines(stderr: str) -> list[str]:
    """The lines from the last one that names an error, or else the last lines; at most three.

    Python prints the error as the last line. Node.js prints the stack and its version after it.
    """
    lines = [stripped for line in stderr.splitlines() if (stripped := line.strip())]
    named = [at for at, line in enumerate(lines) if _names_an_error(line)]
    start = named[-1] if named else max(len(lines) - MAX_LINES, 0)
    return lines[start : start + MAX_LINES]


def error_line(stderr: str) -> str:
    """The last line that names an error, or else the last line; empty without a line."""
    lines = error_lines(stderr)
    if not lines:
        return ""
    return lines[0] if _names_an_error(lines[0]) else lines[-1]


def _names_an_error(line: str) -> bool:
    return "error" in line.lower() and not line.startswith("at ")  # "at …" is a frame of a stack
