"""The fast path gives the answers of the full path, and leaves every unusual request to it."""

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
from fake_server.http.app import App
from fake_server.http.factory import create_app
from fake_server.runs.decision import Answer
from fake_server.runs.fast_path import (
    MAX_FAST_BODY,
    FastPath,
    KnownCaller,
    KnownHead,
)
from fake_server.runs.request import ReceivedRequest, RequestHead
from fake_server.server import running

PATH = b"/client/v4/accounts/" + b"a" * 32 + b"/ai/run"
HEADERS = {
    b"host": b"127.0.0.1:8790",
    b"authorization": b"Bearer any-token",
    b"content-type": b"application/json",
    b"content-length": b"100",
}


def full_path(app: App, raw: bytes, query: bytes = b"") -> Answer:
    """The answer of the full path."""
    server = "127.0.0.1", 8790
    head = RequestHead.now("POST", PATH.decode(), PATH, query, [*HEADERS.items()], server)
    admission = app.runs.start(head)
    run = app.runs.respond(ReceivedRequest(head, raw, complete=True), admission)
    run.record(*run.answer)
    app.runs.end(admission.account)
    return run.answer


def warm(app: App) -> tuple[FastPath, KnownCaller]:
    """The fast path of an app, and a caller that it has cached."""
    full_path(app, body())
    fast_path = app.runs.fast_path
    assert fast_path is not None
    caller = fast_path.lookup(PATH, list(HEADERS.items()))
    assert caller is not None
    return fast_path, caller


def fast_answer(fast_path: FastPath, caller: KnownCaller, raw: bytes) -> Any:
    """Status, headers and body of the fast path, or `None`."""
    answer = fast_path.answer(KnownHead(caller, PATH, tuple(HEADERS.items()), 0), raw, 0.0)
    if answer is None:
        return None
    lines, _, answered = answer[1].partition(b"\r\n\r\n")
    return answer[0], tuple(line.split(b": ", 1) for line in lines.split(b"\r\n")), answered


APP = create_app()
FAST_PATH, CALLER = warm(APP)


def assert_same(raw: bytes) -> None:
    """Both paths answer and record the same, except for ray and time."""
    account = CALLER.account
    before = account.bill
    APP.journal.clear(account.id)
    quick = fast_answer(FAST_PATH, CALLER, raw)
    between = account.bill
    slow = full_path(APP, raw)
    if quick is None:
        assert between == before, "a run that is left to the full path is billed once"
        return
    status, headers, answered = quick
    assert slow.outcome in {"completed", "invalid"}
    assert (status, answered) == (slow.status, slow.body)
    assert [name for name, _ in headers] == [name for name, _ in slow.headers]
    one, other = APP.journal.exchanges(account.id)
    assert one.response_headers == tuple((a.decode(), b.decode()) for a, b in headers)
    assert timeless(one) == timeless(other)
    assert one.number + 1 == other.number
    assert account.bill.usd - between.usd == between.usd - before.usd


def timeless(exchange: Exchange) -> Exchange:
    """An exchange without the fields that differ between two of the same request."""
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
        quick += fast_answer(FAST_PATH, CALLER, raw) is not None
    assert quick > 100


@pytest.mark.parametrize(
    "value",
    [
        {},
        5,
        "[" * 200,
        INPUT | {"seed": -1},
        INPUT | {"seed": 2**64},
        INPUT | {"seed": -(10**3000)},
        INPUT | {"keyframes": [0] * 9000},
    ],
    ids=lambda value: repr(value)[:80],
)
def test_an_input_is_refused_on_the_fast_path(value: Any) -> None:
    status, _, _ = fast_answer(FAST_PATH, CALLER, body(value))
    assert status == 400
    assert_same(body(value))


@pytest.mark.parametrize("example", CONTRACT.examples, ids=lambda e: e.name)
def test_documented_inputs_take_the_fast_path(example: Any) -> None:
    _, _, answered = fast_answer(FAST_PATH, CALLER, body(example.input))
    assert json.loads(answered) == example.reply


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        body(model="other"),
        body(INPUT | {"duration": 2**64}),
        body(INPUT | {"seed": 10**4100}),
        body().replace(b'"input"', b'"inputs"'),
        body().replace(b"{", b'{"more":1,', 1),
        b'{"model":[],"input":{}}',
        b'{"model":"x","input":' + b"[" * 200 + b"]" * 200 + b"}",
    ],
)
def test_an_unusual_body_takes_the_full_path(raw: bytes) -> None:
    before = len(APP.journal.exchanges(CALLER.account.id)), CALLER.account.bill
    assert fast_answer(FAST_PATH, CALLER, raw) is None
    assert (len(APP.journal.exchanges(CALLER.account.id)), CALLER.account.bill) == before


