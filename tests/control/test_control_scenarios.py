"""The endpoint that sets, shows and ends the scenario of an account."""

from __future__ import annotations

from typing import Any

import pytest
from control_client import ACCOUNT_PATH, ID, ControlClient

from fake_server.http.app import App
from fake_server.replies import faults


def test_a_scenario_is_set_shown_and_ended(client: ControlClient, app: App) -> None:
    steps: list[dict[str, Any]] = [
        {"fault": "rate-limited", "times": 2, "retry_after": 3},
        {"fault": None},
        {"fault": "drip", "delay": 0.5, "times": None},
    ]
    answered = client.put(f"{ACCOUNT_PATH}/scenario", json=steps).json()
    assert [step["fault"] for step in answered["steps"]] == ["rate-limited", None, "drip"]
    assert answered["steps"][0] == steps[0] | {"delay": None}
    assert client.get(f"{ACCOUNT_PATH}/scenario").json() == answered
    assert [step.times for step in app.accounts.get(ID).scenario] == [2, 1, None]
    assert client.delete(f"{ACCOUNT_PATH}/scenario").status_code == 204
    assert client.get(f"{ACCOUNT_PATH}/scenario").json()["steps"] == []


def test_the_body_may_be_one_fault_name_or_null(client: ControlClient) -> None:
    (step,) = client.put(f"{ACCOUNT_PATH}/scenario", json="hang").json()["steps"]
    assert (step["fault"], step["times"]) == ("hang", None)
    assert client.put(f"{ACCOUNT_PATH}/scenario", content=b"null").json()["steps"] == []


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ('[{"fault":"rate-limit"}]', 422, "did you mean rate-limited"),
        ('[{"fault":"nonsense"}]', 422, ", ".join(faults.FAULTS)),
        ('[{"fault":1}]', 422, "name"),
        ('[{"fault":"hang","times":0}]', 422, "times"),
        ('[{"fault":"hang","times":1.5}]', 422, "times"),
        ('[{"fault":"hang","delay":-1}]', 422, "delay"),
        ('[{"fault":"hang","repeat":2}]', 422, "repeat"),
        ("[{}]", 422, "fault"),
        ("{}", 422, "list of steps"),
        ("7", 422, "list of steps"),
        ("", 400, "line 1"),
        ("[NaN]", 400, "NaN"),
    ],
)
def test_an_invalid_scenario_is_refused(
    client: ControlClient, body: str, status: int, message: str
) -> None:
    client.put(f"{ACCOUNT_PATH}/scenario", json=[{"fault": "drip"}])
    response = client.put(f"{ACCOUNT_PATH}/scenario", content=body)
    assert response.status_code == status
    assert message in response.json()["detail"]
    (kept,) = client.get(f"{ACCOUNT_PATH}/scenario").json()["steps"]
    assert kept["fault"] == "drip", "the earlier scenario is unchanged"
