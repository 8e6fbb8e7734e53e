"""Two fakes with one journal in PostgreSQL show the same accounts, and share each decision."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest
from calling import HTTP, INPUT, body, code, post
from shared_accounts import Replicas, numbers, on

from fake_server.account_handle import AccountHandle
from fake_server.journal.base import listen_here
from fake_server.server import Server

#: USD of a run of `INPUT`.
PRICE = Decimal("1.68")


def control(server: Server, method: str, path: str, **options: Any) -> httpx.Response:
    """Call the control API of a replica."""
    return HTTP.request(method, f"{server.origin}/__aleph__/{path}", **options)


def race(replicas: Replicas, account: AccountHandle, runs: int) -> list[httpx.Response]:
    """Make runs on both replicas at the same time."""
    both = [on(server, account) for server in replicas]
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda number: post(both[number % 2]), range(runs)))


def test_an_account_of_one_replica_is_an_account_of_the_other(replicas: Replicas) -> None:
    one, two = replicas
    account = one.account(profile="live", credits="5")
    elsewhere = on(two, account)
    assert elsewhere.token == account.token
    answer = post(elsewhere)
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert account.bill == elsewhere.bill
    assert account.bill.usd == PRICE
    assert numbers(account) == [1]


@pytest.mark.parametrize(
    ("token", "expected"),
    [("t" * 40, (401, 10000)), ("other", (403, 10000)), ("own", None), ("fault-conflict", None)],
)
def test_a_token_is_refused_by_every_replica(
    replicas: Replicas, token: str, expected: tuple[int, int] | None
) -> None:
    one, two = replicas
    account, other = one.account(), one.account()
    tokens = {"other": other.token, "own": account.token}
    answer = post(on(two, account), token=tokens.get(token, token))
    if expected is None:
        assert answer.status_code == (409 if token.startswith("fault-") else 200)
    else:
        assert code(answer) == expected


def test_an_account_that_a_request_names_accepts_any_token_but_those_of_others(
    replicas: Replicas,
) -> None:
    one, two = replicas
    named = AccountHandle(two, two.app.accounts.get("ab" * 16))
    assert post(named, token="anything").status_code == 200
    assert code(post(named, token=one.account().token)) == (403, 10000)
    assert on(one, named).bill.runs == 1


def test_racing_replicas_spend_no_more_than_the_credits(replicas: Replicas) -> None:
    account = replicas[0].account(credits=PRICE * 7)
    answers = race(replicas, account, 24)
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [402] * 17
    assert account.bill.usd == PRICE * 7
    recorded = account.exchanges
    assert [e.number for e in recorded] == list(range(1, 25))
    assert sum(e.cost for e in recorded) == account.bill.usd
    assert sorted(str(e.status) for e in recorded) == ["200"] * 7 + ["402"] * 17


def test_a_spend_limit_lags_by_the_same_number_of_runs_on_all_replicas_together(
    replicas: Replicas,
) -> None:
    account = replicas[0].account(spend_limit=PRICE * 3, spend_limit_lag=2)
    answers = race(replicas, account, 16)
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 11
    assert account.bill.usd == PRICE * 5


def test_each_step_of_a_scenario_is_taken_by_one_of_two_racing_replicas(
    replicas: Replicas,
) -> None:
    account = replicas[0].account()
    account.scenario([{"fault": "conflict", "times": 5}, {"fault": "too-early", "times": 3}])
    answers = race(replicas, account, 20)
    assert sorted(answer.status_code for answer in answers) == [200] * 12 + [409] * 5 + [425] * 3
    played = [e.fault for e in account.exchanges]
    assert (played.count("conflict"), played.count("too-early")) == (5, 3)
    assert control(replicas[1], "GET", f"accounts/{account.id}/scenario").json()["steps"] == []


def test_a_scenario_that_one_replica_sets_is_played_by_the_other_at_once(
    replicas: Replicas,
) -> None:
    one, two = replicas
    account = one.account()
    assert post(on(two, account)).status_code == 200
    for fault, status in (("conflict", 409), ("too-early", 425)):
        control(one, "PUT", f"accounts/{account.id}/scenario", json=[{"fault": fault}])
        assert post(on(two, account)).status_code == status
    control(one, "PUT", f"accounts/{account.id}/scenario", content=b'"rate-limited"')
    assert [post(on(two, account)).status_code for _ in range(3)] == [429] * 3
    control(two, "DELETE", f"accounts/{account.id}/scenario")
    assert post(account).status_code == 200


def test_a_step_is_played_as_often_as_it_says(replicas: Replicas) -> None:
    account = replicas[0].account()
    steps = [{"fault": "conflict", "times": 2}, {"fault": None}, {"fault": "drip", "delay": 0.1}]
    account.scenario([*steps, *({"fault": "too-early"} for _ in range(300))])
    assert [post(account).status_code for _ in range(3)] == [409, 409, 200]
    left = replicas[1].app.accounts.get(account.id).scenario
    assert (len(left), left[0].delay) == (301, 0.1)
    assert [post(account).status_code for _ in range(2)] == [200, 425]
    account.scenario(None)
    assert post(account).status_code == 200


def test_a_step_with_its_own_reply_is_played_by_the_other_replica(replicas: Replicas) -> None:
    one, other = replicas
    account = one.account()
    account.scenario([{"status": 418, "headers": {"x-kettle": "1"}, "body": "short"}])
    reply = post(on(other, account))
    assert (reply.status_code, reply.headers["x-kettle"], reply.text) == (418, "1", "short")


def test_a_child_account_plays_the_scenario_of_its_parent(replicas: Replicas) -> None:
    one, two = replicas
    parent = one.account()
    test = {"process": "p", "test": "t", "account": parent.id}
    child = control(one, "POST", "tests", json=test).json()["account"]
    parent.scenario([{"fault": "conflict"}])
    there = AccountHandle(two, two.app.accounts.get(child["id"]))
    assert post(there, token=parent.token).status_code == 409
    assert post(there).status_code == 200
    assert (there.bill.runs, parent.bill.runs) == (1, 0)


def test_the_binding_reads_its_account_in_the_body(replicas: Replicas) -> None:
    one, two = replicas
    account = one.account()
    account.scenario([{"fault": "conflict"}])
    document = {"inputs": INPUT, "options": {"gateway": {"id": account.id}}}
    statuses = [
        HTTP.post(
            f"{two.origin}/ai-gateway/run?version=3",
            content=json.dumps(document),
            headers={"content-type": "application/json", "cf-consn-model-id": "runwayml/aleph-2"},
        ).status_code
        for _ in range(2)
    ]
    assert statuses == [409, 200]
    assert [(e.surface, e.status) for e in account.exchanges] == [
        ("binding", 409),
        ("binding", 200),
    ]


def test_a_large_body_is_decided_in_a_thread(replicas: Replicas) -> None:
    account = replicas[0].account(credits=PRICE)
    padded = body() + b" " * (1024 * 1024)
    assert post(account, content=padded).status_code == 200
    assert post(account, content=padded).status_code == 402
    assert len(account.exchanges[0].request_body) == len(padded)


class TestSeenElsewhere:
    """What one replica stores reaches the listeners, the streams and the judge of the others."""

    def test_wait_for_sees_the_runs_of_another_replica(self, replicas: Replicas) -> None:
        one, two = replicas
        account = one.account()
        threading.Timer(0.2, lambda: [post(account) for _ in range(3)]).start()
        path = f"accounts/{account.id}/exchanges?wait_for=3&timeout=60"
        listed = control(two, "GET", path).json()
        assert (listed["total"], listed["timed_out"], len(listed["exchanges"])) == (3, False, 3)

    def test_the_event_stream_shows_the_runs_of_another_replica(self, replicas: Replicas) -> None:
        one, two = replicas
        account = one.account()
        url = f"{two.origin}/__aleph__/events?account={account.id}"
        with HTTP.stream("GET", url) as stream:
            lines = stream.iter_lines()
            assert next(lines) == ": listening"
            post(account)
            data = next(line for line in lines if line.startswith("data: "))
        assert json.loads(data.removeprefix("data: "))["number"] == 1

    def test_metrics_and_spans_hear_only_the_runs_of_their_own_replica(
        self, replicas: Replicas
    ) -> None:
        account, heard = replicas[0].account(), list[list[int]]()
        stops = []
        for server in replicas:
            own: list[int] = []
            heard.append(own)
            stops.append(
                listen_here(server.app.journal, lambda new, own=own: own.append(new.number))  # type: ignore[misc]
            )
        account.scenario([{"fault": None, "delay": 0.1}])
        for server in (*replicas, replicas[1]):
            post(on(server, account))
        for stop in stops:
            stop()
        assert heard == [[1], [2, 3]]

    def test_the_inspector_shows_the_runs_of_another_replica(self, replicas: Replicas) -> None:
        one, two = replicas
        account = one.account()
        url = f"{two.origin}/__aleph__/inspector/live?account={account.id}"
        with HTTP.stream("GET", url) as stream:
            lines = stream.iter_lines()
            next(line for line in lines if line == "event: list")
            post(account)
            next(line for line in lines if line == "event: rows")
            assert account.id in next(line for line in lines if account.id in line)
        page = HTTP.get(f"{two.origin}/__aleph__/inspector/{account.id}/1")
        assert page.status_code == 200
        step = {"fault": "conflict", "times": "1"}
        HTTP.post(
            f"{two.origin}/__aleph__/inspector/{account.id}/scenario",
            data=step,
            headers={"origin": two.origin},
        )
        assert post(account).status_code == 409

    def test_the_verdict_is_the_same_on_each_replica(self, replicas: Replicas) -> None:
        one, two = replicas
        account = one.account()
        account.scenario([{"fault": "bad-gateway"}])
        for server in (one, two, one):  # a run that may be billed, repeated, and a good one
            post(on(server, account))
        post(account, {**INPUT, "prompt": ""})
        verdicts = [
            control(server, "GET", f"accounts/{account.id}/verdict").json()
            for server in (one, two, one)
        ]
        assert verdicts[0]["findings"]
        assert verdicts[0] == verdicts[1] == verdicts[2]
        coverage = [control(server, "GET", "coverage").json() for server in replicas]
        assert coverage[0] == coverage[1]

    def test_cleared_exchanges_are_gone_everywhere_and_numbers_continue(
        self, replicas: Replicas
    ) -> None:
        one, two = replicas
        account = one.account()
        post(account)
        assert control(two, "DELETE", f"accounts/{account.id}/exchanges").status_code == 204
        assert numbers(account) == []
        post(account)
        assert numbers(on(two, account)) == [2]

    def test_equal_tokens_have_equal_fingerprints(self, replicas: Replicas) -> None:
        account = replicas[0].account()
        race(replicas, account, 4)
        assert len({e.token_fingerprint for e in account.exchanges}) == 1
