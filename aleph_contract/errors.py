"""One family of errors, each of which says what is wrong, where, and what would be right."""

from __future__ import annotations


class AlephContractError(Exception):
    """The base of every error this project raises on purpose.

    The command line prints its text in one line, without a traceback, and exits with
    `exit_code`.
    """

    exit_code = 2


class ArgumentError(AlephContractError, ValueError):
    """An argument or option that cannot be meant as it was given."""


class ContractError(AlephContractError, ValueError):
    """A contract file that cannot be used.

    Args:
        source: The file, or what stands for it.
        location: JSON Pointer to the offending place; the empty string is the whole document.
        reason: What is wrong there and what would be right.
    """

    def __init__(self, source: str, location: str, reason: str) -> None:
        super().__init__(source, location, reason)
        self.source = source
        self.location = location
        self.reason = reason

    def __str__(self) -> str:
        place = f"{self.source} at {self.location}" if self.location else self.source
        return f"{place}: {self.reason}"


class JSONError(AlephContractError, ValueError):
    """Text that is not JSON, with the place where it stops being so.

    Args:
        reason: What is wrong.
        line: Line of the first offending character, from 1.
        column: Column of it, from 1, in characters.
        offset: Offset of it in the text, from 0, in characters.
    """

    def __init__(self, reason: str, *, line: int = 1, column: int = 1, offset: int = 0) -> None:
        super().__init__(reason, line, column, offset)
        self.reason = reason
        self.line = line
        self.column = column
        self.offset = offset

    def __str__(self) -> str:
        return f"line {self.line} column {self.column}: {self.reason}"


class CouldNotRun(AlephContractError):  # noqa: N818 - a state of the check, not a failure of the client
    """The check itself could not be carried out; it says nothing about the client."""

    exit_code = 3
