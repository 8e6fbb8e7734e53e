"""`aleph-contract judge`: judge the client whose traffic is in recordings.

The intended inputs and the client's reports are unknown, so only rules that need neither are
judged; see `rules.traffic`. A rule that a recording cannot show is not judged, and a note says why.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.escaping import pluralise
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult, Client, Verification
from aleph_contract.errors import RecordingError
from aleph_contract.recordings import Recorded, read_recording
from aleph_contract.rules.coverage import coverage_by_model
from aleph_contract.rules.other_routes import notes_on_other_routes
from aleph_contract.rules.traffic import judge_traffic


@dataclass(slots=True)
class _Traffic:
    """What was read so far: exchanges by file and account, hidden rules, foreign calls, trouble."""

    accounts: dict[tuple[str, str], list[Recorded]] = field(default_factory=dict)
    hidden: Counter[tuple[str, str]] = field(default_factory=Counter)
    foreign: int = 0
    trouble: list[str] = field(default_factory=list)

    def add(self, path: Path, found: Iterable[Recorded | None]) -> None:
        """Add the exchanges of a recording; of an unreadable end, only the message.

        Raises:
            RecordingError: The recording is unreadable from its start.
        """
        begun = False
        try:
            for recorded in found:
                begun = True
                self._add(str(path), recorded)
        except RecordingError as error:
            if not begun:
                raise
            self.trouble.append(str(error))

    def _add(self, source: str, recorded: Recorded | None) -> None:
        if recorded is None:
            self.foreign += 1
            return
        self.accounts.setdefault((source, recorded.exchange.account), []).append(recorded)
        self.hidden.update(recorded.hidden.items())

    @property
    def exchanges(self) -> list[Exchange]:
        """Every exchange."""
        return [x.exchange for recorded in self.accounts.values() for x in recorded]


def judge_recordings(
    paths: Sequence[Path],
    contracts: ContractSet,
    *,
    file_format: str = "auto",
    name: str = "",
) -> Verification:
    """Judge the traffic of recordings as that of one client.

    Args:
        paths: The recordings.
        contracts: The contracts that the calls are judged by.
        file_format: A key of `recordings.FORMATS`, or `auto`.
        name: Name of the client in the report; by default the names of the files.

    Raises:
        RecordingError: A recording cannot be read at all. If it cannot be read to its end, the
            calls before the place are judged, and the verification has trouble.
    """
    begun = time.perf_counter()
    traffic = _Traffic()
    for path in paths:
        traffic.add(path, read_recording(path, contracts, file_format))
    results = tuple(
        result for own in traffic.accounts.values() for result in _judged(own, contracts)
    )
    used, rows = coverage_by_model(results, contracts)
    return Verification(
        mode="judge",
        model=", ".join(contract.model for contract in used),
        contract_version=", ".join(contract.version for contract in used),
        profile="documented",
        seed=0,
        client=Client(name or ", ".join(path.name for path in paths)),
        results=results,
        coverage=rows,
        trouble=(*traffic.trouble, *_nothing(traffic)),
        notes=tuple(_notes(traffic)),
        elapsed=time.perf_counter() - begun,
    )


def _judged(own: Sequence[Recorded], contracts: ContractSet) -> Iterator[CaseResult]:
    """The cases of one account, without the rules that its recording cannot show."""
    hidden = {recorded.exchange.number: recorded.hidden for recorded in own}
    for result in judge_traffic((recorded.exchange for recorded in own), contracts):
        yield _shown(result, [hidden[call.number] for call in result.exchanges])


def _shown(result: CaseResult, hidden: Iterable[Mapping[str, str]]) -> CaseResult:
    rules = {rule for each in hidden for rule in each}
    findings = tuple(finding for finding in result.findings if finding.rule not in rules)
    return replace(
        result,
        checked=tuple(rule for rule in result.checked if rule not in rules),
        findings=findings,
        status="failed" if any(f.level == "must" for f in findings) else "passed",
    )


def _nothing(traffic: _Traffic) -> Iterator[str]:
    if not traffic.accounts and not traffic.trouble:
        yield f"no call of a model is recorded; calls to other servers: {traffic.foreign:,}"


def _notes(traffic: _Traffic) -> Iterator[str]:
    """What the reader must know about the judgement."""
    total = sum(map(len, traffic.accounts.values()))
    for (rule, reason), count in sorted(traffic.hidden.items()):
        yield f"{rule} is not judged in {count:,} of {pluralise(total, 'call')}: {reason}"
    if traffic.foreign:
        yield f"calls to other servers, which are not judged: {traffic.foreign:,}"
    yield from notes_on_other_routes(traffic.exchanges)
