"""The exchange of a request holds all that arrived, without secrets."""

from __future__ import annotations

import gc
from base64 import b64encode
from typing import Any

import pytest

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.body_start import LARGE_BODY
from aleph_contract.core.exchange import Exchange
from fake_server.http.factory import create_app
from fake_server.replies.failures import Refused
from fake_server.runs.decision import Applied, finish
from fake_server.runs.models import Models
from fake_server.runs.request import (
    SECRET_HEADERS,
    SECRET_LENGTH,
    ReceivedRequest,
    RequestHead,
    is_secret,
)
from fake_server.runs.rest import Rest
from fake_server.state.accounts import Accounts

TOKEN = "secret-token-of-forty-characters-or-more"
PATH = "/client/v4/accounts/" + "a" * 32 + "/ai/run"


def record(
    headers: dict[str, str] | None = None,
    *,
    query: bytes = b"",
    raw: bytes = b"",
    token: str = TOKEN,
    authorization: str | None = "Bearer {token}",
) -> Exchange:
    """The exchange of a request with these headers."""
    pairs = []
    if authorization is not None:
        pairs.append((b"authorization", authorization.format(token=token).encode()))
    pairs += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    head = RequestHead.now("POST", PATH, PATH.encode(), query, pairs, None)
    admission = Rest(Models(ContractSet.of()), Accounts()).admit(head)
    request = ReceivedRequest(head, raw, complete=True)
    sent = (200, ((b"content-type", b"application/json"),), b"{}", "completed")
    return finish(request, admission, Applied(admission.account), 1, sent).exchange()


@pytest.mark.parametrize(
    "query",
    [f"token={TOKEN}", f"a=b&API_KEY={TOKEN}&c", f"auth-token={TOKEN}#x", f"//u:{TOKEN}@host/",
     f"//{TOKEN}@host/"],
)  # fmt: skip
def test_a_token_in_a_url_is_hidden_by_its_place(query: str) -> None:
    assert TOKEN not in repr(record(query=query.encode(), authorization=None))


@pytest.mark.parametrize(
    "authorization",
    ["{token}", "Bearer:{token}", "Bearer {token},", 'Token token="{token}", a=1', "key={token}",
     f"Basic {b64encode(f'user:{TOKEN}'.encode()).decode()}",
     f"basic {b64encode(f'{TOKEN}:'.encode()).decode()}"],
)  # fmt: skip
def test_the_token_of_a_malformed_header_is_hidden_everywhere(authorization: str) -> None:
    exchange = record(raw=f"p {TOKEN}".encode(), authorization=authorization)
    assert exchange.request_body == b"p REDACTED"
    assert exchange.token_leaked


def test_a_password_that_a_client_leaves_in_the_host_is_hidden() -> None:
    exchange = record({"host": f"user:{TOKEN}@127.0.0.1:80"}, authorization=None)
    assert exchange.host == "user:REDACTED@127.0.0.1:80"


def test_a_malformed_basic_header_is_hidden() -> None:
    assert "!!!" not in repr(record(authorization="Basic !!!"))


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS - {b"authorization"}))
def test_the_value_of_a_secret_header_is_hidden(name: bytes) -> None:
    headers = dict(record({name.decode(): "swordfish"}).request_headers)
    assert headers[name.decode()] == "REDACTED"
    assert headers["authorization"] == "Bearer REDACTED"


def test_the_token_is_hidden_in_target_headers_and_body() -> None:
    exchange = record({"referer": f"http://x/{TOKEN}"}, query=f"t={TOKEN}".encode(),
                      raw=b"a" + TOKEN.encode() + b"b")  # fmt: skip
    assert TOKEN not in repr(exchange)
    assert exchange.target == f"{PATH}?t=REDACTED"
    assert exchange.request_body == b"aREDACTEDb"
    assert ("referer", "http://x/REDACTED") in exchange.request_headers


