"""The event stream of the control API, and open connections when the server stops."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from typing import Any

import httpx
import pytest
from calling import HTTP
from control_client import ID, append_exchange

from fake_server.control import event_stream
from fake_server.http.app import App
from fake_server.server import running


def first_chunks(app: App, count: int, account: str | None = None, **options: Any) -> list[bytes]:
    """The first `count` chunks of a stream; three exchanges arrive after the first chunk."""

    async def scenario() -> list[bytes]:
        chunks: list[bytes] = []
        stream = event_stream.stream(app.journal, account, **options)
        async for chunk in stream:
            if not chunks:
                for owner in (ID, "", ID):
                    append_exchange(app, account=owner)
            chunks.append(chunk)
            if len(chunks) == count:
                break
        await stream.aclose()  # type: ignore[attr-defined]
        return chunks

    return asyncio.run(scenario())


def test_new_exchanges_are_streamed(app: App) -> None:
    greeting, *events = first_chunks(app, 4)
    assert greeting.startswith(b":")
    name, data, *_ = events[0].decode().split("\n")
    assert name == "event: exchange"
    summary = json.loads(data.removeprefix("data: "))
    assert (summary["account"], summary["number"], summary["outcome"]) == (ID, 1, "invalid")
    assert "request_body" not in summary
    assert [json.loads(chunk.split(b"data: ")[1])["account"] for chunk in events] == [ID, "", ID]


def test_a_stream_can_be_limited_to_one_account(app: App) -> None:
    _, *events = first_chunks(app, 3, ID)
    assert [json.loads(chunk.split(b"data: ")[1])["number"] for chunk in events] == [1, 2]


def test_a_stream_without_events_sends_heartbeats(app: App) -> None:
    assert first_chunks(app, 2, "f" * 32, heartbeat=0.001)[1].startswith(b": heartbeat")


def test_a_slow_reader_gets_the_number_of_dropped_events(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "MAX_BACKLOG", 2)
    *_, last = first_chunks(app, 4)
    assert last == b'event: dropped\ndata: {"count":1}\n\n'


def test_a_stream_removes_its_listener_when_it_ends(app: App) -> None:
    first_chunks(app, 1)
    assert app.journal._listeners.called == ()  # type: ignore[attr-defined]


def test_an_open_event_stream_gets_runs_and_does_not_delay_the_stop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running() as server:
        account = server.account()
        with HTTP.stream("GET", f"{server.inspector}events?account={account.id}") as stream:
            chunks = stream.iter_text()
            assert next(chunks).startswith(":")
            HTTP.post(
                f"{account.base_url}/accounts/{account.id}/ai/run",
                headers={"authorization": f"Bearer {account.token}"},
                json={"model": "runwayml/aleph-2", "input": {}},
            )
            name, data, *_ = next(chunks).split("\n")
            assert name == "event: exchange"
            assert json.loads(data.removeprefix("data: "))["outcome"] == "invalid"
            started = time.monotonic()
            server.close()
            assert time.monotonic() - started < 30
    assert not _errors(caplog)


def test_a_waiting_call_does_not_delay_the_stop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running() as server:
        HTTP.get(f"{server.inspector}health")
        url = f"{server.inspector}accounts/{ID}/exchanges?wait_for=1&timeout=60"
        waiting = threading.Thread(target=lambda: _call_ignoring(httpx.HTTPError, HTTP.get, url))
        waiting.start()
        started = time.monotonic()
        while not server.app.journal._listeners.called:  # type: ignore[attr-defined]
            assert time.monotonic() - started < 30, "no listener was added"
            time.sleep(0.001)
        started = time.monotonic()
    assert time.monotonic() - started < 30
    waiting.join()
    assert not _errors(caplog)


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def _call_ignoring(error: type[Exception], function: Any, *arguments: Any) -> None:
    with contextlib.suppress(error):
        function(*arguments)
