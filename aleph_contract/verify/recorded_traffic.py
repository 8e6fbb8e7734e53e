"""`aleph-contract judge`: judge the client and the server whose traffic is in recordings.

The intended inputs and the client's reports are unknown, so only rules that need neither are
judged, and the server by each exchange; see `rules.traffic` and `rules.server`. A rule that a
recording cannot show is not judged, and a note says why. Recordings are streamed: a run is judged
when no later call can belong to it, and then only its result is kept.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile
from pathlib import Path

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.escaping import join_first, pluralise
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult, Client, Verification
from aleph_contract.errors import RecordingError
from aleph_contract.recordings import (
    BadEntry,
    Entry,
    ForeignCall,
    Format,
    Recorded,
    choose,
    read_recording,
)
from aleph_contract.rules.coverage import CoverageCount
from aleph_contract.rules.other_routes import other_route
from aleph_contract.rules.parsed_exchange import read_request
from aleph_contract.rules.retry_grouping import Grouping, LinkedRun
from aleph_contract.rules.server import judge_server
from aleph_contract.rules.traffic import contract_of, is_judged, judge_run
from aleph_contract.verify.kept_evidence import KeptEvidence

#: Bytes of calls that are held for all accounts together; see `retry_grouping.MAX_HELD`.
MAX_HELD = 16 * 1024 * 1024

_NOT_FOUND = 404

#: Bad entries of a file that are reported one by one.
MAX_BAD = 5


@dataclass(slots=True)
class _Account:
    """The calls of one account that are not judged yet, and what the recording says about each.

    Args:
        grouping: Groups them into runs.
        recorded: For the id of each exchange: its position among all calls, its name, its record.
    """

    grouping: Grouping = field(default_factory=Grouping)
    recorded: dict[int, tuple[int, str, Recorded]] = field(default_factory=dict)


@dataclass(slots=True)
class _Traffic:
    """What was read and judged so far.

    Args:
        contracts: The contracts that the calls are judged by.
        several: Whether there are several files, so that the name of a case starts with its file.
        stopped: Tells whether the user ended the command; the entries read until then are judged.
        reached: The entry that was read last, in words.
    """

    contracts: ContractSet
    several: bool
    stopped: Callable[[], bool]
    reached: str = "before the first entry"
    accounts: OrderedDict[str, _Account] = field(default_factory=OrderedDict)
    results: list[tuple[int, CaseResult]] = field(default_factory=list)
    hidden: Counter[tuple[str, str]] = field(default_factory=Counter)
    other_routes: Counter[str] = field(default_factory=Counter)
    other_models: Counter[str] = field(default_factory=Counter)
    models: dict[str, CoverageCount] = field(default_factory=dict)
    kept: KeptEvidence = field(default_factory=KeptEvidence)
    limits: dict[str, None] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)
    calls: int = 0
    foreign: int = 0
    held: int = 0
    bad: int = 0

    def read(self, path: Path, file_format: str) -> str:
        """Judge the calls of one file.

        Returns:
            Why no entry of the file can be read; empty if one can. Of an unreadable end or entry,
            only the message is kept.
        """
        entries, bad, problem = 0, list[str](), ""
        try:
            chosen = _until(self.stopped, choose(path, file_format))
            for number, found in enumerate(read_recording(path, self.contracts, chosen), 1):
                self.reached = f"after entry {number} of {path.name}"
                if isinstance(found, BadEntry):
                    bad.append(f"{path}, {found.place}: {found.reason}")
                    del bad[MAX_BAD:]
                    self.bad += 1
                else:
                    entries += 1
                    self._add(path, found)
        except RecordingError as error:
            problem = str(error)
        self._flush_all()
        if not entries and (bad or problem):
            return "; ".join(filter(None, [*bad, problem]))
        self.limits |= dict.fromkeys(chosen.limits)
        self.trouble += filter(None, [*bad, problem])
        return ""

    def _add(self, path: Path, found: Recorded | ForeignCall) -> None:
        if isinstance(found, ForeignCall):
            self.foreign += 1
            return
        exchange = found.exchange
        if model := _other_model(exchange, self.contracts):
            self.other_models[model] += 1
            return
        self.calls += 1
        self.hidden.update(found.hidden.items())
        if not is_judged(exchange):
            self.other_routes.update(filter(None, [other_route(exchange)]))
            return
        account = self.accounts.setdefault(exchange.account, _Account())
        self.accounts.move_to_end(exchange.account)
        name = f"{path.name}, {found.place}" if self.several else found.place
        account.recorded[id(exchange)] = self.calls, name, found
        before = account.grouping.held
        for run in account.grouping.add(exchange, timed=found.timed):
            self._judge(account, run)
        self.held += account.grouping.held - before
        while self.held > MAX_HELD and len(self.accounts) > 1:
            self._flush(next(iter(self.accounts)))

    def _flush_all(self) -> None:
        while self.accounts:
            self._flush(next(iter(self.accounts)))

    def _flush(self, name: str) -> None:
        """Judge what is held of an account."""
        account = self.accounts.pop(name)
        self.held -= account.grouping.held
        for run in account.grouping.end():
            self._judge(account, run)

    def _judge(self, account: _Account, run: LinkedRun) -> None:
        """Judge a run, count it, and keep its result."""
        recorded = [account.recorded.pop(id(call)) for call in run.calls]
        order, name, _ = recorded[0]
        contract = contract_of(run.calls[0], self.contracts)
        result = judge_run(run, name, contract)
        result = _with_server(result, [found for *_, found in recorded], contract)
        if contract.model not in self.models:
            self.models[contract.model] = CoverageCount(contract)
        self.models[contract.model].add(result)
        self.results.append((order, self.kept.reduce(result)))


def judge_recordings(
    paths: Sequence[Path],
    contracts: ContractSet,
    *,
    file_format: str = "auto",
    name: str = "",
    stopped: Callable[[], bool] = lambda: False,
) -> Verification:
    """Judge the traffic of recordings as that of one client and one server.

    Args:
        paths: The recordings.
        contracts: The contracts that the calls are judged by.
        file_format: A key of `recordings.FORMATS`, or `auto`.
        name: Name of the client in the report; by default the names of the files.
        stopped: Asked before each entry; when it is true, the entries read until then are judged,
            and the verification is interrupted.

    Raises:
        RecordingError: No recording can be read at all. If one of several cannot, or one not to its
            end, the rest is judged, and the verification has trouble.
    """
    begun = time.perf_counter()
    traffic = _Traffic(contracts, several=len(paths) > 1, stopped=stopped)
    unread = [
        error for path in paths if not stopped() and (error := traffic.read(path, file_format))
    ]
    if len(unread) == len(paths):
        raise RecordingError("; ".join(unread))
    used = tuple(contracts[model] for model in traffic.models or (contracts.default.model,))
    counts = (traffic.models.get(contract.model) or CoverageCount(contract) for contract in used)
    return Verification(
        mode="judge",
        model=", ".join(contract.model for contract in used),
        contract_version=", ".join(contract.version for contract in used),
        profile="documented",
        seed=0,
        client=Client(name or ", ".join(path.name for path in paths)),
        results=tuple(result for _, result in sorted(traffic.results, key=lambda pair: pair[0])),
        coverage=tuple(chain.from_iterable(count.rows for count in counts)),
        trouble=(*unread, *traffic.trouble, *_nothing(traffic)),
        notes=tuple(_notes(traffic)),
        interrupted=stopped(),
        left_out=traffic.kept.left_out,
        elapsed=time.perf_counter() - begun,
    )


def _until(stopped: Callable[[], bool], chosen: Format) -> Format:
    """The format, read until the user ends the command.

    The search for secrets, which reads the file first, ends there too; no entry is read after it.
    """

    def read(path: Path, contracts: ContractSet) -> Iterator[Entry]:
        return takewhile(lambda _: not stopped(), chosen.read(path, contracts))

    return replace(chosen, read=read)


def _with_server(
    result: CaseResult, recorded: Sequence[Recorded], contract: Contract
) -> CaseResult:
    """The result with the server's part, without the rules that the recording cannot show."""
    checked, findings = dict.fromkeys(result.checked), list(result.findings)
    for found in recorded:
        if found.exchange.outcome == "elsewhere":
            continue
        judgement = judge_server(
            found.exchange, None, contract,
            checks_token=found.checks_token, charged=found.charged,
        )  # fmt: skip
        checked |= dict.fromkeys(rule for rule in judgement.checked if rule not in found.hidden)
        findings += [finding for finding in judgement.findings if finding.rule not in found.hidden]
    hidden = {rule for found in recorded for rule in found.hidden if rule in result.checked}
    findings = [finding for finding in findings if finding.rule not in hidden]
    return replace(
        result,
        checked=tuple(rule for rule in checked if rule not in hidden),
        findings=tuple(findings),
        status="failed" if any(f.level == "must" for f in findings) else "passed",
    )


