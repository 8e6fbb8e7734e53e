"""The record of a request: everything that arrived, and no secret."""

from __future__ import annotations

import pytest
from calling import CONTRACT

from aleph_contract.core.exchange import Exchange
from fake_server.http.app import create_app
from fake_server.runs.request import SECRET_HEADERS, SECRET_LENGTH, Request, is_secret
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
) -> Exchange:
    """The exchange of a request with these headers."""
    pairs = [(b"authorization", f"Bearer {token}".encode())]
    pairs += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    request = Request("POST", PATH, PATH.encode(), query, pairs, None)
    request.door = Rest(CONTRACT, Accounts())
    request.door.admit(request)
    request.raw = raw
    request.finish(200, ((b"content-type", b"application/json"),), b"{}", "completed")
    return request.exchange()


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS - {b"authorization"}))
def test_headers_that_hold_secrets_are_hidden_whatever_they_hold(name: bytes) -> None:
    headers = dict(record({name.decode(): "swordfish"}).request_headers)
    assert headers[name.decode()] == "REDACTED"
    assert headers["authorization"] == "Bearer REDACTED"


def test_the_token_is_hidden_wherever_it_stands() -> None:
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
def test_it_is_told_where_the_token_must_not_stand(query: bytes, raw: bytes, leaked: bool) -> None:
    assert record(query=query, raw=raw).token_leaked == leaked


@pytest.mark.parametrize("token", ["x", "test", "fault-rate-limited-retry-after"])
def test_a_token_that_is_no_secret_is_not_looked_for(token: str) -> None:
    exchange = record(token=token, raw=f'{{"prompt":"{token}"}}'.encode())
    assert token.encode() in exchange.request_body
    assert not exchange.token_leaked


def test_what_is_long_enough_is_a_secret() -> None:
    assert is_secret(b"x" * SECRET_LENGTH)
    assert not is_secret(b"x" * (SECRET_LENGTH - 1))


def test_bytes_come_through_as_they_are() -> None:
    exchange = record({"x-note": "é"}, raw=bytes(range(256)))
    assert exchange.request_body == bytes(range(256))
    assert dict(exchange.request_headers)["x-note"].encode("latin-1") == "é".encode()


def test_the_host_is_the_headers() -> None:
    assert record({"host": "fake:8787"}).host == "fake:8787"
    assert record().host == ""


def test_a_record_keeps_no_more_than_the_exchange_needs() -> None:
    """A refusal holds its traceback, and that every frame with the whole request."""
    app = create_app()
    request = Request("GET", PATH, PATH.encode(), b"", [], None)
    app.runs.start(request)
    assert request.refused
    app.runs.record(request, *app.runs.respond(request))
    kept = [getattr(request, name) for name in ("refused", "value", "known")]
    assert not any(kept)
