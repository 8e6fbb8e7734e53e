"""The errors of the project: each message gives the problem, its location, and the remedy."""

from __future__ import annotations


class AlephContractError(Exception):
    """Base of all errors that this project raises.

    The command line prints the message in one line, without a traceback, and exits with
    `exit_code`.
    """

    exit_code = 2


class ArgumentError(AlephContractError, ValueError):
    """An argument or option with an impossible value."""


class ContractError(AlephContractError, ValueError):
    """A contract file that cannot be used.

    Args:
        source: The file, or a name for the document.
        location: JSON Pointer to the first problem; empty for the whole document.
        reason: The first problem and, if known, the remedy.
        more: Location and reason of every further problem.
    """

    def __init__(
        self, source: str, location: str, reason: str, more: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(source, location, reason, more)
        self.source = source
        self.location = location
        self.reason = reason
        self.more = more

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """Location and reason of every problem."""
        return ((self.location, self.reason), *self.more)

    def __str__(self) -> str:
        place = f"{self.source} at {self.location}" if self.location else self.source
        more = "".join(f"; {f'at {where}' if where else 'also'}: {why}" for where, why in self.more)
        return f"{place}: {self.reason}{more}"


class JSONError(AlephContractError, ValueError):
    """Text that is not JSON, with the position of the first offending character.

    Args:
        reason: The problem.
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


class RecordingError(AlephContractError, ValueError):
    """A recording that cannot be read, or not to its end: the file, the place and the reason."""


class CouldNotRun(AlephContractError):  # noqa: N818 - a state of the check, not a failure of the client
    """The check could not be carried out, so there is no verdict on the client."""

    exit_code = 3
