"""The cost of the calls of `verify server`: the plan, the cap, the end at the first charge."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_server import CONTRACT, TOKEN, Stub, serving

from aleph_contract.cli import run
from aleph_contract.rules.server import FREE_REFUSALS
from aleph_contract.verify.server.plan import plan
from aleph_contract.verify.server.runner import ServerSettings, verify_server
from aleph_contract.verify.server.target import Target
from fake_server.state.spend_guard import SpendGuard, worst_price

TARGET = Target.parse("http://127.0.0.1:1/client/v4", token=TOKEN)


def test_another_machine_needs_a_cap(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "server", "https://api.example/client/v4"]) == 2
    assert "--spend-cap" in capsys.readouterr().err


def test_the_plan_sends_nothing_and_needs_no_cap(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--plan", "--run", "boundary/seed/*"]
    assert run(["verify", "server", "https://api.example/client/v4", *words]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["phase"] for line in lines] == sorted(
        (line["phase"] for line in lines), reverse=True
    )
    assert {line["worst_usd"] for line in lines} == {"0.336"}


class Remote(Target):
    """A stub on this machine that counts as another machine."""

    loopback = False


def remote(url: str) -> Target:
    found = Target.parse(url, token=TOKEN)
    return Remote(*(getattr(found, name) for name in Target.__dataclass_fields__))


def test_the_first_accepted_violating_case_ends_the_verification() -> None:
    options = ServerSettings(max_examples=0, run=("boundary/seed/*",), spend_cap=Decimal(100))
    with serving(Stub(allows=lambda _: True)) as served:
        stopped = verify_server(remote(served.url), CONTRACT, options)
        assert len(served.bodies) == 1
        assert "0.336 USD" in stopped.notes[0]
        assert stopped.exit_code == 1
        whole = verify_server(
            remote(served.url), CONTRACT, replace(options, continue_after_spend=True)
        )
        assert len(served.bodies) == 1 + len(whole.results)


@pytest.mark.parametrize("cap", ["0", "0.336", "1", "7.5"])
def test_a_metering_server_that_accepts_everything_stays_below_the_cap(cap: str) -> None:
    options = ServerSettings(
        max_examples=0, spend_cap=Decimal(cap), continue_after_spend=True, skip=("combination/*",)
    )
    with serving(Stub(allows=lambda _: True)) as served:
        verify_server(remote(served.url), CONTRACT, options)
        assert served.usd <= Decimal(cap)
        assert bool(served.bodies) is (Decimal(cap) >= Decimal("0.336"))


MONEY = st.decimals(0, 100, places=4)


@given(MONEY, st.lists(st.tuples(st.none() | MONEY, st.sampled_from([200, 400, 402, 500, None]))))
@settings(max_examples=100, deadline=None)
def test_the_guard_counts_what_may_be_spent(cap: Decimal, calls: list[Any]) -> None:
    guard, spent = SpendGuard(cap), Decimal(0)
    for price, status in calls:
        if guard.reserve(price):
            assert price is None or spent + price > cap
            continue
        spent += Decimal(0) if status in FREE_REFUSALS else price
        assert spent <= guard.committed <= cap
        guard.settle(price, status)
        assert guard.committed == spent


def test_a_server_that_accepts_everything_stays_below_a_thousand_caps_and_price_lists() -> None:
    generator = random.Random(14)  # noqa: S311 - not for secrets
    inputs = [call.input for call in plan(TARGET, CONTRACT, shorten=True)]
    for _ in range(1000):
        usd = Decimal(generator.randrange(1, 10 ** generator.randrange(1, 7))) / 1000
        priced = replace(CONTRACT, pricing={"Default (per second)": usd})
        cap = Decimal(generator.randrange(10 ** generator.randrange(1, 7))) / 100
        guard, spent, refused = SpendGuard(cap), Decimal(0), 0
        prices = [(x, worst_price(x, priced)) for x in generator.sample(inputs, 3)]
        for value, price in generator.choices(prices, k=15):
            if guard.reserve(price):
                assert price is None or spent + price > cap
                refused += 1
                continue
            spent += usd * Decimal(str(value["duration"]))  # the server's own meter
            guard.settle(price, 200)
            assert spent <= cap
        assert refused or spent
