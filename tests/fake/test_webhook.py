"""Background runs on the binding: a 202 at once, then one POST to the webhook."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from calling import CONTRACT, HTTP, INPUT, PATIENCE

from fake_server.runs import webhook
from fake_server.server import Server, running

HEADERS = {"content-type": "application/json", "cf-consn-model-id": CONTRACT.model}


class Receiver:
    """A webhook on this machine: its URL, and the requests that it got."""

    def __init__(self, status: int) -> None:
        self.got: queue.Queue[tuple[str, Any]] = queue.Queue()
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                got.put((self.path, json.loads(body)))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/done?run=1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(params=[200, 500])
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    started = Receiver(request.param)
    yield started
    started.close()


def run(server: Server, options: object, value: Any = INPUT) -> Any:
    content = json.dumps({"inputs": value, "options": options}).encode()
    return HTTP.post(f"{server.origin}/run?version=3", content=content, headers=HEADERS)


def test_a_background_run_is_told_to_its_webhook_once(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, tell = threading.Event(), webhook._post

    async def tell_after_the_answer(told: webhook.Webhook) -> None:
        assert await asyncio.to_thread(answered.wait, PATIENCE)
        await tell(told)

    monkeypatch.setattr(webhook, "_post", tell_after_the_answer)
    monkeypatch.setattr(webhook, "TIMEOUT", PATIENCE)
    with running(background=True, latency=0.1) as server:
        response = run(server, {"background": True, "webhookUrl": receiver.url})
        assert response.status_code == 202
        assert receiver.got.empty()
        answered.set()
        started = response.json()["result"]
        assert started["state"] == "Running"
        path, told = receiver.got.get(timeout=PATIENCE)
        assert path == "/done?run=1"
        assert list(told) == ["id", "state", "result", "error", "provider", "model", "usage"]
        assert (told["id"], told["state"]) == (started["runId"], "Completed")
        assert told["result"] == run(server, {}).json()["result"]
        assert (told["provider"], told["model"]) == ("runwayml", CONTRACT.model)
        with pytest.raises(queue.Empty):
            receiver.got.get(timeout=0.3)
        assert server.binding.bill.runs == 2


def test_the_option_is_off_by_default(receiver: Receiver) -> None:
    with running() as server:
        response = run(server, {"background": True, "webhookUrl": receiver.url})
        assert (response.status_code, response.json()["state"]) == (200, "Completed")
        with pytest.raises(queue.Empty):
            receiver.got.get(timeout=0.1)


@pytest.mark.parametrize(
    "url",
    [None, 5, "", "https://127.0.0.1/", "http://example.com/", "http://192.0.2.1/",
     "http://[::1", "file:///etc/passwd", "http://127.0.0.1:99999/"],
)  # fmt: skip
def test_only_an_address_of_this_machine_is_called(url: object) -> None:
    with running(background=True) as server:
        response = run(server, {"background": True, "webhookUrl": url})
        assert response.status_code == 400
        assert "options.webhookUrl" in response.text
        assert server.binding.bill.runs == 0


def test_an_invalid_input_is_refused_at_once(receiver: Receiver) -> None:
    with running(background=True) as server:
        options = {"background": True, "webhookUrl": receiver.url}
        assert run(server, options, {}).status_code == 400
        with pytest.raises(queue.Empty):
            receiver.got.get(timeout=0.1)


def test_a_webhook_that_does_not_listen_harms_nothing() -> None:
    with running(background=True) as server:
        options = {"background": True, "webhookUrl": "http://127.0.0.1:1/"}
        assert run(server, options).status_code == 202
        assert run(server, {}).status_code == 200
