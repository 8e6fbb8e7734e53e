"""`serve --upstream --spend-cap`: the price is reserved before the call."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from calling import INPUT, body, only, post
from scripted_upstream import Scripted, scripted_upstream
from upstream_fake import PRICE, RUN, passing_on

from fake_server.server import running


class TestTheCap:
    """The price is reserved before the call, and released only if nothing can have run."""

    def test_a_run_over_the_cap_is_not_sent(self) -> None:
        with running() as upstream, passing_on(upstream.base_url, PRICE * 2) as (server, guard):
            account = server.account()
            answers = [post(account) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 402]
            [error] = answers[2].json()["errors"]
            assert error["message"] == (
                "aleph-contract did not send this run: the spend cap of 3.36 USD does not cover it"
            )
            assert len(upstream.exchanges) == 2
            assert guard.committed == PRICE * 2
            assert [x.outcome for x in account.exchanges] == ["completed"] * 2 + ["spend-cap"]
            assert (account.bill.runs, account.bill.usd) == (2, PRICE * 2)

    @pytest.mark.parametrize(
        ("status", "kept"),
        [
            (400, False),
            (401, False),
            (429, False),
            (402, True),
            (422, True),
            (500, True),
            (200, True),
        ],
    )
    def test_only_a_refusal_before_the_run_is_free(self, status: int, kept: bool) -> None:
        with (
            scripted_upstream(Scripted(status)) as upstream,
            passing_on(upstream.url) as (server, guard),
        ):
            account = server.account()
            post(account)
            assert guard.committed == (PRICE if kept else 0)
            assert only(account).billed is kept
            bill = account.bill
            assert (bill.runs, bill.usd) == (0, Decimal(0))
            assert (bill.doubtful_runs, bill.doubtful_usd) == (
                (1, PRICE) if kept else (0, Decimal(0))
            )

    @pytest.mark.parametrize(("attempts", "reserved"), [("0", 1), ("3", 3), ("6", 0), ("x", 0)])
    def test_each_attempt_of_the_gateway_is_reserved(self, attempts: str, reserved: int) -> None:
        with scripted_upstream(Scripted()) as upstream, passing_on(upstream.url) as (server, guard):
            answer = post(server.account(), headers={"cf-aig-max-attempts": attempts})
            assert answer.status_code == (200 if reserved else 402)
            assert guard.committed == PRICE * reserved

    UNKNOWN = (
        body({key: value for key, value in INPUT.items() if key != "duration"}),
        body({**INPUT, "duration": 0}),
        body({**INPUT, "duration": -5}),
        body(model="another/model"),
        b'{"model":"runwayml/aleph-2","input":{"prompt":"p","duration":1,"duration":60}}',
        b"{",
        b"[]",
    )

    @pytest.mark.parametrize("sent", UNKNOWN)
    def test_a_run_of_unknown_price_is_not_sent(self, sent: bytes) -> None:
        with scripted_upstream(Scripted()) as upstream, passing_on(upstream.url) as (server, guard):
            answer = post(server.account(), content=sent)
            assert answer.status_code == 402
            assert "--allow-unknown-cost" in answer.json()["errors"][0]["message"]
            assert (len(upstream.received), guard.committed) == (0, Decimal(0))

    @pytest.mark.parametrize("sent", UNKNOWN)
    def test_a_run_of_unknown_price_is_sent_if_that_is_allowed(self, sent: bytes) -> None:
        with (
            scripted_upstream(Scripted(body=json.dumps(RUN).encode())) as upstream,
            passing_on(upstream.url, allow_unknown=True) as (server, _),
        ):
            assert post(server.account(), content=sent).json() == RUN
            assert [received[3] for received in upstream.received] == [sent]

    def test_nothing_is_sent_once_the_cap_is_spent(self) -> None:
        with (
            scripted_upstream(Scripted()) as upstream,
            passing_on(upstream.url, "0", allow_unknown=True) as (server, _),
        ):
            assert post(server.account(), content=b"{").status_code == 402
            assert upstream.received == []

    def test_credits_of_the_fake_apply_before_the_call(self) -> None:
        with running() as upstream, passing_on(upstream.base_url) as (server, guard):
            assert post(server.account(credits=1)).json()["errors"][0]["code"] == 2021
            assert (len(upstream.exchanges), guard.committed) == (0, Decimal(0))
