"""Crosstalk: many symptoms of one cause are reported once, by the name of the cause."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from test_runner import drops_zero, good, run

from aleph_contract.reports.summary import summarise
from aleph_contract.verify.crosstalk import CROSSTALK
from aleph_contract.verify.rule_selection import RuleSelection


def keeps_first_account() -> Callable[..., Any]:
    """A client that reads account and token once, as a module constant would."""
    first: dict[str, Any] = {}

    def call(given: Any, **account: Any) -> str:
        first.update(account if not first else {})
        return good(given, **first)

    return call


def keeps_first_token() -> Callable[..., Any]:
    """A client that makes its headers once."""
    first: dict[str, Any] = {}

    def call(given: Any, **account: Any) -> str:
        first.setdefault("api_token", account["api_token"])
        return good(given, **(account | first))

    return call


def shares_account() -> Callable[..., Any]:
    """A client whose coroutines share one variable for the account."""
    shared: dict[str, Any] = {}

    async def call(given: Any, **account: Any) -> str:
        shared.update(account)
        for _ in range(100):  # up to 0.2 s, in which another call may start
            if shared == account:
                await asyncio.sleep(0.002)
        return await asyncio.to_thread(good, given, **shared)

    return call


@pytest.mark.parametrize("client", [keeps_first_account, keeps_first_token, shares_account])
def test_crosstalk_is_told_first_and_instead_of_its_symptoms(
    client: Callable[[], Callable[..., Any]],
) -> None:
    found = run(client(), "examples", "boundary/seed/*", "boundary/duration/*", "concurrency")
    broken = summarise(found).broken
    assert broken[0].rule.id == CROSSTALK
    assert [problem.rule.id for problem in broken] == [CROSSTALK]
    assert len(broken[0].causes) == 1
    assert found.exit_code == 1


@pytest.mark.parametrize("client", [good, drops_zero])
def test_no_other_client_is_accused_of_it(client: Callable[..., Any]) -> None:
    found = run(client, "examples", "boundary/seed/*", "boundary/duration/*", "concurrency")
    assert not any(f.rule == CROSSTALK for r in found.results for f in r.findings)


def test_crosstalk_is_not_attributed_if_its_rule_is_left_out() -> None:
    found = run(keeps_first_account(), "examples", rules=RuleSelection(skip=(CROSSTALK,)))
    assert not any(f.rule == CROSSTALK for r in found.results for f in r.findings)
    assert found.exit_code == 1
