"""A request that cannot be parsed is refused after the answers before it, and recorded."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import PATIENCE, answers, body, connect, head, only, talk

from fake_server.http.protocol import MAX_HEAD
from fake_server.http.uvicorn_internals import MAX_PIPELINE
from fake_server.server import Server, running


class TestUnreadable:
    """A request that cannot be parsed ends the connection."""

    BROKEN = "X-(A): b"

    @pytest.fixture(params=["memory", "sqlite"])
    def served(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
        journal = "memory" if request.param == "memory" else f"sqlite:{tmp_path / 'runs.db'}"
        with running(journal=journal) as started:
            yield started

    def test_a_malformed_head_is_recorded_as_far_as_it_was_read(self, served: Server) -> None:
        account = served.account()
        ((status, _),) = answers(talk(served, head(account, 0, self.BROKEN)))
        seen = only(account)
        assert status == seen.status == 400
        assert (seen.outcome, seen.request_complete, seen.billed) == ("malformed", False, False)
        assert seen.target.endswith(f"/accounts/{account.id}/ai/run")
        assert ("host", "127.0.0.1") in seen.request_headers
        assert account.token not in str(seen)

    def test_a_head_that_is_malformed_and_too_large_is_recorded_once(self, served: Server) -> None:
        account = served.account()
        data = head(account, 0, self.BROKEN, "X-B: " + "b" * MAX_HEAD)
        with connect(served) as connection:
            while not served._state.connections:
                time.sleep(0.001)
            (protocol,) = served._state.connections
            served.call(protocol.data_received, data)  # in one piece, as it may come
            ((status, _),) = answers(b"".join(iter(lambda: connection.recv(65536), b"")))
        assert status == 400
        assert [e.status for e in account.exchanges] == [400]

    @pytest.mark.parametrize("more", [(BROKEN,), (), ("Transfer-Encoding: chunked",)])
    def test_a_client_that_is_still_sending_sees_the_answer(
        self, served: Server, more: tuple[str, ...]
    ) -> None:
        account = served.account()
        large = ("X-B: " + "b" * 1_000_000,) if "chunked" not in str(more) else ()
        data = head(account, None, *more, *large) + b"g\r\n" + b"b" * 1_000_000
        ((status, _),) = answers(talk(served, data))
        assert status == only(account).status
        assert status == (400 if more else 431)

    @pytest.mark.parametrize("last", ["head", "body"])
    def test_the_refusal_comes_after_the_answers_before_it(self, served: Server, last: str) -> None:
        account = served.account()
        account.scenario([{"fault": "rate-limited", "delay": 0.2}, {"fault": None}])
        one = head(account, len(body())) + body()
        broken = (
            head(account, 0, self.BROKEN)
            if last == "head"
            else head(account, None, "Transfer-Encoding: chunked") + b"g\r\n"
        )
        found = answers(talk(served, one + one + broken))
        assert [status for status, _ in found] == [429, 200, 400]
        assert [e.status for e in account.wait_for(3, PATIENCE)] == [429, 200, 400]

    @pytest.mark.parametrize("fault", [None, "reset-after", "dropped", "body-truncated"])
    def test_a_client_that_disconnects_while_the_journal_writes_logs_no_error(
        self,
        served: Server,
        fault: str | None,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        account = served.account()
        if fault:
            account.scenario([{"fault": fault}])
        append, done = served.app.journal.append, threading.Event()

        async def later() -> None:
            await asyncio.sleep(0.1)
            asyncio.get_running_loop().call_later(0.05, done.set)

        def slow(*record: Any) -> asyncio.Task[None]:
            append(*record)
            return asyncio.get_running_loop().create_task(later())

        monkeypatch.setattr(served.app.journal, "append", slow)
        request = head(account, len(body())) + body() if fault else head(account, 0, self.BROKEN)
        with connect(served) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(request)
            account.wait_for(1, PATIENCE)
        assert done.wait(PATIENCE)
        assert not caplog.messages

    def test_a_client_with_queued_requests_is_noticed_when_it_disconnects(
        self, served: Server
    ) -> None:
        account = served.account()
        account.scenario([{"fault": "hang"}])
        one = head(account, len(body())) + body()
        with connect(served) as connection:
            for _ in range(3):
                connection.sendall(one)
                time.sleep(0.05)  # no response shows that it was read
        assert len(account.wait_for(3, PATIENCE)) == 3
        assert account.settle(PATIENCE)

    def test_a_client_with_too_many_queued_requests_is_disconnected(self, served: Server) -> None:
        account = served.account()
        account.scenario([{"fault": "hang"}])
        one = head(account, len(body())) + body()
        assert talk(served, one * (MAX_PIPELINE + 2)) == b""
        assert len(account.wait_for(MAX_PIPELINE + 2)) == MAX_PIPELINE + 2

    def test_requests_of_a_client_that_disconnects_first_are_recorded(self, served: Server) -> None:
        account = served.account()
        account.scenario([{"fault": "hang"}])
        one = head(account, len(body())) + body()
        with connect(served) as connection:
            connection.sendall(one + one + head(account, 0, self.BROKEN))
            time.sleep(0.2)  # no response shows that it was read
        seen = account.wait_for(3, PATIENCE)
        assert {(e.status, e.outcome) for e in seen} == {(None, "cut")}
        assert sorted((e.fault or "", e.request_complete) for e in seen) == [
            ("", False),
            ("", True),
            ("hang", True),
        ]
        assert account.settle(PATIENCE), "no request is in flight"