@pytest.mark.parametrize(
    "changes",
    [
        {b"authorization": b"Bearer other"},
        {b"authorization": None},
        {b"host": b"localhost:8790"},
        {b"content-type": b"application/json; charset=utf-8"},
        {b"content-type": None},
        {b"content-length": None},
        {b"content-length": b"x"},
        {b"content-length": b"%d" % (MAX_FAST_BODY + 1)},
        {b"content-encoding": b"identity"},
        {b"transfer-encoding": b"chunked"},
        {b"expect": b"100-continue"},
        {b"cf-aig-gateway-id": b"fault-hang"},
        {b"cf-aig-max-attempts": b"9"},
    ],
    ids=str,
)
def test_an_unusual_head_takes_the_full_path(changes: dict[bytes, bytes | None]) -> None:
    headers = [(n, v) for n, v in (HEADERS | changes).items() if v is not None]
    assert FAST_PATH.lookup(PATH, headers) is None


def test_a_repeated_header_takes_the_full_path() -> None:
    assert FAST_PATH.lookup(PATH, [*HEADERS.items(), (b"host", b"127.0.0.1:8790")]) is None


@pytest.mark.parametrize("url", [PATH + b"?a=1", PATH + b"/", b"/run", PATH[:-1] + b"%6e"])
def test_another_url_takes_the_full_path(url: bytes) -> None:
    assert FAST_PATH.lookup(url, list(HEADERS.items())) is None


def test_a_scenario_takes_the_full_path_until_its_last_step() -> None:
    app = create_app()
    fast_path, caller = warm(app)
    caller.account.scenario = [{"fault": "rate-limited"}]
    assert fast_path.lookup(PATH, list(HEADERS.items())) is None
    assert fast_answer(fast_path, caller, body()) is None, (
        "the scenario was set while the body arrived"
    )
    assert full_path(app, body()).status == 429
    assert fast_path.lookup(PATH, list(HEADERS.items())) is not None
    caller.account.scenario = "hang"
    caller.account.scenario = None
    assert fast_path.lookup(PATH, list(HEADERS.items())) is not None


def test_a_run_above_the_credits_takes_the_full_path() -> None:
    app = create_app(credits="1.68")
    fast_path, caller = warm(app)
    assert fast_answer(fast_path, caller, body()) is None
    assert full_path(app, body()).status == 402


def test_a_removed_account_takes_the_full_path() -> None:
    app = create_app()
    fast_path, caller = warm(app)
    app.accounts.remove(caller.account)
    assert fast_path.lookup(PATH, list(HEADERS.items())) is None


def test_a_target_with_a_query_is_not_cached() -> None:
    app = create_app()
    assert full_path(app, body(), b"x=1").outcome == "completed"
    assert app.runs.fast_path is not None
    assert app.runs.fast_path.lookup(PATH, list(HEADERS.items())) is None


@pytest.mark.parametrize(
    "options", [{"latency": 0.1}, {"max_body": MAX_FAST_BODY - 1}, {"sqlite": True}]
)
def test_a_fake_whose_responses_must_wait_has_no_fast_path(
    options: dict[str, Any], tmp_path: Any
) -> None:
    if options.pop("sqlite", False):
        options["journal"] = f"sqlite:{tmp_path / 'journal.db'}"
    app = create_app(**options)
    assert app.runs.fast_path is None
    app.journal.close()


def test_the_second_run_of_a_client_takes_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_after_an_internal_error_the_full_path_answers_and_records(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    with running() as server:
        account = server.account()
        post(account)
        monkeypatch.setattr("fake_server.runs.fast_path.first_violation", fail)
        assert post(account, INPUT | {"seed": -1}).status_code == 400
        monkeypatch.setattr("fake_server.runs.responder.first_violation", fail)
        assert post(account, INPUT | {"seed": -1}).status_code == 500
        assert [exchange.status for exchange in account.exchanges] == [200, 400, 500]
    assert "internal error on the fast path" in caplog.text


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        (str(2**64 - 1), True),
        (str(2**64), False),
        ("1.5", True),
        ("1e30", False),
        ("1e400", False),
        ("1.0e2", True),
        (f"[1.{'0' * 100}, 1.{'0' * 99}1]", True),
        ('"\\ud800"', False),
        ("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1), True),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, False),
        ("[" * 2000 + "]" * 2000, False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_beyond_the_fast_parser_takes_the_full_path(text: str, fast: bool) -> None:
    """With a schema that accepts every input, only the parser decides."""
    contract = Contract.from_entry(
        {
            "model_id": "a/b",
            "schema": {"input": {}, "output": {}},
            "pricing": {"Default (per second)": 1},
        }
    )
    app = create_app(contract)
    raw = b'{"model":"a/b","input":%b}' % text.encode()
    full_path(app, b'{"model":"a/b","input":1}')
    assert app.runs.fast_path is not None
    caller = app.runs.fast_path.lookup(PATH, list(HEADERS.items()))
    assert caller is not None
    quick = fast_answer(app.runs.fast_path, caller, raw)
    assert (quick is not None) == fast
    if quick is not None:
        assert quick[2] == full_path(app, raw).body
