"""The same traffic judged live and from each format gives the same findings on shown rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest
from har_recorder import Recorder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recording_writers import WRITERS
from waiting import PATIENCE

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.judge import Judgement
from aleph_contract.rules.parsed_exchange import read_reply
from aleph_contract.rules.server import judge_server
from aleph_contract.rules.traffic import contract_of, judge_traffic
from aleph_contract.verify.recorded_traffic import judge_recordings
from fake_server.account_handle import AccountHandle
from fake_server.replies.faults import FAULTS
from fake_server.server import Server, running

CONTRACTS = ContractSet.of()
INPUT = dict(CONTRACTS.default.examples[0].input)

#: The rules that each format may leave out of a call, each with a note; `*` stands for any ending.
HIDDEN = {
    "har": ("billing.*", "request.auth", "server.no-5xx"),
    "vcr": ("billing.*", "request.auth", "error.*"),
    "vcr-json": ("billing.*", "request.auth", "error.*"),
    "gateway-log": (
        "billing.*", "request.*", "security.*",
        "server.route", "server.model", "server.content-type",
    ),
    "journal": ("server.*",),
}  # fmt: skip
HIDDEN["gateway-log-bucket"] = HIDDEN["gateway-log"]

#: The parts of a call that a gateway log does not hold, and a defect may be in.
UNLOGGED = ("route", "method", "type", "query", "model", "leak-url")

INPUTS = [INPUT, INPUT | {"seed": -1}, INPUT | {"duration": 5}, INPUT | {"prompt": "é\u2028😀"}, {}]
#: Every fault that is answered at once, after the request was read: the fake never sees the request
#: of the others, but a client's recording has it.
FAST = sorted(
    name
    for name, fault in FAULTS.items()
    if name not in ("delayed", "drip", "hang") and fault.delivery != "reset-early"
)
DEFECTS = [
    "",
    "route",
    "method",
    "type",
    "model",
    "member",
    "query",
    "leak-url",
    "leak-header",
    "leak-body",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    journal = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    with running(journal=f"sqlite:{journal}") as fake:
        yield fake, journal


def _send(recorder: Recorder, account: AccountHandle, value: object, defect: str) -> None:
    url = f"{account.base_url}/accounts/{account.id}/ai/run"
    sent = {"Authorization": f"Bearer {account.token}", "Content-Type": "application/json"}
    body: dict[str, object] = {"model": CONTRACTS.default.model, "input": value}
    method = "POST"
    if defect == "route":
        url += "/runwayml/aleph-2"
    elif defect == "method":
        method = "PUT"
    elif defect == "type":
        sent["Content-Type"] = "text/plain"
    elif defect == "model":
        body["model"] = "runwayml/aleph"
    elif defect == "member":
        body["stream"] = True
    elif defect == "query":
        url += "?debug=1"
    elif defect == "leak-url":
        url += f"?api_token={account.token}"
    elif defect == "leak-header":
        sent["X-Trace"] = account.token
    elif defect == "leak-body":
        body["input"] = {**INPUT, "prompt": f"use {account.token}"}
    recorder.send(method, url, sent, json.dumps(body, ensure_ascii=False).encode())


def _as_seen(exchange: Exchange) -> Exchange:
    """The exchange as a client sees it: a scripted reply with a result completes the run too."""
    completed = exchange.outcome == "fault" and read_reply(exchange).kind == "completed"
    return replace(exchange, outcome="completed") if completed else exchange


#: A rule with its level, for each case: what was examined, and what was found.
Seen = list[tuple[set[str], list[tuple[str, str]]]]


def _seen(results: Iterable[CaseResult]) -> Seen:
    return [(set(r.checked), sorted((f.rule, f.level) for f in r.findings)) for r in results]


def _live(exchanges: Sequence[Exchange], *, alone: bool = False, scripted: bool = True) -> Seen:
    """The judgement on the exchanges themselves: of the client, and of the server.

    Args:
        exchanges: The exchanges.
        alone: Whether each call is a run of its own.
        scripted: Whether the server is judged by replies that a scenario scripted.
    """
    groups = [[x] for x in exchanges] if alone else [list(exchanges)]
    found = []
    for result in (r for calls in groups for r in judge_traffic(calls, CONTRACTS)):
        contract = contract_of(result.exchanges[0], CONTRACTS)
        for exchange in result.exchanges:
            if exchange.fault and not scripted:
                continue
            judgement = judge_server(exchange, None, contract)
            if exchange.status is None:  # no recording says why
                judgement = Judgement((), ())
            result = replace(  # noqa: PLW2901 - the result with one more judgement
                result,
                checked=(*result.checked, *judgement.checked),
                findings=(*result.findings, *judgement.findings),
            )
        found.append(result)
    return _seen(found)


def _assert_same(judged: Seen, live: Seen, hidden: Sequence[str]) -> None:
    """The same findings on the shown rules, and no rule left out that the format can show."""
    assert len(judged) == len(live)
    for (checked, found), (all_rules, findings) in zip(judged, live, strict=True):
        assert found == [pair for pair in findings if pair[0] in checked]
        left_out = {
            rule for rule in all_rules - checked if not any(fnmatch(rule, p) for p in hidden)
        }
        assert not left_out
        assert checked <= all_rules


CALLS = st.lists(
    st.tuples(st.sampled_from(INPUTS), st.sampled_from(DEFECTS), st.integers(1, 2)),
    min_size=1,
    max_size=4,
)


@pytest.mark.long
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls=CALLS, fault=st.sampled_from(["", *FAST]))
def test_the_same_traffic_gives_the_same_findings(
    server: tuple[Server, Path],
    tmp_path: Path,
    calls: list[tuple[dict[str, object], str, int]],
    fault: str,
) -> None:
    fake, journal = server
    account = fake.account()
    if fault:
        # Two clocks time a repeated call; a long Retry-After keeps a slow machine below it on both.
        wait = {"retry_after": 60} if fault.endswith("retry-after") else {}
        account.scenario([{"fault": fault, "times": 2, **wait}])
    recorder = Recorder()
    for value, defect, times in calls:
        for _ in range(times):
            _send(recorder, account, value, defect)
    account.settle(PATIENCE)
    seen = [_as_seen(exchange) for exchange in account.exchanges]
    for name, write in WRITERS.items():
        # A log does not tell a reply of `null` from one that it does not hold.
        unlogged = fault == "reply-null" or any(defect in UNLOGGED for _, defect, _ in calls)
        if name.startswith("gateway-log") and unlogged:
            continue
        write(tmp_path / name, recorder.entries)
        judged = judge_recordings([tmp_path / name], CONTRACTS)
        assert not judged.trouble
        live = _live(seen, alone=name.startswith("vcr"))
        _assert_same(_seen(judged.results), live, HIDDEN[name])
        assert account.token not in repr(judged.results)
    kept = judge_recordings([journal], CONTRACTS)
    own = [r for r in kept.results if account.id in {x.account for x in r.exchanges}]
    _assert_same(_seen(own), _live(account.exchanges, scripted=False), HIDDEN["journal"])
    fake.app.journal.clear(account.id)
