"""HTTP/1.1 as clients really speak it: the short way for runs changes nothing that they see."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import HTTP, body, connect, head, only, post

from fake_server.http.protocol import MAX_HEAD
from fake_server.http.uvicorn_internals import MAX_PIPELINE
from fake_server.runs.fast_path import MAX_FAST_BODY
from fake_server.server import AccountHandle, Server, running


def answers(data: bytes) -> list[tuple[int, bytes]]:
    """Statuses and bodies of the answers in a stream."""
    found = []
    while data:
        top, _, data = data.partition(b"\r\n\r\n")
        length = int(top.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        found.append((int(top.split()[1]), data[:length]))
        data = data[length:]
    return found


def talk(server: Server, *pieces: bytes) -> bytes:
    """Send pieces apart, and read until the server closes."""
    with connect(server) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class TestShortWay:
    """Plain runs are answered in the parser's callbacks, all others by the application."""

    def test_both_ways_give_the_same_answer(self, server: Server) -> None:
        requests = [body(), body({}), body(model="x"), b"{", b"[]"]
        account, other = server.account(), server.account()
        quick = [post(account, content=content) for content in requests]
        fast_path, server.app.runs.fast_path = server.app.runs.fast_path, None
        try:
            slow = [post(other, content=content) for content in requests]
        finally:
            server.app.runs.fast_path = fast_path
        for one, two in zip(quick, slow, strict=True):
            assert one.content == two.content
            assert list(one.headers) == list(two.headers)
        for here, there in zip(account.exchanges, other.exchanges, strict=True):
            assert [n for n, _ in here.response_headers] == [n for n, _ in there.response_headers]
            assert here.outcome == there.outcome
            assert here.billed == there.billed
            assert here.cost == there.cost

    def test_requests_in_a_row_on_one_connection(
        self, server: Server, account: AccountHandle
    ) -> None:
        one = head(account, len(body())) + body()
        last = head(account, len(body()), "Connection: close") + body()
        found = answers(talk(server, one, one, last))
        assert [status for status, _ in found] == [200, 200, 200]
        assert len(account.exchanges) == 3

    def test_pipelined_requests_are_answered_in_order(
        self, server: Server, account: AccountHandle
    ) -> None:
        account.scenario([{"fault": "rate-limited", "delay": 0.1}, {"fault": None}])
        one = head(account, len(body())) + body()
        last = head(account, len(body()), "Connection: close") + body()
        found = answers(talk(server, one + one + last))
        assert [status for status, _ in found] == [429, 200, 200]

    def test_a_body_in_pieces(self, server: Server, account: AccountHandle) -> None:
        request = head(account, len(body()), "Connection: close") + body()
        found = answers(talk(server, *(request[i : i + 7] for i in range(0, len(request), 7))))
        assert found[0][0] == 200
        assert only(account).request_body == body()

    def test_a_chunked_body(self, server: Server, account: AccountHandle) -> None:
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body()) + b"0\r\n\r\n"
        last = head(account, len(body()), "Connection: close") + body()
        request = head(account, None, "Transfer-Encoding: chunked") + chunks
        found = answers(talk(server, request, last))
        assert [status for status, _ in found] == [200, 200]
        assert [e.request_body for e in account.exchanges] == [body(), body()]

    def test_http_1_0(self, server: Server, account: AccountHandle) -> None:
        request = (head(account, len(body())) + body()).replace(b"HTTP/1.1", b"HTTP/1.0")
        ((status, content),) = answers(talk(server, request))
        assert status == 200
        assert json.loads(content)["state"] == "Completed"

    def test_expect_continue(self, server: Server, account: AccountHandle) -> None:
        with connect(server) as connection:
            connection.sendall(head(account, len(body()), "Expect: 100-continue"))
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(body())
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 200

    def test_expect_continue_of_too_much_is_refused_before_it_is_sent(self) -> None:
        with running(max_body=100) as server:
            account = server.account()
            request = head(account, 10**9, "Expect: 100-continue")
            ((status, _),) = answers(talk(server, request))
            assert status == 413
            assert not only(account).request_complete

    def test_an_offer_to_upgrade_is_passed_over(
        self, server: Server, account: AccountHandle
    ) -> None:
        """Java's client offers HTTP/2 with its first request; its body must not be lost."""
        upgrade = (
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABk",
        )
        request = head(account, len(body()), *upgrade) + body()
        with connect(server) as connection:
            for piece in (request, head(account, len(body())) + body()):
                connection.sendall(piece)
                response = http.client.HTTPResponse(connection)
                response.begin()
                assert response.status == 200
                assert json.loads(response.read())["state"] == "Completed"
        assert [e.request_body for e in account.exchanges] == [body(), body()]
        assert ("upgrade", "h2c") in account.exchanges[0].request_headers

    def test_an_offer_may_come_in_pieces(self, server: Server, account: AccountHandle) -> None:
        offer = ("Connection: keep-alive, upgrade", "Upgrade: websocket")
        request = head(account, len(body()), *offer) + body()
        with connect(server) as connection:
            for at in range(0, len(request), 50):
                connection.sendall(request[at : at + 50])
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 200
        assert dict(only(account).request_headers)["connection"] == "keep-alive, upgrade"

    def test_a_tunnel_is_not_built(self, server: Server) -> None:
        found = answers(talk(server, b"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n"))
        assert found[0][0] == 400

    def test_a_long_body_goes_the_long_way(self, account: AccountHandle) -> None:
        content = body() + b" " * MAX_FAST_BODY
        assert post(account, content=content).status_code == 200
        assert only(account).request_body == content

    def test_many_at_once(self, account: AccountHandle) -> None:
        threads = [threading.Thread(target=post, args=(account,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [e.number for e in account.exchanges] == list(range(1, 21))
        assert account.bill.runs == 20


class TestBadFraming:
    """A request that breaks HTTP gets a 400 in the service's own error shape."""

    @pytest.mark.parametrize(
        "data",
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET\r\n\r\n",
            b"POST / HTTP/1.1\r\nno colon\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
    )
    def test_it_is_refused_and_the_connection_closed(self, server: Server, data: bytes) -> None:
        ((status, content),) = answers(talk(server, data))
        assert status == 400
        (error,) = json.loads(content)["errors"]
        assert error["code"] == 7002
        assert error["message"].startswith("Malformed HTTP request")

    def test_a_bad_chunk_is_in_the_journal(self, server: Server, account: AccountHandle) -> None:
        request = head(account, None, "Transfer-Encoding: chunked") + b"3\r\nabc\r\nxyz\r\n"
        ((status, content),) = answers(talk(server, request))
        assert status == 400
        exchange = only(account)
        assert (exchange.status, exchange.outcome) == (400, "malformed")
        assert exchange.response_body == content
        assert not exchange.request_complete

    @pytest.mark.parametrize("sent", [0, 10])
    @pytest.mark.parametrize("familiar", [False, True])
    def test_a_body_that_never_ends_is_in_the_journal(
        self, server: Server, account: AccountHandle, sent: int, familiar: bool
    ) -> None:
        if familiar:
            talk(server, head(account, len(body())) + body(), head(account, 0, "Connection: close"))
        before = len(account.exchanges)
        with connect(server) as connection:
            connection.sendall(head(account, 1000) + b"x" * sent)
        exchange = account.wait_for(before + 1)[-1]
        assert (exchange.status, exchange.outcome) == (None, "cut")
        assert exchange.request_body == b"x" * sent
        assert not exchange.request_complete
        assert account.settle()

    def test_a_head_that_never_ends_is_refused(self, server: Server) -> None:
        line = b"X-Filler: " + b"x" * 8000 + b"\r\n"
        data = b"POST / HTTP/1.1\r\n" + line * (MAX_HEAD // len(line) + 2)
        ((status, content),) = answers(talk(server, data))
        assert status == 431
        assert str(MAX_HEAD) in json.loads(content)["errors"][0]["message"]

    @pytest.mark.parametrize(
        "line", ["Host: other", "Authorization: Bearer x", "Content-Type: text/plain"]
    )
    def test_a_header_that_stands_once_stands_once(
        self, server: Server, account: AccountHandle, line: str
    ) -> None:
        request = head(account, len(body()), line, "Connection: close") + body()
        ((status, content),) = answers(talk(server, request))
        assert status == 400
        assert f"header {line.partition(':')[0].lower()} is repeated" in content.decode()
        assert only(account).outcome == "malformed"

    def test_other_headers_may_be_repeated(self, server: Server, account: AccountHandle) -> None:
        more = ("X-Note: 1", "X-Note: 2", "Connection: close")
        ((status, _),) = answers(talk(server, head(account, len(body()), *more) + body()))
        assert status == 200
        assert [v for n, v in only(account).request_headers if n == "x-note"] == ["1", "2"]

    def test_the_next_client_is_served(self, server: Server, account: AccountHandle) -> None:
        talk(server, b"rubbish\r\n\r\n")
        assert post(account).status_code == 200


def test_head_gets_no_body(server: Server, account: AccountHandle) -> None:
    response = HTTP.head(f"{server.base_url}/accounts/{account.id}/ai/run")
    assert response.status_code == 405
    assert response.content == only(account).response_body == b""


def test_a_mistake_of_ours_is_told_and_not_blamed_on_the_client(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with running() as server:
        account = server.account()

        def fail(*_: object) -> None:
            raise RuntimeError("a mistake of ours")

        monkeypatch.setattr(server.app.runs, "respond", fail)
        assert post(account).status_code == 500
        assert "a mistake of ours" in caplog.text
        monkeypatch.undo()
        assert post(account).status_code == 200


class TestUnreadable:
    """What cannot be read to its end is answered in its turn, put down, and ends the connection."""

    BROKEN = "X-(A): b"

    @pytest.fixture(params=["memory", "sqlite"])
    def served(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
        journal = "memory" if request.param == "memory" else f"sqlite:{tmp_path / 'runs.db'}"
        with running(journal=journal) as started:
            yield started

    def test_a_broken_head_is_put_down_as_far_as_it_was_read(self, served: Server) -> None:
        account = served.account()
        ((status, _),) = answers(talk(served, head(account, 0, self.BROKEN)))
        seen = only(account)
        assert status == seen.status == 400
        assert (seen.outcome, seen.request_complete, seen.billed) == ("malformed", False, False)
        assert seen.target.endswith(f"/accounts/{account.id}/ai/run")
        assert ("host", "127.0.0.1") in seen.request_headers
        assert account.token not in str(seen)

    def test_a_head_that_is_broken_and_too_large_is_put_down_once(self, served: Server) -> None:
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
    def test_it_waits_for_the_answers_before_it(self, served: Server, last: str) -> None:
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
        assert [e.status for e in account.wait_for(3)] == [429, 200, 400]

    @pytest.mark.parametrize("fault", [None, "reset-after", "dropped", "body-truncated"])
    def test_a_client_that_leaves_while_it_is_put_down_is_no_trouble(
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
            await asyncio.sleep(0.2)
            asyncio.get_running_loop().call_later(0.1, done.set)

        def slow(*record: Any) -> asyncio.Task[None]:
            append(*record)
            return asyncio.get_running_loop().create_task(later())

        monkeypatch.setattr(served.app.journal, "append", slow)
        request = head(account, len(body())) + body() if fault else head(account, 0, self.BROKEN)
        with connect(served) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(request)
            account.wait_for(1)
        assert done.wait(5)
        assert not caplog.messages

    def test_a_client_that_asks_for_more_while_it_waits_is_heard_leaving(
        self, served: Server
    ) -> None:
        account = served.account()
        account.scenario([{"fault": "hang"}])
        one = head(account, len(body())) + body()
        with connect(served) as connection:
            for _ in range(3):
                connection.sendall(one)
                time.sleep(0.05)  # nothing comes back by which to tell that it was read
        assert len(account.wait_for(3)) == 3
        assert account.settle(5)

    def test_a_client_that_asks_for_far_more_than_it_waits_for_is_cut(self, served: Server) -> None:
        account = served.account()
        account.scenario([{"fault": "hang"}])
        one = head(account, len(body())) + body()
        assert talk(served, one * (MAX_PIPELINE + 2)) == b""
        assert len(account.wait_for(MAX_PIPELINE + 2)) == MAX_PIPELINE + 2

    def test_a_client_that_leaves_first_is_put_down_too(self, served: Server) -> None:
        account = served.account()
        account.scenario([{"fault": "hang"}])
        one = head(account, len(body())) + body()
        with connect(served) as connection:
            connection.sendall(one + one + head(account, 0, self.BROKEN))
            time.sleep(0.2)  # nothing comes back by which to tell that it was read
        seen = account.wait_for(3)
        assert {(e.status, e.outcome) for e in seen} == {(None, "cut")}
        assert sorted((e.fault or "", e.request_complete) for e in seen) == [
            ("", False),
            ("", True),
            ("hang", True),
        ]
        assert account.settle(5), "all that it asked for is over"
