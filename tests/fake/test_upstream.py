"""`serve --upstream`: runs are passed on, recorded and judged."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from decimal import Decimal
from typing import Any

import httpx
import pytest
from calling import CONTRACT, HTTP, INPUT, PATIENCE, body, connect, head, only, post
from scripted_upstream import Scripted, scripted_upstream
from upstream_fake import PRICE, RUN, passing_on

from aleph_contract.errors import ArgumentError
from fake_server.account_handle import AccountHandle
from fake_server.http.factory import create_app
from fake_server.journal.base import SharedJournal
from fake_server.server import Server, running
from fake_server.upstream.forwarding import Upstream


def verdict(account: AccountHandle, server: Server) -> dict[str, Any]:
    found: dict[str, Any] = HTTP.get(f"{server.inspector}accounts/{account.id}/verdict").json()
    return found


class TestTheAnswer:
    """The answer of the upstream comes back as it is."""

    def test_status_headers_and_body_are_unchanged(self) -> None:
        headers = (
            ("Content-Type", "application/json; charset=utf-8"),
            ("Date", "Mon, 01 Jan 2024 00:00:00 GMT"),
            ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("CF-Ray", "7f-AMS"), ("X-Own", "é"),
        )  # fmt: skip
        raw = b' {"errors": [ {"code":7003, "message":"no"}],"success":false}\n'
        dropped = (("Keep-Alive", "timeout=9"), ("X-Hop", "1"), ("Connection", "x-hop"))
        with (
            scripted_upstream(Scripted(400, (*headers, *dropped), raw)) as upstream,
            passing_on(upstream.url) as (server, _),
        ):
            answer = post(server.account())
        assert (answer.status_code, answer.content) == (400, raw)
        expected = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        expected.append((b"content-length", b"%d" % len(raw)))
        assert [(name.lower(), value) for name, value in answer.headers.raw] == expected

    def test_the_request_reaches_the_upstream_as_it_was_sent(self) -> None:
        sent = b'{ "model":"runwayml/aleph-2", "input" :' + json.dumps(INPUT).encode() + b"}"
        with (
            scripted_upstream(Scripted()) as upstream,
            passing_on(f"{upstream.url}/prefix/client/v4/") as (server, _),
        ):
            account = server.account()
            post(
                account,
                content=sent,
                headers={"X-Own": "1", "Connection": "x-hop", "X-Hop": "1"},
            )
        [(method, target, headers, received)] = upstream.received
        assert (method, received) == ("POST", sent)
        assert target == f"/prefix/client/v4/accounts/{account.id}/ai/run"
        named = {name.lower(): value for name, value in headers}
        assert named["authorization"] == f"Bearer {account.token}"
        assert named["host"] == upstream.url.removeprefix("http://")
        assert (named["x-own"], named["accept-encoding"]) == ("1", "identity")
        assert "x-hop" not in named

    def test_the_target_is_not_normalised(self) -> None:
        path = "/client/v4/accounts/" + "a" * 32 + "/ai/run/@cf/a/../%62//c?x=%7e&y"
        with (
            scripted_upstream(Scripted()) as upstream,
            passing_on(upstream.url, allow_unknown=True) as (server, _),
            connect(server) as connection,
        ):
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
                "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".encode()
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert [received[1] for received in upstream.received] == [path]

    def test_a_redirect_is_passed_on_and_not_followed(self) -> None:
        with scripted_upstream(Scripted()) as other:
            script = Scripted(307, (("Location", f"{other.url}/elsewhere"),), b"")
            with scripted_upstream(script) as upstream, passing_on(upstream.url) as (server, _):
                answer = post(server.account())
        assert (answer.status_code, other.received) == (307, [])
        assert answer.headers["location"].endswith("/elsewhere")

    def test_another_fake_answers_both_surfaces(self) -> None:
        with running() as upstream, passing_on(upstream.base_url) as (server, _):
            account = server.account()
            direct = HTTP.post(
                f"{upstream.base_url}/accounts/{account.id}/ai/run",
                content=body(),
                headers={"authorization": "Bearer x", "content-type": "application/json"},
            )
            assert post(account).json()["state"] == direct.json()["state"] == "Completed"
            answer = HTTP.post(
                f"{server.origin}/run?version=3",
                json={"inputs": INPUT, "options": {}},
                headers={"cf-consn-model-id": CONTRACT.model},
            )
            assert answer.json()["state"] == "Completed"
            assert [x.surface for x in upstream.exchanges] == ["rest", "rest", "binding"]


class TestTheFakeItself:
    """What the fake answers without a call."""

    def test_faults_are_played_without_a_call(self) -> None:
        with running() as upstream, passing_on(upstream.base_url) as (server, guard):
            account = server.account()
            account.scenario([{"fault": "rate-limited"}, {"fault": None, "delay": 0.05}])
            assert [post(account).status_code for _ in range(3)] == [429, 200, 200]
            assert len(upstream.exchanges) == 2
            assert account.exchanges[1].elapsed >= 0.05
            assert post(account, token="fault-drop-nothing").status_code == 400
            assert guard.committed == PRICE * 2

    def test_a_wrong_token_and_an_unknown_route_are_not_sent(self) -> None:
        with scripted_upstream(Scripted()) as upstream, passing_on(upstream.url) as (server, _):
            account = server.account()
            assert post(account, token="w" * 40).status_code == 401
            assert HTTP.post(f"{server.base_url}/nowhere").status_code == 400
            assert HTTP.get(f"{server.base_url}/accounts").status_code == 400
            assert upstream.received == []


class TestNoReply:
    """The upstream is down, slow, or breaks the connection."""

    def test_an_upstream_that_is_down_is_named_in_the_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with scripted_upstream(Scripted()) as upstream:
            url = upstream.url
        with passing_on(url) as (server, guard):
            account = server.account()
            answer = post(account)
            assert (answer.status_code, answer.json()["success"]) == (502, False)
            assert guard.committed == 0, "nothing was sent"
            assert (only(account).outcome, only(account).billed) == ("no-upstream", False)
            assert verdict(account, server)["server"]["exchanges"] == 0
        [message] = [r.getMessage() for r in caplog.records if "upstream" in r.getMessage()]
        assert message == f"aleph-contract: upstream {url}: no connection: Connection refused"

    def test_a_broken_connection_may_have_cost_the_run(self) -> None:
        with (
            scripted_upstream(Scripted(body=None)) as upstream,
            passing_on(upstream.url) as (server, guard),
        ):
            account = server.account()
            assert post(account).status_code == 502
            assert guard.committed == PRICE
            assert only(account).billed
            assert len(upstream.received) == 1, "the call is not repeated"

    def test_a_late_reply_is_a_504(self) -> None:
        hold = threading.Event()
        with (
            scripted_upstream(Scripted(hold=hold)) as upstream,
            passing_on(upstream.url, seconds=0.1) as (server, guard),
        ):
            assert post(server.account()).status_code == 504
            assert guard.committed == PRICE
            hold.set()

    def test_a_client_that_leaves_is_recorded_and_the_run_is_billed(self) -> None:
        hold = threading.Event()
        script = Scripted(body=json.dumps(RUN).encode(), hold=hold)
        with scripted_upstream(script) as upstream, passing_on(upstream.url) as (server, guard):
            account = server.account()
            with connect(server) as connection:
                connection.sendall(head(account, len(body())) + body())
                assert upstream.arrived.wait(PATIENCE)
            hold.set()
            exchange = only(account)
            assert (exchange.outcome, exchange.status, exchange.billed) == ("cut", None, True)
            assert (guard.committed, account.bill.usd) == (PRICE, PRICE)

    def test_the_fake_can_stop_while_a_run_is_open(self, caplog: pytest.LogCaptureFixture) -> None:
        script = Scripted(hold=threading.Event())
        assert script.hold is not None
        with scripted_upstream(script) as upstream, contextlib.ExitStack() as stack:
            server, guard = stack.enter_context(passing_on(upstream.url))
            thread = threading.Thread(target=_ignoring_errors, args=(server.account(),))
            thread.start()
            assert upstream.arrived.wait(PATIENCE)
            begun = time.monotonic()
            stack.close()
            assert time.monotonic() - begun < PATIENCE / 2, "it does not wait for the upstream"
            script.hold.set()
            thread.join(PATIENCE)
            [exchange] = server.exchanges
            assert (exchange.outcome, exchange.billed, guard.committed) == ("cut", True, PRICE)
        assert not caplog.records


def _ignoring_errors(account: AccountHandle) -> None:
    with contextlib.suppress(httpx.HTTPError):
        post(account)


class TestTheVerdict:
    """Client and server are judged by their own rules."""

    def test_a_server_that_accepts_a_violating_input_is_found(self) -> None:
        with (
            scripted_upstream(Scripted(body=json.dumps(RUN).encode())) as upstream,
            passing_on(upstream.url) as (server, _),
        ):
            account = server.account()
            post(account, {**INPUT, "seed": -1})
            found = verdict(account, server)
        assert [finding["rule"] for finding in found["findings"]] == ["request.valid"]
        assert [finding["rule"] for finding in found["server"]["findings"]] == ["server.refuses"]
        assert found["server"]["conformant"] is False

    def test_the_page_of_an_exchange_shows_both(self) -> None:
        with (
            scripted_upstream(Scripted(body=json.dumps(RUN).encode())) as upstream,
            passing_on(upstream.url) as (server, _),
        ):
            account = server.account()
            post(account, {**INPUT, "seed": -1})
            page = HTTP.get(f"{server.inspector}inspector/{account.id}/1").text
        assert "request.valid" in page
        assert "<dt>the server</dt>" in page
        assert "server.refuses" in page

    def test_a_right_client_and_a_right_server_conform(self) -> None:
        with running() as upstream, passing_on(upstream.base_url) as (server, _):
            account = server.account()
            post(account)
            account.scenario([{"fault": "internal-error"}])
            post(account)
            found = verdict(account, server)
        assert found["conformant"] is True
        assert found["server"] == {"conformant": True, "exchanges": 1, "findings": []}

    def test_a_fake_without_upstream_judges_no_server(
        self, account: AccountHandle, server: Server
    ) -> None:
        post(account)
        assert verdict(account, server)["server"] is None


def test_a_shared_journal_is_refused() -> None:
    upstream = Upstream.of("http://127.0.0.1:9", Decimal(1))
    with pytest.raises(ArgumentError, match="in memory or in SQLite"):
        create_app(upstream=upstream, journal=SharedJournal())  # type: ignore[arg-type]


def test_a_token_that_the_upstream_repeats_is_not_in_the_journal() -> None:
    """In the body, in a header, and encoded."""
    with (
        running() as _,
        scripted_upstream(Scripted()) as upstream,
        passing_on(upstream.url) as (server, _),
    ):
        account = server.account()
        token = account.token
        upstream.headers = (("X-Echo", token), ("Set-Cookie", f"session={'s' * 30}"))
        upstream.body = json.dumps({"a": token, "b": token.encode().hex()}).encode()
        answer = post(account)
        assert token in answer.text, "the client gets what the upstream sent"
        exchange = only(account)
    seen = repr(exchange)
    assert token not in seen
    assert token.encode().hex() not in seen
    assert "s" * 30 not in seen
