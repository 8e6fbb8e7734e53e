"""The fake as an ASGI application: its options, and large bodies."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import pytest
from calling import CONTRACT, HTTP, INPUT, PATIENCE, body, code, only, post

from aleph_contract.cases import cases
from aleph_contract.errors import ArgumentError
from fake_server.http.app import App
from fake_server.http.factory import create_app
from fake_server.runs.decision import Admission, Run
from fake_server.runs.lifecycle import LARGE_BODY
from fake_server.runs.request import ReceivedRequest
from fake_server.server import running

OTHER = "f" * 32


class TestInProcess:
    """The application without the server of this project."""

    @staticmethod
    def call(app: App, **changes: Any) -> httpx.Response:
        request = {
            "method": "POST",
            "url": f"http://fake/client/v4/accounts/{OTHER}/ai/run",
            "content": body(),
            "headers": {"authorization": "Bearer x", "content-type": "application/json"},
        } | changes

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(**request)

        return asyncio.run(send())

    def test_it_runs_with_any_asgi_server(self) -> None:
        app = create_app()
        response = self.call(app)
        assert response.json()["state"] == "Completed"
        assert response.json()["result"]["video"].startswith("http://fake/__aleph__/media/")
        assert app.journal.exchanges(OTHER)[0].response_body == response.content

    def test_an_internal_error_is_answered_and_recorded(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError

        monkeypatch.setattr("fake_server.runs.responder.first_violation", fail)
        app = create_app()
        response = self.call(app, content=b'{"model": "runwayml/aleph-2", "input": {}}')
        assert code(response) == (500, 7000)
        (exchange,) = app.journal.exchanges(OTHER)
        assert exchange.response_body == response.content

    def test_it_serves_the_control_api(self) -> None:
        response = self.call(
            create_app(), method="GET", url="http://fake/__aleph__/health", content=b"", headers={}
        )
        assert response.status_code == 200

    def test_a_fault_that_closes_the_connection_raises_in_another_server(self) -> None:
        headers = {"authorization": "Bearer fault-reset-after", "content-type": "application/json"}
        with pytest.raises(ConnectionResetError):
            self.call(create_app(), headers=headers)

    def test_it_completes_a_lifespan(self) -> None:
        sent: list[Any] = []

        async def run() -> None:
            messages = iter(["lifespan.startup", "lifespan.shutdown"])

            async def receive() -> dict[str, str]:
                return {"type": next(messages)}

            async def send(message: Any) -> None:
                sent.append(message["type"])

            await create_app()({"type": "lifespan"}, receive, send)

        asyncio.run(run())
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    @pytest.mark.parametrize(
        ("options", "named"),
        [
            ({"latency": -1.0}, "latency"),
            ({"latency": float("nan")}, "latency"),
            ({"max_body": 0}, "max_body"),
            ({"credits": "much"}, "credits"),
            ({"spend_limit": "-1"}, "spend_limit"),
            ({"profile": "beta"}, "profile"),
            ({"journal": "paper"}, "journal"),
        ],
    )
    def test_the_message_names_the_invalid_argument(
        self, options: dict[str, Any], named: str
    ) -> None:
        with pytest.raises(ArgumentError, match=named):
            create_app(**options)


def test_a_latency_delays_only_completed_runs() -> None:
    with running(latency=0.2) as server:
        account = server.account()
        assert post(account).status_code == 200
    with running(latency=PATIENCE * 2) as server:
        other = server.account()
        assert post(other, {}).status_code == 400
    assert only(account).elapsed > 0.19
    assert only(other).elapsed < PATIENCE


def test_only_the_given_tokens_are_accepted() -> None:
    with running(tokens=["sesame"]) as server:
        url = f"{server.base_url}/accounts/{OTHER}/ai/run"
        for token, status in (("sesame", 200), ("other", 401), (server.account().token, 403)):
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            assert HTTP.post(url, content=body(), headers=headers).status_code == status


def test_every_valid_case_is_accepted_and_every_violating_case_refused() -> None:
    with running() as server:
        account = server.account()
        authorization = {"authorization": f"Bearer {account.token}"}
        with httpx.Client(headers=authorization, verify=False, timeout=PATIENCE) as client:  # noqa: S501
            for case in cases(CONTRACT):
                if not case.portable:
                    continue
                response = client.post(
                    f"{account.base_url}/accounts/{account.id}/ai/run",
                    content=body(case.input),
                    headers={"content-type": "application/json"},
                )
                expected = 200 if case.polarity == "valid" else 400
                assert response.status_code == expected, (case.name, response.text)


def test_a_large_invalid_input_is_refused_without_listing_all_violations() -> None:
    """To list them all would take minutes."""
    with running() as server:
        account = server.account()
        large = body(INPUT | {"keyframes": [[]] * 400_000})
        assert code(post(account, content=large)) == (400, 7003)
        assert only(account).request_body == large


def test_a_large_body_does_not_block_other_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as server:
        account, other = server.account(), server.account()
        respond, waiting = server.app.runs.respond, Event()

        def hold(request: ReceivedRequest, admission: Admission) -> Run:
            if admission.account.id == account.id:
                waiting.wait(PATIENCE)
            return respond(request, admission)

        monkeypatch.setattr(server.app.runs, "respond", hold)
        with ThreadPoolExecutor() as pool:
            held = pool.submit(post, account, content=body() + b" " * LARGE_BODY)
            while not account._account.in_flight:
                time.sleep(0.001)
            assert post(other).status_code == 200
            assert not held.done()
            waiting.set()
            assert held.result().status_code == 200
