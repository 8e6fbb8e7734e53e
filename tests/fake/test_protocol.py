"""HTTP/1.1 on a raw socket: framing, pipelining, upgrades; the fast path changes no response."""

from __future__ import annotations

import http.client
import json
import threading

import pytest
from calling import HTTP, PATIENCE, answers, body, connect, head, only, post, talk

from fake_server.account_handle import AccountHandle
from fake_server.http.protocol import MAX_HEAD
from fake_server.runs.fast_path import MAX_FAST_BODY
from fake_server.server import Server, running


class TestRequests:
    """Well-formed requests in all the ways that clients send them."""

    def test_both_paths_give_the_same_answer(self, server: Server) -> None:
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

    def test_a_pipelined_body_in_pieces(self, server: Server, account: AccountHandle) -> None:
        account.scenario([{"fault": "rate-limited", "delay": 0.2}, {"fault": None}])
        first = head(account, len(body())) + body()
        last = head(account, len(body()), "Connection: close") + body()
        pieces = [last[i : i + 40] for i in range(0, len(last), 40)]
        found = answers(talk(server, first + pieces[0], *pieces[1:]))
        assert [status for status, _ in found] == [429, 200]
        assert [e.request_body for e in account.exchanges] == [body(), body()]

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

    def test_expect_continue_with_an_oversize_length_is_refused_at_once(self) -> None:
        with running(max_body=100) as server:
            account = server.account()
            request = head(account, 10**9, "Expect: 100-continue")
            ((status, _),) = answers(talk(server, request))
            assert status == 413
            assert not only(account).request_complete

    def test_an_upgrade_header_is_ignored(self, server: Server, account: AccountHandle) -> None:
        """Java's client offers HTTP/2 with its first request; the parser would drop its body."""
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

    def test_an_upgrade_header_may_arrive_in_pieces(
        self, server: Server, account: AccountHandle
    ) -> None:
        offer = ("Connection: keep-alive, upgrade", "Upgrade: websocket")
        request = head(account, len(body()), *offer) + body()
        with connect(server) as connection:
            for at in range(0, len(request), 50):
                connection.sendall(request[at : at + 50])
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 200
        assert dict(only(account).request_headers)["connection"] == "keep-alive, upgrade"

    def test_connect_is_refused(self, server: Server) -> None:
        found = answers(talk(server, b"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n"))
        assert found[0][0] == 400

    def test_a_long_body_takes_the_full_path(self, account: AccountHandle) -> None:
        content = body() + b" " * MAX_FAST_BODY
        assert post(account, content=content).status_code == 200
        assert only(account).request_body == content

    def test_concurrent_requests_are_numbered_and_billed_once(self, account: AccountHandle) -> None:
        threads = [threading.Thread(target=post, args=(account,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [e.number for e in account.exchanges] == list(range(1, 21))
        assert account.bill.runs == 20


class TestBadFraming:
    """Malformed HTTP gets a 400 in the service's error body."""

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
    def test_it_is_refused_and_the_connection_is_closed(self, server: Server, data: bytes) -> None:
        ((status, content),) = answers(talk(server, data))
        assert status == 400
        (error,) = json.loads(content)["errors"]
        assert error["code"] == 7002
        assert error["message"].startswith("Malformed HTTP request")

    def test_a_malformed_chunk_is_recorded(self, server: Server, account: AccountHandle) -> None:
        request = head(account, None, "Transfer-Encoding: chunked") + b"3\r\nabc\r\nxyz\r\n"
        ((status, content),) = answers(talk(server, request))
        assert status == 400
        exchange = only(account)
        assert (exchange.status, exchange.outcome) == (400, "malformed")
        assert exchange.response_body == content
        assert not exchange.request_complete

    @pytest.mark.parametrize("sent", [0, 10])
    @pytest.mark.parametrize("cached", [False, True])
    def test_a_body_that_never_ends_is_recorded(
        self, server: Server, account: AccountHandle, sent: int, cached: bool
    ) -> None:
        if cached:
            talk(server, head(account, len(body())) + body(), head(account, 0, "Connection: close"))
        before = len(account.exchanges)
        with connect(server) as connection:
            connection.sendall(head(account, 1000) + b"x" * sent)
        exchange = account.wait_for(before + 1)[-1]
        assert (exchange.status, exchange.outcome) == (None, "cut")
        assert exchange.request_body == b"x" * sent
        assert not exchange.request_complete
        assert account.settle(PATIENCE)

    def test_a_head_that_never_ends_is_refused(self, server: Server) -> None:
        line = b"X-Filler: " + b"x" * 8000 + b"\r\n"
        data = b"POST / HTTP/1.1\r\n" + line * (MAX_HEAD // len(line) + 2)
        ((status, content),) = answers(talk(server, data))
        assert status == 431
        assert str(MAX_HEAD) in json.loads(content)["errors"][0]["message"]

    @pytest.mark.parametrize(
        "line", ["Host: other", "Authorization: Bearer x", "Content-Type: text/plain"]
    )
    def test_a_repeated_single_header_is_refused(
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

    def test_the_next_connection_is_served(self, server: Server, account: AccountHandle) -> None:
        talk(server, b"rubbish\r\n\r\n")
        assert post(account).status_code == 200


def test_head_gets_no_body(server: Server, account: AccountHandle) -> None:
    response = HTTP.head(f"{server.base_url}/accounts/{account.id}/ai/run")
    assert response.status_code == 405
    assert response.content == only(account).response_body == b""


def test_an_internal_error_is_a_500_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with running() as server:
        account = server.account()

        def fail(*_: object) -> None:
            raise RuntimeError("an internal error")

        monkeypatch.setattr(server.app.runs, "respond", fail)
        assert post(account).status_code == 500
        assert "an internal error" in caplog.text
        monkeypatch.undo()
        assert post(account).status_code == 200
