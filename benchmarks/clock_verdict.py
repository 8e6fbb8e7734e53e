"""The verdict on a client that must not depend on its clock, and the file of those in real time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from aleph_contract.core.results import CaseResult

UNDONE = "could-not-run"


@dataclass(frozen=True, slots=True)
class Case:
    """The verdict on one case.

    Args:
        name: The name of the case.
        status: As in a report.
        rules: The broken rules.
        calls: The number of calls.
        usd: What they would have cost.
    """

    name: str
    status: str
    rules: tuple[str, ...]
    calls: int
    usd: str

    @classmethod
    def of(cls, result: CaseResult) -> Case:
        """The verdict of a result."""
        return cls(
            result.name,
            result.status,
            tuple(sorted(finding.rule for finding in result.findings)),
            len(result.exchanges),
            str(sum((exchange.cost for exchange in result.exchanges), Decimal(0))),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one client.

    Args:
        cases: The verdict on each case, by name.
        seconds: How long the cases took, on the clock of the machine.
    """

    cases: tuple[Case, ...]
    seconds: float

    @classmethod
    def of(cls, results: Iterable[CaseResult], seconds: float) -> Verdict:
        """The verdict of all results."""
        return cls(
            tuple(sorted(map(Case.of, results), key=lambda case: case.name)), round(seconds, 1)
        )

    @property
    def usd(self) -> Decimal:
        """What all cases would have cost."""
        return sum((Decimal(case.usd) for case in self.cases), Decimal(0))

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(case.calls for case in self.cases)

    @property
    def rules(self) -> str:
        """The broken rules."""
        return ", ".join(sorted({rule for case in self.cases for rule in case.rules}))

    @property
    def undone(self) -> int:
        """The number of cases that could not be run."""
        return sum(case.status == UNDONE for case in self.cases)

    def differences(self, other: Verdict) -> list[str]:
        """The cases with two verdicts that are not the same."""
        return [
            f"    {one}\n    {two}"
            for one, two in zip(self.cases, other.cases, strict=True)
            if one != two and UNDONE not in (one.status, two.status)
        ]


def write(path: Path, verdicts: Mapping[str, Verdict]) -> None:
    """Write the verdicts to a file, by the name of the client."""
    path.write_text(json.dumps({k: asdict(v) for k, v in verdicts.items()}, indent=1) + "\n")


def read(path: Path) -> dict[str, Verdict]:
    """The verdicts in a file."""
    return {
        name: Verdict(
            tuple(Case(**{**case, "rules": tuple(case["rules"])}) for case in given["cases"]),
            given["seconds"],
        )
        for name, given in json.loads(path.read_text(encoding="utf-8")).items()
    }
