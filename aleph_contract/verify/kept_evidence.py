"""Which results of a long recording keep their exchanges.

A report needs the evidence of some cases, and of every other case only the verdict. What is kept is
bounded, so that a recording of any length can be judged.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from aleph_contract.core.results import CaseResult, Traffic

_Shared = TypeVar("_Shared", bound=Hashable)

#: Bytes of exchanges that are kept for cases with findings, and for the others.
MAX_BROKEN = 8 * 1024 * 1024
MAX_OTHERS = 4 * 1024 * 1024

#: Bytes of an exchange beside its bodies.
_OVERHEAD = 2000

#: Findings and lists of rules that are remembered, because equal ones share their memory.
_MAX_SHARED = 10_000


@dataclass(slots=True)
class KeptEvidence:
    """Decides for one result after the other.

    Args:
        left_out: Totals of the calls that were not kept.
        cases: Number of cases whose calls were not kept.
    """

    left_out: Traffic = field(default_factory=Traffic)
    cases: int = 0
    _room: dict[bool, int] = field(default_factory=lambda: {True: MAX_BROKEN, False: MAX_OTHERS})
    _shown: set[tuple[str, str]] = field(default_factory=set)
    _shared: dict[Hashable, Hashable] = field(default_factory=dict)

    def reduce(self, result: CaseResult) -> CaseResult:
        """The result with its evidence, or without it if there is no room left.

        The first case of each rule and level keeps its evidence.
        """
        size = sum(len(x.request_body) + len(x.response_body) + _OVERHEAD for x in result.exchanges)
        rules = {(finding.rule, finding.level) for finding in result.findings}
        room = self._room[bool(rules)]
        if size <= room or not rules <= self._shown:
            self._room[bool(rules)] = room - size
            self._shown |= rules
            return result
        self.cases += 1
        self.left_out.add(result.exchanges)
        return replace(
            result,
            intended=None,
            exchanges=(),
            checked=self._share(result.checked),
            findings=self._share(tuple(map(self._share, result.findings))),
        )

    def _share(self, value: _Shared) -> _Shared:
        """The value, or an equal one that was seen before."""
        if len(self._shared) >= _MAX_SHARED:
            self._shared.clear()
        return cast("_Shared", self._shared.setdefault(value, value))
