"""A head that the fast path parsed before is recognised, byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from calling import INPUT, answers, body, connect, head

from fake_server.http.factory import create_app
from fake_server.runs.fast_path import MAX_HEAD, MAX_HEADS, FastPath, KnownCaller, KnownHead
from fake_server.server import running

PATH = b"/client/v4/accounts/" + b"a" * 32 + b"/ai/run"


REQUEST = (
    b"POST %b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer any-token\r\nContent-Length: %d\r\n"
    b"Content-Type: application/json\r\n\r\n%b"
)


def fresh() -> tuple[FastPath, KnownCaller]:
    """The fast path of a new app, and a caller."""
    app = create_app()
    assert app.runs.fast_path is not None
    return app.runs.fast_path, KnownCaller(app.accounts.get("a" * 32), b"")


def known_heads() -> tuple[FastPath, KnownHead, bytes]:
    """The fast path of an app, a head that it has cached, and the request with that head."""
    fast_path, caller = fresh()
    head = KnownHead(caller, PATH, (), len(body()))
    request = REQUEST % (PATH, len(body()), body())
    fast_path.learn_head(request, head)
    return fast_path, head, request


def test_a_head_that_was_parsed_before_is_recognised() -> None:
    fast_path, head, request = known_heads()
    assert fast_path.recognise(request) == (head, body())
    other = request[: -len(body())] + b"x" * len(body())
    assert fast_path.recognise(other) == (head, b"x" * len(body()))


@pytest.mark.parametrize(
    "edit",
    [
        lambda request: request[:-1],
        lambda request: request + b"x",
        lambda request: request + request,
        lambda request: request[:20],
        lambda request: b"\r\n" + request,
        lambda request: request.replace(b"Host: a", b"Host: b"),
        lambda request: request.replace(b"Host: a", b"host: a"),
        lambda request: request.replace(b"\r\n\r\n", b"\r\nX: 1\r\n\r\n"),
    ],
)
def test_another_request_is_parsed(edit: Callable[[bytes], bytes]) -> None:
    fast_path, _, request = known_heads()
    assert fast_path.recognise(edit(request)) is None


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST % (PATH, len(body()), body()[:-1]),
        REQUEST % (PATH, len(body()), body() * 2),
        (REQUEST % (PATH, len(body()), body())).replace(b"Host: a", b"Host: " + b"a" * MAX_HEAD),
    ],
)
def test_a_head_that_is_long_or_not_alone_with_its_body_is_not_kept(request_: bytes) -> None:
    fast_path, caller = fresh()
    fast_path.learn_head(request_, KnownHead(caller, PATH, (), len(body())))
    assert not fast_path._heads


def test_the_number_of_known_heads_is_bounded() -> None:
    fast_path, head, request = known_heads()
    for number in range(MAX_HEADS):
        fast_path.learn_head(request.replace(b"Host: a", b"Host: %d" % number), head)
    assert len(fast_path._heads) <= MAX_HEADS
    assert fast_path.recognise(request) is None


def test_repeated_requests_of_one_connection_are_answered_alike() -> None:
    """Whole, in pieces, two at once, and refused."""
    with running() as server, connect(server) as connection:
        account = server.account()
        raw, refused = body(), body(INPUT | {"seed": -1})
        whole, bad = head(account, len(raw)) + raw, head(account, len(refused)) + refused
        sent = [whole, whole, bad, bad, whole[:30], whole[30:], whole + bad, whole, bad]
        found = []
        for piece in sent:
            connection.sendall(piece)
            count = piece.count(b'"model"')
            data = b""
            while data.count(b"\r\n\r\n") < count or len(answers(data)) < count:
                data += connection.recv(65536)
            found += answers(data)
        assert [status for status, _ in found] == [200, 200, 400, 400, 200, 200, 400, 200, 400]
        assert len(set(found)) == 2, "equal requests have equal answers"
        assert [(e.status, e.response_body) for e in account.exchanges] == found
        kept = {e.request_headers for e in account.exchanges}
        assert len(kept) == 2
        assert account.bill.runs == 5