@pytest.mark.parametrize(
    ("query", "raw", "leaked"),
    [(b"", b"", False), (TOKEN.encode(), b"", True), (b"", TOKEN.encode(), True)],
)
def test_a_token_in_target_or_body_is_marked_as_leaked(
    query: bytes, raw: bytes, leaked: bool
) -> None:
    assert record(query=query, raw=raw).token_leaked == leaked


def test_a_token_in_a_large_body_is_hidden_and_leaked() -> None:
    padding = b"x" * LARGE_BODY
    exchange = record(raw=padding + TOKEN.encode() + padding)
    assert exchange.request_body == padding + b"REDACTED" + padding
    assert exchange.token_leaked


def test_a_token_in_hexadecimal_digits_in_a_large_body_is_hidden() -> None:
    padding = b"x" * LARGE_BODY
    exchange = record(raw=padding + TOKEN.encode().hex().encode())
    assert exchange.request_body == padding + b"REDACTED"
    assert not exchange.token_leaked


@pytest.mark.parametrize(
    ("header", "leaked"),
    [
        ("user-agent", True),
        ("x-auth-key", True),
        ("content-disposition", True),
        ("cf-aig-authorization", False),
        ("proxy-authorization", False),
    ],
)
def test_a_token_in_another_header_is_marked_as_leaked(header: str, leaked: bool) -> None:
    assert record({header: f"a {TOKEN}"}).token_leaked == leaked


@pytest.mark.parametrize("token", ["x", "test", "fault-rate-limited-retry-after"])
def test_a_token_that_is_not_a_secret_is_not_hidden(token: str) -> None:
    exchange = record(token=token, raw=f'{{"prompt":"{token}"}}'.encode())
    assert token.encode() in exchange.request_body
    assert not exchange.token_leaked


def test_a_token_of_sixteen_bytes_is_a_secret() -> None:
    assert is_secret(b"x" * SECRET_LENGTH)
    assert not is_secret(b"x" * (SECRET_LENGTH - 1))


def test_body_and_headers_keep_their_bytes() -> None:
    exchange = record({"x-note": "é"}, raw=bytes(range(256)))
    assert exchange.request_body == bytes(range(256))
    assert dict(exchange.request_headers)["x-note"].encode("latin-1") == "é".encode()


def test_a_token_in_the_name_of_a_header_is_hidden_and_leaked() -> None:
    exchange = record({TOKEN.lower(): "x", "host": f"{TOKEN}:80"})
    assert TOKEN.lower() not in repr(exchange).lower()
    assert ("REDACTED", "x") in exchange.request_headers
    assert exchange.host == "REDACTED:80"
    assert exchange.token_leaked


def test_no_log_names_a_token_that_is_sent_as_the_model(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Refused):
        Models(ContractSet.of()).find(TOKEN)
    assert "no model 'REDACTED' was found" in caplog.text
    assert TOKEN not in caplog.text


def test_the_host_is_that_of_the_header() -> None:
    assert record({"host": "fake:8790"}).host == "fake:8790"
    assert record().host == ""


def test_a_pending_record_keeps_no_refusal_and_no_headers_by_name() -> None:
    """A refusal keeps its traceback alive, and with it every frame."""
    app = create_app()
    records: list[Any] = []
    app.journal.watch(records.append)
    head = RequestHead.now("POST", PATH, PATH.encode(), b"", [], None)
    admission = app.runs.start(head)
    assert admission.refused is not None
    run = app.runs.respond(ReceivedRequest(head, b"{}", complete=True), admission)
    run.record(*run.answer)
    (record,) = records
    reachable, new = {id(record)}, gc.get_referents(record)
    while new:
        found = {id(one): one for one in new if isinstance(one, (tuple, dict))}
        assert not [one for one in new if one is head.by_name or isinstance(one, Refused)]
        new = [
            x for key, one in found.items() if key not in reachable for x in gc.get_referents(one)
        ]
        reachable |= found.keys()
