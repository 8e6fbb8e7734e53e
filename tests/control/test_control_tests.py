"""`tests`: a test runner reports its tests, and each gets an account.

Until another call loads the control API, the fake answers reports that are right without it.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from control_client import API, ID, ControlClient

from fake_server.control.dependencies import MAX_CONTROL_BODY
from fake_server.control.origin_guard import SECURITY_HEADERS
from fake_server.control.runner_reports import LARGEST
from fake_server.http.app import App
from fake_server.http.control_app import create_control
from fake_server.http.factory import create_app
from fake_server.state import suite
from fake_server.state.accounts import ACCOUNT_ID


@pytest.fixture(params=["control API", "control API not loaded"])
def client(request: pytest.FixtureRequest, app: App) -> ControlClient:
    return ControlClient(create_control(app) if request.param == "control API" else app)


def start(client: ControlClient, **changes: Any) -> Any:
    test = {"process": "p", "account": ID, "test": "test_edit.py::test_night"}
    return client.post(f"{API}/tests", json=test | changes)


def finish(client: ControlClient, number: int, outcome: str = "passed") -> int:
    answer = client.put(f"{API}/tests/{number}", json={"outcome": outcome})
    return int(answer.status_code)


def test_each_test_gets_an_account_of_its_own(client: ControlClient) -> None:
    first, second = start(client), start(client)
    assert (first.status_code, first.json()["number"], second.json()["number"]) == (201, 0, 1)
    ids = {ID, *(answer.json()["account"]["id"] for answer in (first, second))}
    assert len(ids) == 3
    assert all(map(ACCOUNT_ID.fullmatch, ids))


def test_start_and_end_are_borders(client: ControlClient, app: App) -> None:
    account = start(client).json()["account"]["id"]
    assert finish(client, 0, "failed") == 204
    start(client, test="another", repeats=True)
    suite = app.suite.suite()
    tests = [test and (test.name, test.outcome, test.repeats) for _, test in suite.borders["p"]]
    assert tests == [
        ("test_edit.py::test_night", "failed", False),
        None,
        ("another", "running", True),
    ]
    assert suite.accounts[ID] == suite.accounts[account] == "p"


def test_after_a_nested_test_the_outer_one_continues(client: ControlClient, app: App) -> None:
    start(client, test="outer")
    start(client, test="inner")
    finish(client, 1)
    finish(client, 0)
    names = [test and test.name for _, test in app.suite.suite().borders["p"]]
    assert names == ["outer", "inner", "outer", None]


def test_a_test_that_is_not_running_cannot_end(client: ControlClient) -> None:
    start(client)
    assert (finish(client, 1), finish(client, 0), finish(client, 0)) == (404, 204, 404)


@pytest.mark.parametrize(
    "changes",
    [
        {"account": "x"},
        {"test": ""},
        {"test": "x" * 1001},
        {"process": None},
        {"other": 1},
        {"test": "a\0b"},
        {"process": "\0"},
    ],
)
def test_an_invalid_report_is_refused(client: ControlClient, changes: dict[str, Any]) -> None:
    assert start(client, **changes).status_code == 422


def test_an_unknown_outcome_is_refused(client: ControlClient) -> None:
    start(client)
    assert finish(client, 0, "lost") == 422


def test_the_number_of_tests_is_bounded(
    client: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "MAX_TESTS", 1)
    assert [start(client).status_code for _ in range(2)] == [201, 409]


def test_an_account_belongs_to_the_process_that_created_it(client: ControlClient, app: App) -> None:
    account = client.post(f"{API}/accounts", json={"process": "q"}).json()["id"]
    assert app.suite.suite().accounts == {account: "q"}


def test_id_and_token_of_a_test_and_of_its_process_may_be_mixed(
    client: ControlClient, app: App
) -> None:
    process, stranger = app.accounts.create(), app.accounts.create()
    made = [start(client, account=process.id).json()["account"] for _ in range(2)]
    tests = [app.accounts.get(account["id"]) for account in made]
    family = [process, *tests]
    for account in family:
        tokens = [relative.token or "" for relative in family]
        assert [app.accounts.refusal(account, token) for token in tokens] == [None] * 3
        assert app.accounts.refusal(account, stranger.token or "") == "token-of-another-account"
        assert app.accounts.refusal(stranger, account.token or "") == "token-of-another-account"


def test_a_test_shares_the_scenario_of_its_process(client: ControlClient, app: App) -> None:
    process = app.accounts.create()
    test = app.accounts.get(start(client, account=process.id).json()["account"]["id"])
    test.scenario = ["unavailable"]
    assert len(process.scenario) == len(test.scenario) == 1
    assert process.next_step() is not None
    assert test.next_step() is None


def _shown(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of a response, with `…` for random ids and tokens."""
    left_out = {"content-length"} if answer.text else {"content-length", "content-type"}
    headers = {n: v for n, v in answer.headers.items() if n not in left_out}
    text = re.sub(r'(id|token|_ID|_TOKEN)":"[^"]*"', r'\1":"…"', answer.text)
    return answer.status_code, headers, text


@pytest.mark.parametrize("changes", [{}, {"repeats": True}, {"account": ID + "\n"}, {"test": "é"}])
@pytest.mark.parametrize("outcome", ["passed", "lost"])
def test_a_report_has_the_same_answers_without_the_control_api(
    changes: dict[str, Any], outcome: str
) -> None:
    answers = []
    for api in (create_control(create_app()), create_app()):
        client = ControlClient(api, "http://localhost:8790")
        started = start(client, **changes)
        ended = client.put(f"{API}/tests/0", json={"outcome": outcome})
        again = client.put(f"{API}/tests/0", json={"outcome": outcome})  # no test is running
        answers.append([*map(_shown, (started, ended, again))])
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "body", [{"process": "p"}, {"process": "\0"}, {"process": "p", "credits": 5}]
)
def test_an_account_has_the_same_document_without_the_control_api(body: dict[str, Any]) -> None:
    clients = [ControlClient(api) for api in (create_control(create_app()), create_app())]
    one, two = [_shown(client.post(f"{API}/accounts", json=body)) for client in clients]
    assert one == two


def test_a_report_that_is_right_does_not_load_the_control_api(app: App) -> None:
    client = ControlClient(app)
    assert client.post(f"{API}/accounts", json={"process": "p"}).status_code == 201
    begun = start(client)
    assert finish(client, 0) == 204
    assert app._control is None
    assert begun.json()["account"]["base_url"] == "http://testserver/client/v4"
    assert {name for name, _ in SECURITY_HEADERS} <= {name for name, _ in begun.headers.raw}


def test_a_report_from_a_web_site_is_refused(client: ControlClient, app: App) -> None:
    test = {"process": "p", "account": ID, "test": "t"}
    answer = client.post(f"{API}/tests", json=test, headers={"origin": "http://example.com"})
    assert answer.status_code == 403
    assert app.suite.suite().borders == {}


def test_a_large_report_is_read_whole(client: ControlClient) -> None:
    assert "at most 1000 characters" in start(client, test="x" * LARGEST).text
    assert start(client, test="x" * MAX_CONTROL_BODY).status_code == 413
