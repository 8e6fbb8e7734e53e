"""A fake with a mutation: what the client gets, and what journal and bill show."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from fake_server import create_app
from fake_server.account_handle import AccountHandle
from fake_server.http import control_app
from fake_server.replies.faults import FAULTS
from fake_server.runs.lifecycle import Runs
from fake_server.runs.mutation import CallMutation, Mutator
from fake_server.server import running
from fake_server.state.scenarios import ScenarioStep

GOOD = {"prompt": "Make it snow", "video_uri": "https://example.com/a.mp4", "duration": 5}


@contextmanager
def mutated(mutation: CallMutation | None) -> Iterator[tuple[AccountHandle, Mutator]]:
    mutator = Mutator(mutation)
    with running(mutator=mutator) as server:
        yield server.account(), mutator


def call(account: AccountHandle, given: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310 - the address of the fake
        f"{account.base_url}/accounts/{account.id}/ai/run",
        json.dumps({"model": "runwayml/aleph-2", "input": given or GOOD}).encode(),
        {"Authorization": f"Bearer {account.token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310 - the same
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_another_reply_goes_to_the_client_alone() -> None:
    def wrong(body: bytes, origin: bytes, previous: bytes | None) -> bytes:
        assert body.startswith(b"{")
        assert origin.startswith(b"http://127.0.0.1:")
        assert previous is None
        return b'{"wrong":true}'

    with mutated(CallMutation(bool, reply=wrong)) as (account, mutator):
        assert call(account) == (200, {"wrong": True})
        status, right = call(account)
        assert (status, right["state"]) == (200, "Completed")
        first, second = account.exchanges
    assert (first.response_body, first.outcome) == (second.response_body, "completed")
    assert mutator.applied == 1


def test_the_reply_before_is_known() -> None:
    mutation = CallMutation(bool, occurrence=2, reply=lambda _, __, before: before or b"none")
    with mutated(mutation) as (account, _):
        first = call(account)
        assert call(account, {**GOOD, "prompt": "Make it rain"}) == first


def test_a_fault_is_played_on_one_call() -> None:
    step = ScenarioStep(FAULTS["no-credits"])
    with mutated(CallMutation(bool, occurrence=2, step=step)) as (account, _):
        assert [call(account)[0] for _ in range(3)] == [200, 402, 200]
        assert [x.fault for x in account.exchanges] == [None, "no-credits", None]


def test_a_failure_becomes_a_result_for_the_client_alone() -> None:
    with mutated(CallMutation(bool, completes=True)) as (account, _):
        status, reply = call(account, {**GOOD, "seed": -1})
        assert (status, reply["state"]) == (200, "Completed")
        [exchange] = account.exchanges
        assert (exchange.status, exchange.outcome) == (400, "invalid")
        assert account.bill.runs == 0


def _shown(body: bytes, sent: bytes) -> bytes:
    assert sent != body
    return body


def test_another_request_is_shown_and_billed() -> None:
    other = json.dumps({"model": "runwayml/aleph-2", "input": {**GOOD, "duration": 2}}).encode()
    plain = {key: value for key, value in GOOD.items() if key != "duration"}
    without = json.dumps({"model": "runwayml/aleph-2", "input": plain}).encode()
    for shown, usd, unpriced in ((other, Decimal("0.672"), 0), (without, Decimal(0), 1)):
        with mutated(CallMutation(bool, sent=partial(_shown, shown))) as (account, _):
            assert call(account)[0] == 200
            [exchange] = account.exchanges
            bill = account.bill
        length = dict(exchange.request_headers)["content-length"]
        assert (exchange.request_body, length) == (shown, str(len(shown)))
        assert (bill.runs, bill.usd, exchange.cost) == (1, usd, usd)
        assert bill.runs_without_duration == unpriced


def test_a_call_is_shown_and_billed_twice() -> None:
    with mutated(CallMutation(bool, twice=True)) as (account, _):
        assert call(account)[0] == 200
        first, second = account.exchanges
        assert (first.number, second.number) == (1, 2)
        assert first.request_body == second.request_body
        assert account.bill.usd == 2 * Decimal("1.68")


@pytest.mark.parametrize(("occurrence", "applied"), [(1, 2), (2, 0), (None, 2)])
def test_each_test_sees_the_mutation_again(occurrence: int | None, applied: int) -> None:
    mutation = CallMutation(lambda body: b"snow" in body, occurrence=occurrence, twice=True)
    with mutated(mutation) as (account, mutator):
        for _ in range(2):
            mutator.start_test()
            call(account, {**GOOD, "prompt": "Make it rain"})
            call(account)
    assert mutator.applied == applied


def test_two_fakes_create_their_control_api_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running_now: list[object] = []
    most: list[int] = []

    def create(*_: object) -> None:
        running_now.append(None)
        most.append(len(running_now))
        time.sleep(0.01)
        running_now.pop()

    monkeypatch.setattr(control_app, "create_control", create)
    apps = [create_app() for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda app: app._create_control(), apps))
    assert most == [1, 1, 1, 1]


def test_an_ordinary_fake_has_no_hook() -> None:
    with running() as server:
        assert type(server.app.runs) is Runs
        assert server.app.runs.fast_path is not None
