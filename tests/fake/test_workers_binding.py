"""The Workers binding: the requests of the runtime's client, and their responses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from calling import CONTRACT, HTTP, INPUT, PATIENCE, connect
from waiting import until

from fake_server.account_handle import AccountHandle
from fake_server.server import Server, running

HEADERS = {
    "host": "workers-binding.ai",
    "content-type": "application/json",
    "cf-consn-sdk-version": "2.0.0",
    "cf-consn-model-id": CONTRACT.model,
}


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as started:
        yield started


def run(
    server: Server,
    value: Any = INPUT,
    *,
    gateway: str | None = None,
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
) -> httpx.Response:
    options = {} if gateway is None else {"gateway": {"id": gateway}}
    path = "/run" if gateway is None else "/ai-gateway/run"
    return HTTP.post(
        f"{server.origin}{path}?version=3",
        content=json.dumps({"inputs": value, "options": options}).encode()
        if content is None
        else content,
        headers=HEADERS | (headers or {}),
    )


def one(account: AccountHandle) -> Any:
    (exchange,) = account.exchanges
    return exchange


@pytest.mark.parametrize("example", CONTRACT.examples, ids=lambda e: e.name)
def test_documented_inputs_get_the_documented_replies(server: Server, example: Any) -> None:
    response = run(server, example.input)
    assert response.json() == example.reply
    assert response.headers["content-type"] == "application/json"


def test_replies_are_bare_in_the_live_profile_too() -> None:
    with running(profile="live") as server:
        assert run(server).json()["state"] == "Completed"


def test_the_response_has_the_observed_headers(server: Server) -> None:
    headers = run(server).headers
    for name in ("cf-ai-req-id", "cf-aig-log-id", "cf-aig-event-id", "cf-aig-request-id"):
        assert headers[name]
    assert headers["cf-aig-step"] == "0"
    assert headers["cf-ai-req-id"] != run(server).headers["cf-ai-req-id"]


def test_the_video_has_the_address_of_the_fake(
    server: Server,
) -> None:
    video = run(server).json()["result"]["video"]
    assert video.startswith(server.origin)
    assert HTTP.get(video).status_code == 200


def test_both_surfaces_return_the_same_video(server: Server) -> None:
    url = f"{server.base_url}/accounts/{'a' * 32}/ai/run"
    rest = HTTP.post(
        url,
        json={"model": CONTRACT.model, "input": INPUT},
        headers={"authorization": "Bearer x"},
    )
    assert rest.json() == run(server).json()


def test_calls_are_recorded_in_the_account_of_the_binding(server: Server) -> None:
    response = run(server)
    exchange = one(server.binding)
    assert exchange.surface == "binding"
    assert exchange.target == "/run?version=3"
    assert exchange.credential == "none"
    assert exchange.response_body == response.content
    assert exchange.host == "workers-binding.ai"
    assert server.binding.bill.runs == 1


def test_a_gateway_id_can_be_an_account_id(server: Server) -> None:
    account = server.account()
    assert run(server, gateway=account.id).status_code == 200
    assert one(account).surface == "binding"
    assert server.binding.exchanges == ()
    assert account.settle(PATIENCE)


def test_any_other_gateway_id_selects_the_account_of_the_binding(server: Server) -> None:
    assert run(server, gateway="my-gateway").status_code == 200
    assert one(server.binding).target == "/ai-gateway/run?version=3"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Required value missing: options.gateway.id"),
        ({"gateway": {"id": 5}}, "Required value missing: options.gateway.id"),
        ({"gateway": None}, "Required value missing: options.gateway.id"),
    ],
)
def test_the_gateway_route_requires_a_gateway_id(
    server: Server, options: dict[str, Any], message: str
) -> None:
    content = json.dumps({"inputs": INPUT, "options": options}).encode()
    response = HTTP.post(f"{server.origin}/ai-gateway/run", content=content, headers=HEADERS)
    assert response.status_code == 400
    assert message in response.text


@pytest.mark.parametrize("options", ["x", None, [], 5])
@pytest.mark.parametrize("path", ["/run", "/ai-gateway/run"])
def test_options_of_another_type_are_refused(server: Server, path: str, options: Any) -> None:
    content = json.dumps({"inputs": INPUT, "options": options}).encode()
    response = HTTP.post(f"{server.origin}{path}", content=content, headers=HEADERS)
    assert response.status_code == 400
    assert "Invalid value at options: Invalid input: expected object" in response.text
    assert not one(server.binding).billed


def test_a_worker_sees_only_the_class_of_a_failure(server: Server) -> None:
    """The runtime throws `<internalCode>: <description>`; the detail is in `message`."""
    shown = []
    for gateway, headers in (
        ("fault-field-invalid", {}),
        ("mine", {"cf-consn-model-id": "runwayml/aleph-3"}),
        ("fault-no-credits", {}),
        ("fault-content-refused", {}),
        ("fault-wholesale-limit-429", {}),
    ):
        answer = run(server, gateway=gateway, headers=headers).json()
        assert answer["message"] == answer["error"][0]["message"]
        shown.append(f"{answer['internalCode']}: {answer['description']}")
    assert shown == [
        "7003: User Input Error",
        "7003: User Input Error",
        "2021: Insufficient AI Gateway credits",
        "2021: Payment error",
        "2018: Invalid User Credentials",
    ]


@pytest.mark.parametrize(
    ("gateway", "absent"),
    [
        ("mine", set()),
        ("fault-no-credits", {"cf-aig-log-id", "cf-aig-step"}),
        ("fault-rate-limited", {"cf-aig-event-id", "cf-aig-request-id"}),
    ],
)
def test_the_status_decides_the_gateway_headers(
    server: Server, gateway: str, absent: set[str]
) -> None:
    names = {"cf-aig-log-id", "cf-aig-event-id", "cf-aig-request-id", "cf-aig-step"}
    headers = run(server, gateway=gateway).headers
    assert names - headers.keys() == absent
    (run_id,) = {headers[name] for name in names - absent if name.endswith("-id")}
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", run_id
    )


def test_a_call_that_its_signal_aborts_is_recorded(server: Server) -> None:
    """An `AbortSignal` closes the connection; the run may have been billed all the same."""
    content = json.dumps({"inputs": INPUT, "options": {"gateway": {"id": "fault-hang"}}})
    lines = [
        "POST /ai-gateway/run HTTP/1.1",
        f"content-length: {len(content)}",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
    ]
    with connect(server) as connection:
        connection.sendall("\r\n".join([*lines, "", content]).encode())
        until(lambda: not server.binding.settle(0))
    assert server.binding.settle(PATIENCE)
    exchange = one(server.binding)
    assert (exchange.outcome, exchange.status, exchange.billed) == ("cut", None, True)


def test_a_refusal_has_the_observed_form(server: Server) -> None:
    response = run(server, {})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"
    text = "Model execution failed (User Input Error): Required value missing: prompt"
    answer = response.json()
    assert list(answer) == ["success", "result", "messages", "error", "name", "httpCode",
                            "internalCode", "message", "description", "requestId"]  # fmt: skip
    assert answer["error"] == [{"code": 7003, "message": text}]
    assert (answer["name"], answer["httpCode"]) == ("AiGatewayError", 400)
    assert answer["message"] == text
    assert (answer["internalCode"], answer["description"]) == (7003, "User Input Error")


@pytest.mark.parametrize("path", ["/run", "/ai-gateway/run"])
def test_an_unknown_fault_is_refused_with_the_list(server: Server, path: str) -> None:
    answer = HTTP.post(
        f"{server.origin}{path}",
        json={"inputs": INPUT, "options": {"gateway": {"id": "fault-nothing"}}},
        headers={"cf-consn-model-id": CONTRACT.model},
    )
    assert answer.status_code == 400
    message = answer.json()["error"][0]["message"]
    assert message.startswith("No fault is named nothing; the faults are: token-missing,")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"headers": {"cf-consn-model-id": "runwayml/aleph-3"}}, 404, 7003),
        ({"headers": {"cf-consn-model-id": ""}}, 404, 7003),
        ({"headers": {"content-type": "text/plain"}}, 415, 7002),
        ({"content": b"{"}, 400, 7002),
        ({"content": b"[]"}, 400, 7003),
        ({"content": b"{}"}, 400, 7003),
        ({"gateway": "fault-rate-limited"}, 429, 2003),
        ({"gateway": "fault-gateway-missing"}, 400, 2001),
        ({"gateway": "fault-nothing"}, 400, 7002),
    ],
    ids=str,
)
def test_every_failure_has_the_observed_form(
    server: Server, changes: dict[str, Any], status: int, code: int
) -> None:
    response = run(server, **changes)
    assert response.status_code == status
    assert response.json()["internalCode"] == code
    assert one(server.binding).status == status


def test_another_method(server: Server) -> None:
    response = HTTP.get(f"{server.origin}/run", headers=HEADERS)
    assert response.status_code == 405
    assert response.json()["name"] == "AiGatewayError"


def test_scenarios_apply_to_both_accounts(server: Server) -> None:
    account = server.account()
    for handle, gateway in ((server.binding, None), (account, account.id)):
        handle.scenario([{"fault": "state-running"}, {"fault": "body-html"}])
        assert run(server, gateway=gateway).json()["state"] == "Running"
        assert run(server, gateway=gateway).headers["content-type"].startswith("text/html")
        assert run(server, gateway=gateway).json()["state"] == "Completed"
        assert [e.fault for e in handle.exchanges] == ["state-running", "body-html", None]


def test_a_fault_closes_the_connection(server: Server) -> None:
    with pytest.raises(httpx.TransportError):
        run(server, gateway="fault-reset-after")
    assert one(server.binding).outcome == "cut"


def test_a_redirect_is_recorded(server: Server) -> None:
    location = run(server, gateway="fault-redirect-307").headers["location"]
    assert HTTP.post(location, headers=HEADERS).status_code == 401
    assert [e.outcome for e in server.binding.exchanges] == ["fault", "elsewhere"]
