"""The same traffic judged live, from the journal and from a HAR file gives the same findings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from har_recorder import Recorder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult
from aleph_contract.rules.parsed_exchange import read_reply
from aleph_contract.rules.traffic import judge_traffic
from aleph_contract.verify.recorded_traffic import judge_recordings
from fake_server.replies.faults import FAULTS
from fake_server.server import AccountHandle, Server, running

CONTRACTS = ContractSet.of()
INPUT = dict(CONTRACTS.default.examples[0].input)

#: Rules that HAR cannot show for any call, and for a call that is answered 401.
NEVER_SHOWN = {"billing.paid-once"}

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


def _findings(results: Iterator[CaseResult] | tuple[CaseResult, ...]) -> list[object]:
    return [[(f.rule, f.level) for f in r.findings if f.rule not in NEVER_SHOWN] for r in results]


CALLS = st.lists(
    st.tuples(st.sampled_from(INPUTS), st.sampled_from(DEFECTS), st.integers(1, 2)),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
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
        account.scenario([{"fault": fault, "times": 2}])
    recorder = Recorder()
    for value, defect, times in calls:
        for _ in range(times):
            _send(recorder, account, value, defect)
    account.settle()
    har = recorder.save(tmp_path / "session.har")
    live = tuple(judge_traffic(account.exchanges, CONTRACTS))
    seen = tuple(judge_traffic(map(_as_seen, account.exchanges), CONTRACTS))
    judged = judge_recordings([har], CONTRACTS)
    assert _findings(judged.results) == _findings(seen)
    for result in judged.results:
        assert account.token not in repr(result)
    kept = judge_recordings([journal], CONTRACTS)
    own = [r for r in kept.results if account.id in {x.account for x in r.exchanges}]
    assert [r.findings for r in own] == [r.findings for r in live]
    fake.app.journal.clear(account.id)
