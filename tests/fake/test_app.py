"""The run endpoint: right answers, in the service's order of checks, whatever way they go."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Event
from typing import Any

import httpx
import pytest
from calling import CONTRACT, HTTP, INPUT, PATIENCE, body, only, post

from aleph_contract.cases import cases
from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import ArgumentError
from fake_server.http.app import LARGE_BODY, App, create_app
from fake_server.runs.decision import Admission, Run
from fake_server.runs.request import ReceivedRequest
from fake_server.server import AccountHandle, Server, running

OTHER = "f" * 32


@pytest.fixture(scope="module", params=["fast path", "ASGI"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that answers in the parser's callbacks, and one that never does."""
    with running() as started:
        if request.param != "fast path":
            started.app.runs.fast_path = None
        yield started


def code(response: httpx.Response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


def message(response: httpx.Response) -> str:
    text: str = response.json()["errors"][0]["message"]
    return text


class TestSuccess:
    """A valid input completes, and its reply is the documented one."""

    @pytest.mark.parametrize("example", CONTRACT.examples, ids=lambda e: e.name)
    def test_documented_inputs_get_the_documented_replies(
        self, account: AccountHandle, example: Any
    ) -> None:
        response = post(account, example.input)
        assert response.status_code == 200
        assert response.json() == example.reply
        assert response.headers["content-type"] == "application/json"

    def test_a_documented_number_may_be_spelt_as_javascript_spells_it(
        self, account: AccountHandle
    ) -> None:
        example = next(e for e in CONTRACT.examples if "keyframes" in e.input)
        text = json.dumps(example.input)
        assert "2.0" in text
        content = body().replace(json.dumps(INPUT).encode(), text.replace("2.0", "2").encode())
        assert post(account, content=content).json() == example.reply

    def test_the_live_profile_wraps_the_same_reply(self, server: Server) -> None:
        example = CONTRACT.examples[0]
        response = post(server.account(profile="live"), example.input)
        assert response.content.startswith(b'{"result":{"state":"Completed"')
        assert response.json() == {
            "result": example.reply,
            "success": True,
            "errors": [],
            "messages": [],
        }

    def test_same_input_same_video(self, account: AccountHandle) -> None:
        first, second = post(account, INPUT), post(account, dict(reversed(INPUT.items())))
        assert first.json() == second.json()

    @pytest.mark.parametrize(
        "other",
        [
            INPUT | {"prompt": "q"},
            INPUT | {"seed": 0},
            INPUT | {"seed": 1},
            INPUT | {"keyframes": [{"uri": "u", "at": 0.5}]},
            INPUT | {"keyframes": [{"uri": "u", "at": 0.25}]},
            {k: v for k, v in INPUT.items() if k != "duration"},
        ],
    )
    def test_another_input_another_video(self, account: AccountHandle, other: Any) -> None:
        assert post(account, INPUT).json()["result"] != post(account, other).json()["result"]

    def test_the_video_is_served_where_the_client_called(self, account: AccountHandle) -> None:
        video = post(account).json()["result"]["video"]
        assert video.startswith(account.base_url.removesuffix("client/v4"))
        played = HTTP.get(video)
        assert played.status_code == 200
        assert played.headers["content-type"] == "video/mp4"

    def test_a_host_that_is_none_gets_no_place_in_a_url(self, account: AccountHandle) -> None:
        response = post(account, headers={"host": 'x"/><script>'})
        assert "script" not in response.text
        assert response.json()["result"]["video"].startswith("http://127.0.0.1:")


class TestRefusals:
    """What the service refuses: route, authentication, model, input."""

    def test_no_token(self, account: AccountHandle) -> None:
        response = HTTP.post(f"{account.base_url}/accounts/{account.id}/ai/run", content=body())
        assert code(response) == (400, 9106)
        assert only(account).credential == "missing"

    @pytest.mark.parametrize("value", ["Basic abc", "Bearer", "Bearer a b", "abc"])
    def test_no_bearer_token(self, account: AccountHandle, value: str) -> None:
        assert code(post(account, headers={"authorization": value})) == (400, 6003)

    def test_a_wrong_token(self, account: AccountHandle) -> None:
        response = post(account, token="wrong")
        assert code(response) == (401, 10000)
        assert response.text == (
            '{"result":null,"success":false,"errors":[{"code":10000,"message":'
            '"Authentication error"}],"messages":[]}'
        )
        assert only(account).credential == "refused"
        assert only(account).outcome == "unauthenticated"

    def test_another_accounts_token(self, server: Server, account: AccountHandle) -> None:
        assert code(post(account, token=server.account().token)) == (403, 10000)
        assert only(account).outcome == "forbidden"

    def test_a_scheme_is_written_in_any_case(self, account: AccountHandle) -> None:
        response = post(account, headers={"authorization": f"bearer {account.token}"})
        assert response.status_code == 200

    def test_any_other_account_lets_in_any_token(self, server: Server) -> None:
        url = f"{server.base_url}/accounts/{OTHER}/ai/run"
        headers = {"authorization": "Bearer x", "content-type": "application/json"}
        assert HTTP.post(url, content=body(), headers=headers).status_code == 200

    def test_a_malformed_account(self, server: Server) -> None:
        url = f"{server.base_url}/accounts/me/ai/run"
        response = HTTP.post(url, content=body(), headers={"authorization": "Bearer x"})
        assert code(response) == (404, 7003)
        assert message(response) == (
            "Could not route to /client/v4/accounts/me/ai/run, perhaps your object identifier is "
            "invalid?"
        )
        assert response.json()["result"] is None

    @pytest.mark.parametrize(
        "path", ["/ai/run/runwayml%2Faleph-2", "/ai/run/", "/ai", "", "/ai/runs", "//ai/run"]
    )
    def test_no_route(self, account: AccountHandle, path: str) -> None:
        url = f"{account.base_url}/accounts/{account.id}{path}"
        response = HTTP.post(url, content=body())
        assert code(response) == (400, 7000)
        assert message(response) == "No route for that URI"
        assert only(account).outcome == "no-route"

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
    def test_another_method(self, account: AccountHandle, method: str) -> None:
        url = f"{account.base_url}/accounts/{account.id}/ai/run"
        response = HTTP.request(method, url)
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"
        assert only(account).method == method

    def test_an_unknown_model(self, account: AccountHandle) -> None:
        response = post(account, content=body(model="runwayml/aleph-3"))
        assert code(response) == (404, 7003)
        assert response.text == (
            '{"errors":[{"message":"Model not found: runwayml/aleph-3","code":7003}],'
            '"success":false,"result":{},"messages":[]}'
        )

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({}, "Required value missing: prompt"),
            (
                INPUT | {"prompt": 5},
                "Invalid value at prompt: Invalid input: expected string, received number",
            ),
            (
                INPUT | {"prompt": "x" * 1001},
                "Invalid value at prompt: Too big: expected string to have <=1000 characters",
            ),
            (
                INPUT | {"seed": 2**32},
                "Invalid value at seed: Too big: expected number to be <=4294967295",
            ),
            (INPUT | {"colour": 1}, 'Invalid value at input: Unrecognized key: "colour"'),
        ],
    )
    def test_a_bad_input_is_named_in_the_observed_wording(
        self, account: AccountHandle, value: Any, expected: str
    ) -> None:
        response = post(account, value)
        assert code(response) == (400, 7003)
        assert message(response) == "Model execution failed (User Input Error): " + expected
        assert only(account).outcome == "invalid"
        assert not only(account).billed

    def test_checks_come_in_the_services_order(self, account: AccountHandle) -> None:
        """Route, authentication, form, model, input (observed)."""
        url = f"{account.base_url}/accounts/{account.id}/ai/run"
        bad_input = json.dumps({"model": "other", "input": {}}).encode()
        assert code(HTTP.post(url + "/x", content=b"{")) == (400, 7000)
        assert code(post(account, content=b"{", token="wrong")) == (401, 10000)
        assert code(post(account, content=b"{")) == (400, 7002)
        assert code(post(account, content=bad_input)) == (404, 7003)


