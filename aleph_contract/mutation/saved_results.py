"""The file of `--resume`: each result as soon as it is known, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from aleph_contract import version
from aleph_contract.core.exchange import decimal
from aleph_contract.core.reading import read_file
from aleph_contract.errors import ArgumentError
from aleph_contract.mutation.records import CLASSES, Mutant, MutantResult


class _Settings(Protocol):
    """The options that decide the mutants."""

    @property
    def seed(self) -> int:
        """See `MutationSettings`."""

    @property
    def max_mutants(self) -> int | None:
        """See `MutationSettings`."""


class SavedResults:
    """The results of an earlier run of the same command, and the file for the new ones.

    Args:
        path: The file; `None` keeps nothing.
        command: The command of the suite.
        settings: The options.

    Raises:
        ArgumentError: The file is of another run, or cannot be read or written.
    """

    def __init__(self, path: Path | None, command: Sequence[str], settings: _Settings) -> None:
        #: By the id of a mutant: makes its result.
        self.known: dict[str, Callable[[Mutant], MutantResult]] = {}
        self._path = path
        head = {
            "version": version.__version__,
            "command": list(command),
            "seed": settings.seed,
            "max_mutants": settings.max_mutants,
        }
        if path is not None:
            self._open(path, head)

    def add(self, result: MutantResult) -> None:
        """Write a result."""
        if self._path is not None:
            self._write(self._path, _row(result))

    def _open(self, path: Path, head: dict[str, Any]) -> None:
        try:
            text = read_file(path).decode() if path.exists() else ""
        except (OSError, ValueError) as error:
            raise ArgumentError(f"--resume: cannot read {path}: {error}") from None
        lines = text.splitlines()
        rows = [row for row in map(_parsed, lines) if row is not None]
        if not lines:
            self._write(path, head)
        elif not rows or rows[0] != head:
            raise ArgumentError(
                f"--resume: {path} holds results of another command, seed, bound or version; "
                "name a new file"
            )
        for row in rows[1:]:
            self.known[row["mutant"]] = _maker(row)
        if text and not text.endswith("\n"):  # the line that was written last is incomplete
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")

    @staticmethod
    def _write(path: Path, row: dict[str, Any]) -> None:
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise ArgumentError(f"--resume: cannot write {path}: {error.strerror}") from None


def _parsed(line: str) -> dict[str, Any] | None:
    """The object of a line; `None` for a line that was cut off when it was written."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _row(result: MutantResult) -> dict[str, Any]:
    return {
        "mutant": result.mutant.id,
        "class": result.kind,
        "noticed_by": result.noticed_by,
        "reason": result.reason,
        "cost_usd": decimal(result.cost),
        "seconds": round(result.elapsed, 3),
    }


def _maker(row: dict[str, Any]) -> Callable[[Mutant], MutantResult]:
    kind = next(each for each in CLASSES if each == row["class"])
    return lambda mutant: MutantResult(
        mutant,
        kind,
        row["noticed_by"],
        row["reason"],
        Decimal(row["cost_usd"]),
        elapsed=row["seconds"],
    )
