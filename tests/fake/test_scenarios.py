"""Scenarios: the order of steps, and the messages about invalid ones."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from calling import post

from aleph_contract.errors import ArgumentError
from fake_server.account_handle import AccountHandle
from fake_server.replies.faults import find
from fake_server.server import Server
from fake_server.state.scenarios import ScenarioStep, scenario

FIELDS = "'fault', 'times', 'retry_after', 'delay', 'status', 'headers', 'body'"


class TestScenario:
    """Valid and invalid scenarios."""

    def test_steps_apply_in_order_and_as_often_as_set(self, account: AccountHandle) -> None:
        account.scenario(
            [{"fault": "rate-limited", "times": 2}, {"fault": None}, {"fault": "internal-error"}]
        )
        assert [post(account).status_code for _ in range(5)] == [429, 429, 200, 500, 200]

    def test_a_name_alone_applies_until_it_is_reset(self, account: AccountHandle) -> None:
        account.scenario("rate-limited")
        assert [post(account).status_code for _ in range(3)] == [429] * 3
        account.scenario(None)
        assert post(account).status_code == 200

    def test_accounts_do_not_share_scenarios(self, server: Server) -> None:
        one, other = server.account(), server.account()
        one.scenario("rate-limited")
        assert post(other).status_code == 200

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ("rate-limit", ["'rate-limit'", "did you mean rate-limited", "hang"]),
            ([{"fault": "nothing"}], ["'nothing'", "redirect-301"]),
            ([{}], ["step 0", "'fault'"]),
            ([{"fault": 5}], ["step 0", "a name or null", "5"]),
            ([{"fault": "hang", "time": 1}], ["'time'", "'times'", "'retry_after'", "'delay'"]),
            ([{"fault": "hang"}, {"fault": "hang", "times": 0}], ["step 1", "times", "from 1"]),
            ([{"fault": "hang", "times": "2"}], ["times", '"2"']),
            ([{"fault": "hang", "times": True}], ["times", "true"]),
            ([{"fault": "hang", "retry_after": -1}], ["retry_after", "-1"]),
            ([{"fault": "hang", "delay": float("inf")}], ["delay", "Infinity"]),
            ([{"fault": "hang", "delay": "1"}], ["delay", '"1"']),
            (
                [{"fault": "hang", "times": 2**64}],
                ["times", "from 1 to 2147483647, not 1844674407"],
            ),
            ([{"fault": "hang", "retry_after": 2**31}], ["from 0 to 2147483647, not 21474836"]),
            ([{"fault": "hang", "delay": 10**400}], ["seconds from 0 to 2147483647, not 1000"]),
            ([5], ["step 0", "object"]),
            ({"fault": "hang"}, ["list of steps"]),
            (5, ["list of steps"]),
        ],
    )
    def test_an_invalid_scenario_is_refused_with_the_valid_form(
        self, given: Any, words: list[str]
    ) -> None:
        with pytest.raises(ArgumentError) as raised:
            scenario(given)
        assert all(word in str(raised.value) for word in words)

    def test_a_refused_scenario_keeps_the_old_one(self, account: AccountHandle) -> None:
        account.scenario("rate-limited")
        with contextlib.suppress(ArgumentError):
            account.scenario([{"fault": "nothing"}])
        assert post(account).status_code == 429

    def test_steps_may_be_records(self) -> None:
        steps = (ScenarioStep(find("hang"), times=3),)
        assert scenario(steps) == steps
        assert scenario(["hang"]) == (ScenarioStep(find("hang")),)
        assert scenario(None) == ()

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"a"}, "a scenario is a list of steps, not \"{'a'}\""),
            (10**70, f"a scenario is a list of steps, not 1{'0' * 59}"),
            ([{"fault": "hang", "retry_after": "x"}],
             'retry_after of step 0 is an integer from 0 to 2147483647, not "x"'),
            ([None], f"step 0 is an object with the fields {FIELDS}"),
            (["hang", {"fault": None, "delay": True}],
             "delay of step 1 is a number of seconds from 0 to 2147483647, not true"),
        ],
    )  # fmt: skip
    def test_a_message_names_the_step_and_the_value(self, given: Any, message: str) -> None:
        with pytest.raises(ArgumentError) as raised:
            scenario(given)
        assert str(raised.value) == message

    @pytest.mark.parametrize(
        "step",
        [
            ScenarioStep(None, times=None),
            ScenarioStep(
                find("hang"), times=2**31 - 1, retry_after=2**31 - 1, delay=float(2**31 - 1)
            ),
            ScenarioStep(find("delayed"), retry_after=0, delay=0.0),
            ScenarioStep(None, delay=0.5),
        ],
    )
    def test_a_step_is_read_as_it_is_written(self, step: ScenarioStep) -> None:
        [read] = scenario([step.document()])
        assert read == step