class TestForm:
    """HTTP and JSON, strictly: a clear 4xx in the service's own error shape."""

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"{",
            b"{} {}",
            b"{}\x00",
            b"\xef\xbb\xbf{}",
            b'{"input":NaN}',
            b'{"input":Infinity}',
            b'{"input":1e400}',
            b'{"input":01}',
            b'{"input":"\xff"}',
            b'{"input":"\\ud800"}',
            b"{'input':1}",
            b'{"input":1,}',
            b'{"input":"a\nb"}',
            b"[" * 100_000,
            b'{"a":' * 200 + b"1" + b"}" * 200,
        ],
        ids=lambda text: repr(text[:20]),
    )
    def test_what_is_not_json_is_refused_and_kept(
        self, account: AccountHandle, text: bytes
    ) -> None:
        response = post(account, content=text)
        assert code(response) == (400, 7002)
        assert message(response).startswith("Could not parse the request body as JSON: line ")
        assert only(account).request_body == text
        assert only(account).outcome == "malformed"

    @pytest.mark.parametrize("text", [b"1", b"null", b"[]", b'"x"', b"true", b"1.5"])
    def test_what_is_json_but_no_object_is_named(self, account: AccountHandle, text: bytes) -> None:
        response = post(account, content=text)
        assert code(response) == (400, 7003)
        assert "Invalid value at body: Invalid input: expected object" in message(response)

    def test_of_repeated_keys_the_last_one_wins(self, account: AccountHandle) -> None:
        twice = body().replace(b'"prompt": "p"', b'"prompt": 5, "prompt": "p"')
        assert twice != body()
        assert post(account, content=twice).json() == post(account).json()

    @pytest.mark.parametrize("number", [2**53 + 1, 2**64, 2**64 + 1, 10**30])
    def test_no_integer_passes_through_a_float(self, account: AccountHandle, number: int) -> None:
        response = post(account, content=body(INPUT | {"seed": number}))
        assert code(response) == (400, 7003)
        kept = loads(only(account).request_body)["input"]["seed"]
        assert kept == number
        assert isinstance(kept, int)

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "",
         "application/json; charset=utf-16", "multipart/form-data; boundary=x"],
    )  # fmt: skip
    def test_another_content_type(self, account: AccountHandle, content_type: str) -> None:
        assert code(post(account, headers={"content-type": content_type})) == (415, 7002)

    @pytest.mark.parametrize(
        "content_type",
        ["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'],
    )
    def test_json_by_another_spelling(self, account: AccountHandle, content_type: str) -> None:
        assert post(account, headers={"content-type": content_type}).status_code == 200

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
    def test_a_compressed_body(self, account: AccountHandle, encoding: str) -> None:
        assert code(post(account, headers={"content-encoding": encoding})) == (415, 7002)

    def test_no_compression_by_its_name(self, account: AccountHandle) -> None:
        assert post(account, headers={"content-encoding": "identity"}).status_code == 200

    def test_an_oversize_body_is_read_no_further(self) -> None:
        with running(max_body=1000) as server:
            account = server.account()
            response = post(account, content=b"x" * 100_000)
            assert code(response) == (413, 7002)
            assert message(response) == "Request body is larger than 1000 bytes"
            exchange = only(account)
            assert not exchange.request_complete
            assert 1000 < len(exchange.request_body) < 100_000

    def test_a_body_may_be_as_large_as_allowed(self) -> None:
        with running(max_body=len(body())) as server:
            account = server.account()
            assert post(account).status_code == 200
            assert code(post(account, content=body() + b" ")) == (413, 7002)

    def test_a_large_body_is_whole_in_the_journal(self, account: AccountHandle) -> None:
        uri = "data:video/mp4;base64," + "A" * 1_000_000
        assert post(account, INPUT | {"video_uri": uri}).status_code == 200
        assert loads(only(account).request_body)["input"]["video_uri"] == uri


class TestExchange:
    """What the journal holds of a request, and what it does not."""

    def test_it_holds_what_was_sent_both_ways(self, account: AccountHandle) -> None:
        response = post(account)
        exchange = only(account)
        assert exchange.number == 1
        assert exchange.account == account.id
        assert exchange.surface == "rest"
        assert exchange.method == "POST"
        assert exchange.target == f"/client/v4/accounts/{account.id}/ai/run"
        assert exchange.request_body == body()
        assert exchange.request_complete
        assert exchange.credential == "accepted"
        assert exchange.status == 200
        assert exchange.response_body == response.content
        assert dict(exchange.response_headers)["content-length"] == str(len(response.content))
        assert dict(exchange.response_headers)["cf-ray"] == response.headers["cf-ray"]
        assert exchange.outcome == "completed"
        assert exchange.billed
        assert exchange.billed_seconds == 5
        assert exchange.cost == Decimal("1.68")
        assert exchange.received_at > 0
        assert exchange.elapsed > 0
        assert exchange.host == response.request.headers["host"]

    def test_no_secret_is_in_it(self, account: AccountHandle) -> None:
        url = f"{account.base_url}/accounts/{account.id}/ai/run?token={account.token}"
        headers = {
            "authorization": f"Bearer {account.token}",
            "content-type": "application/json",
            "cookie": "session=not-hexadecimal",
            "x-note": f"my {account.token}",
        }
        HTTP.post(url, content=body(INPUT | {"prompt": account.token}), headers=headers)
        exchange = only(account)
        assert account.token not in repr(exchange)
        assert "not-hexadecimal" not in repr(exchange)
        assert exchange.target.endswith("?token=REDACTED")
        assert ("authorization", "Bearer REDACTED") in exchange.request_headers
        assert exchange.token_leaked

    def test_an_honest_request_leaks_nothing(self, account: AccountHandle) -> None:
        post(account)
        assert not only(account).token_leaked

    def test_the_token_leaks_also_where_it_is_not_presented(self, account: AccountHandle) -> None:
        url = f"{account.base_url}/accounts/{account.id}/ai/run?api_key={account.token}"
        HTTP.post(url, content=body())
        assert only(account).token_leaked
        assert account.token not in repr(only(account))

    def test_numbers_count_up_in_each_account(self, server: Server, account: AccountHandle) -> None:
        other = server.account()
        for _ in range(3):
            post(account)
            post(other)
        assert [e.number for e in account.exchanges] == [1, 2, 3]
        assert [e.number for e in other.exchanges] == [1, 2, 3]


class TestInProcess:
    """The application without the server it is made for."""

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

    def test_it_runs_under_any_asgi_server(self) -> None:
        app = create_app()
        response = self.call(app)
        assert response.json()["state"] == "Completed"
        assert response.json()["result"]["video"].startswith("http://fake/__aleph__/media/")
        assert app.journal.exchanges(OTHER)[0].response_body == response.content

    def test_the_control_api_is_there_too(self) -> None:
        response = self.call(
            create_app(), method="GET", url="http://fake/__aleph__/health", content=b"", headers={}
        )
        assert response.status_code == 200

    def test_a_connection_that_cannot_be_cut_is_an_error_of_the_server(self) -> None:
        headers = {"authorization": "Bearer fault-reset-after", "content-type": "application/json"}
        with pytest.raises(ConnectionResetError):
            self.call(create_app(), headers=headers)

    def test_a_lifespan_is_answered(self) -> None:
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
    def test_impossible_arguments_are_named(self, options: dict[str, Any], named: str) -> None:
        with pytest.raises(ArgumentError, match=named):
            create_app(**options)


def test_a_latency_delays_what_completes_and_nothing_else() -> None:
    with running(latency=0.2) as server:
        account = server.account()
        assert post(account).status_code == 200
        assert post(account, {}).status_code == 400
        slow, quick = account.exchanges
        assert slow.elapsed > 0.19 > quick.elapsed


def test_tokens_that_were_given_let_in_to_any_account_and_no_others() -> None:
    with running(tokens=["sesame"]) as server:
        url = f"{server.base_url}/accounts/{OTHER}/ai/run"
        for token, status in (("sesame", 200), ("other", 401), (server.account().token, 403)):
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            assert HTTP.post(url, content=body(), headers=headers).status_code == status


def test_every_portable_valid_case_is_accepted_and_every_violating_one_refused() -> None:
    with running() as server:
        account = server.account()
        authorization = {"authorization": f"Bearer {account.token}"}
        with httpx.Client(headers=authorization, verify=False) as client:  # noqa: S501
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


def test_a_large_input_is_refused_as_quickly_as_it_is_read() -> None:
    """Naming all that is wrong with it would take minutes."""
    with running() as server:
        account = server.account()
        large = body(INPUT | {"keyframes": [[]] * 400_000})
        assert code(post(account, content=large)) == (400, 7003)
        assert only(account).request_body == large


def test_what_takes_long_does_not_keep_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
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