def _other_model(exchange: Exchange, contracts: ContractSet) -> str | None:
    """The model of a call if the service knows it and no contract describes it; else `None`.

    A refusal as unknown, and a misspelling of a known id, are judged.
    """
    model = read_request(exchange).model
    if not isinstance(model, str) or not model or model in contracts or contracts.near(model):
        return None
    return None if exchange.status == _NOT_FOUND else model


def _nothing(traffic: _Traffic) -> Iterator[str]:
    if not (traffic.calls or traffic.trouble or traffic.stopped()):
        yield f"no call of a known model is recorded; calls to other servers: {traffic.foreign:,}"


def _notes(traffic: _Traffic) -> Iterable[str]:
    """What the reader must know about the judgement."""
    if traffic.stopped():
        yield f"partial report: reading was interrupted {traffic.reached}"
    total = pluralise(traffic.calls, "call")
    for (rule, reason), count in sorted(traffic.hidden.items()):
        yield f"{rule} is not judged in {count:,} of {total}: {reason}"
    yield from traffic.limits
    if traffic.bad:
        yield f"entries that cannot be read: {traffic.bad:,}"
    if traffic.foreign:
        yield f"calls to other servers, which are not judged: {traffic.foreign:,}"
    if traffic.other_models:
        named = [f"{model} ({count:,})" for model, count in traffic.other_models.items()]
        yield f"calls of other models, which are judged only with --contract: {join_first(named)}"
    if traffic.other_routes:
        named = [f"{route} ({count})" for route, count in traffic.other_routes.items()]
        yield f"calls to other routes, which are not judged: {', '.join(named)}"
    if traffic.kept.cases:
        yield (
            f"the exchanges of {pluralise(traffic.kept.cases, 'case')} are left out of the report, "
            "because the recording is long"
        )
