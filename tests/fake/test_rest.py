"""The REST surface: right responses, in the service's order of checks, on both paths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from calling import CONTRACT, HTTP, INPUT, body, code, message, only, post

from aleph_contract.core.jsonvalue import loads
from fake_server.account_handle import AccountHandle
from fake_server.server import Server, running

OTHER = "f" * 32


@pytest.fixture(scope="module", params=["fast path", "ASGI"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with the fast path, and one without."""
    with running() as started:
        if request.param != "fast path":
            started.app.runs.fast_path = None
        yield started


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

    def test_a_number_written_without_its_fraction_gets_the_documented_reply(
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

    def test_the_video_is_served_at_the_host_of_the_call(self, account: AccountHandle) -> None:
        video = post(account).json()["result"]["video"]
        assert video.startswith(account.base_url.removesuffix("client/v4"))
        played = HTTP.get(video)
        assert played.status_code == 200
        assert played.headers["content-type"] == "video/mp4"

    def test_an_invalid_host_does_not_appear_in_a_url(self, account: AccountHandle) -> None:
        response = post(account, headers={"host": 'x"/><script>'})
        assert "script" not in response.text
        assert response.json()["result"]["video"].startswith("http://127.0.0.1:")


class TestRefusals:
    """Refusals for route, authentication, model and input."""

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

    def test_the_scheme_is_case_insensitive(self, account: AccountHandle) -> None:
        response = post(account, headers={"authorization": f"bearer {account.token}"})
        assert response.status_code == 200

    def test_an_account_that_was_not_created_accepts_any_token(self, server: Server) -> None:
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
        assert code(response) == (400, 7003)
        first, second = response.json()["errors"]
        assert first["message"].startswith("Could not route to /client/v4/accounts/")
        assert second == {"code": 7000, "message": "No route for that URI"}
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

    def test_the_checks_have_the_services_order(self, account: AccountHandle) -> None:
        """Route, authentication, form, model, input (observed)."""
        url = f"{account.base_url}/accounts/{account.id}/ai/run"
        bad_input = json.dumps({"model": "other", "input": {}}).encode()
        assert code(HTTP.post(url + "/x", content=b"{")) == (400, 7003)
        assert code(post(account, content=b"{", token="wrong")) == (401, 10000)
        assert code(post(account, content=b"{")) == (400, 7002)
        assert code(post(account, content=bad_input)) == (404, 7003)


class TestForm:
    """Malformed HTTP or JSON gets a 4xx in the service's error body."""

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
    def test_a_body_that_is_not_json_is_refused_and_recorded(
        self, account: AccountHandle, text: bytes
    ) -> None:
        response = post(account, content=text)
        assert code(response) == (400, 7002)
        assert message(response).startswith("Could not parse the request body as JSON: line ")
        assert only(account).request_body == text
        assert only(account).outcome == "malformed"

    @pytest.mark.parametrize("text", [b"1", b"null", b"[]", b'"x"', b"true", b"1.5"])
    def test_a_json_body_that_is_not_an_object_is_refused(
        self, account: AccountHandle, text: bytes
    ) -> None:
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
    def test_other_forms_of_the_json_content_type_are_accepted(
        self, account: AccountHandle, content_type: str
    ) -> None:
        assert post(account, headers={"content-type": content_type}).status_code == 200

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
    def test_a_compressed_body(self, account: AccountHandle, encoding: str) -> None:
        assert code(post(account, headers={"content-encoding": encoding})) == (415, 7002)

    def test_the_content_encoding_identity_is_accepted(self, account: AccountHandle) -> None:
        assert post(account, headers={"content-encoding": "identity"}).status_code == 200

    def test_an_oversize_body_is_not_read_to_its_end(self) -> None:
        with running(max_body=1000) as server:
            account = server.account()
            response = post(account, content=b"x" * 100_000)
            assert code(response) == (413, 7002)
            assert message(response) == "Request body is larger than 1000 bytes"
            exchange = only(account)
            assert not exchange.request_complete
            assert 1000 < len(exchange.request_body) < 100_000

    def test_a_body_of_exactly_the_limit_is_accepted(self) -> None:
        with running(max_body=len(body())) as server:
            account = server.account()
            assert post(account).status_code == 200
            assert code(post(account, content=body() + b" ")) == (413, 7002)

    def test_a_large_body_is_recorded_whole(self, account: AccountHandle) -> None:
        uri = "data:video/mp4;base64," + "A" * 1_000_000
        assert post(account, INPUT | {"video_uri": uri}).status_code == 200
        assert loads(only(account).request_body)["input"]["video_uri"] == uri
