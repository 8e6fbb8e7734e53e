"""The lean path answers as the long way does, and leaves to it whatever is not plain."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from calling import CONTRACT, INPUT, body, post
from hypothesis import given

from aleph_contract.cases import cases
from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import MAX_DEPTH
from aleph_contract.strategies import valid_inputs
from fake_server.http.app import App, create_app
from fake_server.runs.fast_path import SHORT, FastPath, KnownCaller
from fake_server.runs.request import Request
from fake_server.server import running

PATH = b"/client/v4/accounts/" + b"a" * 32 + b"/ai/run"
HEADERS = {
    b"host": b"127.0.0.1:8787",
    b"authorization": b"Bearer any-token",
    b"content-type": b"application/json",
    b"content-length": b"100",
}


def long_way(app: App, raw: bytes, headers: dict[bytes, bytes] | None = None) -> Any:
    """The answer of the long way."""
    pairs = list((headers or HEADERS).items())
    request = Request("POST", PATH.decode(), PATH, b"", pairs, ("127.0.0.1", 8787))
    app.runs.start(request)
    request.raw, request.complete = raw, True
    answer = app.runs.respond(request)
    app.runs.record(request, *answer)
    app.runs.end(request)
    return answer


def warm(app: App) -> tuple[FastPath, KnownCaller]:
    """The lean path of an app, and a caller that it knows."""
    long_way(app, body())
    lean = app.runs.lean
    assert lean is not None
    caller = lean.lookup(PATH, list(HEADERS.items()))
    assert caller is not None
    return lean, caller


def short_way(lean: FastPath, caller: KnownCaller, raw: bytes) -> Any:
    """What the lean path answers."""
    return lean.answer(caller, PATH, list(HEADERS.items()), raw, 0.0)


APP = create_app()
LEAN, CALLER = warm(APP)


def assert_same(raw: bytes) -> None:
    """Both ways answer and record the same, ray and time aside."""
    account = CALLER.account
    before = account.bill
    APP.journal.clear(account.id)
    quick = short_way(LEAN, CALLER, raw)
    between = account.bill
    slow = long_way(APP, raw)
    if quick is None:
        assert between == before, "what is left to the long way costs nothing before"
        return
    headers, answered = quick
    assert slow.outcome == "completed"
    assert answered == slow.body
    assert [name for name, _ in headers] == [name for name, _ in slow.headers]
    one, other = APP.journal.exchanges(account.id)
    assert timeless(one) == timeless(other)
    assert one.number + 1 == other.number
    assert account.bill.usd - between.usd == between.usd - before.usd


def timeless(exchange: Exchange) -> Exchange:
    """An exchange without what differs from one to the next."""
    return replace(exchange, response_headers=(), received_at=0.0, elapsed=0.0, number=0)


@given(valid_inputs())
def test_any_valid_input_gets_the_same_answer_and_record(value: Any) -> None:
    assert_same(body(value))


def test_every_case_of_the_catalogue_gets_the_same_answer() -> None:
    quick = 0
    for case in cases(CONTRACT):
        if case.text is not None:
            continue
        raw = body(case.input)
        assert_same(raw)
        quick += short_way(LEAN, CALLER, raw) is not None
    assert quick > 100


@pytest.mark.parametrize("example", CONTRACT.examples, ids=lambda e: e.name)
def test_documented_inputs_take_the_lean_path(example: Any) -> None:
    _, answered = short_way(LEAN, CALLER, body(example.input))
    assert json.loads(answered) == example.reply


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        body({}),
        body(INPUT | {"seed": -1}),
        body(model="other"),
        body(INPUT | {"seed": 2**64}),
        body().replace(b'"input"', b'"inputs"'),
        body().replace(b"{", b'{"more":1,', 1),
        b'{"model":[],"input":{}}',
        body("[" * 200),
        b'{"model":"x","input":' + b"[" * 200 + b"]" * 200 + b"}",
    ],
)
def test_what_does_not_complete_is_left_to_the_long_way(raw: bytes) -> None:
    before = len(APP.journal.exchanges(CALLER.account.id)), CALLER.account.bill
    assert short_way(LEAN, CALLER, raw) is None
    assert (len(APP.journal.exchanges(CALLER.account.id)), CALLER.account.bill) == before


@pytest.mark.parametrize(
    "changes",
    [
        {b"authorization": b"Bearer other"},
        {b"authorization": None},
        {b"host": b"localhost:8787"},
        {b"content-type": b"application/json; charset=utf-8"},
        {b"content-type": None},
        {b"content-length": None},
        {b"content-length": b"x"},
        {b"content-length": b"%d" % (SHORT + 1)},
        {b"content-encoding": b"identity"},
        {b"transfer-encoding": b"chunked"},
        {b"expect": b"100-continue"},
        {b"cf-aig-gateway-id": b"fault-hang"},
        {b"cf-aig-max-attempts": b"9"},
    ],
    ids=str,
)
def test_an_unusual_head_is_left_to_the_long_way(changes: dict[bytes, bytes | None]) -> None:
    headers = [(n, v) for n, v in (HEADERS | changes).items() if v is not None]
    assert LEAN.lookup(PATH, headers) is None


def test_a_repeated_header_is_left_to_the_long_way() -> None:
    assert LEAN.lookup(PATH, [*HEADERS.items(), (b"host", b"127.0.0.1:8787")]) is None


@pytest.mark.parametrize("url", [PATH + b"?a=1", PATH + b"/", b"/run", PATH[:-1] + b"%6e"])
def test_another_url_is_left_to_the_long_way(url: bytes) -> None:
    assert LEAN.lookup(url, list(HEADERS.items())) is None


def test_a_scenario_is_left_to_the_long_way_until_it_is_over() -> None:
    app = create_app()
    lean, caller = warm(app)
    caller.account.scenario = [{"fault": "rate-limited"}]
    assert lean.lookup(PATH, list(HEADERS.items())) is None
    assert short_way(lean, caller, body()) is None, "set while the body arrived"
    assert long_way(app, body()).status == 429
    assert lean.lookup(PATH, list(HEADERS.items())) is not None
    caller.account.scenario = "hang"
    caller.account.scenario = None
    assert lean.lookup(PATH, list(HEADERS.items())) is not None


def test_money_that_lacks_is_left_to_the_long_way() -> None:
    app = create_app(credits="1.68")
    lean, caller = warm(app)
    assert short_way(lean, caller, body()) is None
    assert long_way(app, body()).status == 402


def test_a_forgotten_account_is_a_stranger() -> None:
    app = create_app()
    lean, caller = warm(app)
    app.accounts.remove(caller.account)
    assert lean.lookup(PATH, list(HEADERS.items())) is None


def test_a_query_is_never_familiar() -> None:
    app = create_app()
    request = Request("POST", PATH.decode(), PATH, b"x=1", list(HEADERS.items()), None)
    app.runs.start(request)
    request.raw, request.complete = body(), True
    assert app.runs.respond(request).outcome == "completed"
    assert app.runs.lean is not None
    assert app.runs.lean.lookup(PATH, list(HEADERS.items())) is None


@pytest.mark.parametrize("options", [{"latency": 0.1}, {"max_body": SHORT - 1}, {"sqlite": True}])
def test_a_fake_that_must_wait_has_no_lean_path(options: dict[str, Any], tmp_path: Any) -> None:
    if options.pop("sqlite", False):
        options["journal"] = f"sqlite:{tmp_path / 'journal.db'}"
    app = create_app(**options)
    assert app.runs.lean is None
    app.journal.close()


def test_the_second_run_of_a_client_is_lean(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as server:
        account = server.account()
        first = post(account)
        monkeypatch.setattr(server.app.runs, "respond", None)
        second = post(account)
        assert second.content == first.content
        assert list(second.headers) == list(first.headers)
        assert [e.number for e in account.exchanges] == [1, 2]
        assert account.bill.runs == 2
        assert account.settle(0)


@pytest.mark.parametrize(
    ("text", "lean"),
    [
        (str(2**64 - 1), True),
        (str(2**64), False),
        ("1.5", True),
        ("1e30", False),
        ("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1), True),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_must_be_read_exactly_is_left_to_the_long_way(text: str, lean: bool) -> None:
    """A contract that lets in anything leaves nothing but the reading to tell inputs apart."""
    contract = Contract.from_entry(
        {"model_id": "a/b", "schema_version": "1", "schema": {"input": {}, "output": {}}}
    )
    app = create_app(contract)
    raw = b'{"model":"a/b","input":%b}' % text.encode()
    long_way(app, b'{"model":"a/b","input":1}')
    assert app.runs.lean is not None
    caller = app.runs.lean.lookup(PATH, list(HEADERS.items()))
    assert caller is not None
    quick = short_way(app.runs.lean, caller, raw)
    assert (quick is not None) == lean
    if quick is not None:
        assert quick[1] == long_way(app, raw).body
