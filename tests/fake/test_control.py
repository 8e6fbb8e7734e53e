"""The control API: journals, scenarios, bills and verdicts, over HTTP and in the open."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partialmethod
from typing import Any

import httpx
import pytest

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from fake_server.control import event_stream, schemas
from fake_server.control.dependencies import MAX_BODY
from fake_server.http.app import App, create_app
from fake_server.http.control_app import create_control
from fake_server.replies import faults
from fake_server.replies.failures import OUTCOMES
from fake_server.server import running

ID = "0123456789abcdef0123456789abcdef"
API = "/__aleph__"
OURS = f"{API}/accounts/{ID}"


@pytest.fixture
def app() -> App:
    """A fake."""
    return create_app()


class Client:
    """A client of a control API in the same process."""

    def __init__(self, api: Any, base_url: str = "http://testserver") -> None:
        self._transport = httpx.ASGITransport(api)
        self._base_url = base_url

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Make one call, in an event loop of its own."""

        async def call() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url=self._base_url, follow_redirects=True
            ) as client:
                return await client.request(method, url, **options)

        return asyncio.run(call())

    get = partialmethod(request, "GET")
    post = partialmethod(request, "POST")
    put = partialmethod(request, "PUT")
    delete = partialmethod(request, "DELETE")


@pytest.fixture
def client(app: App) -> Client:
    """A client of its control API."""
    return Client(create_control(app))


def exchange(number: int = 1, **values: Any) -> Exchange:
    """An exchange as the fake records it."""
    made = Exchange(
        number=number,
        account=ID,
        surface="rest",
        method="POST",
        target=f"/client/v4/accounts/{ID}/ai/run",
        request_headers=(("host", "localhost"), ("authorization", "Bearer REDACTED")),
        request_body=b'{"model":"runwayml/aleph-2","input":{}}',
        request_complete=True,
        credential="accepted",
        status=400,
        response_headers=(("content-type", "application/json"),),
        response_body="naïve \U0001f3ac".encode(),
        outcome="invalid",
        received_at=1.5,
        elapsed=0.25,
        host="localhost",
    )
    return replace(made, **values)


def put(app: App, **values: Any) -> None:
    """Append an exchange to the journal."""
    number = app.journal.arrive(values.get("account", ID))
    made = exchange(number, **values)
    app.journal.append(made.account, number, made, 1000)


def numbers(response: httpx.Response) -> list[int]:
    """The numbers of the exchanges in an answer."""
    assert response.status_code == 200, response.text
    return [shown["number"] for shown in response.json()["exchanges"]]


def test_health_tells_what_is_played(client: Client) -> None:
    shown = client.get(f"{API}/health").json()
    assert shown["status"] == "ok"
    assert shown["model"] == Contract.load().model
    assert shown["profile"] == "documented"


def test_the_contract_is_an_entry_that_loads_again(client: Client) -> None:
    shipped = Contract.load()
    again = Contract.from_entry(client.get(f"{API}/contract").json(), source="the fake")
    assert (again.model, again.version) == (shipped.model, shipped.version)
    assert again.input_schema == shipped.input_schema
    assert again.output_schema == shipped.output_schema
    assert again.examples == shipped.examples
    assert again.price_per_second == shipped.price_per_second


def test_every_fault_is_listed(client: Client) -> None:
    shown = client.get(f"{API}/faults").json()
    assert [fault["name"] for fault in shown] == list(faults.FAULTS)


# --- accounts


def test_a_fresh_account_has_its_own_id_and_token(client: Client, app: App) -> None:
    one, two = (client.post(f"{API}/accounts").json() for _ in range(2))
    assert one["id"] != two["id"]
    assert one["token"] != two["token"]
    assert one["env"] == {
        "CLOUDFLARE_BASE_URL": "http://testserver/client/v4",
        "CLOUDFLARE_ACCOUNT_ID": one["id"],
        "CLOUDFLARE_API_TOKEN": one["token"],
    }
    assert app.accounts.get(one["id"]).token == one["token"]


def test_an_account_is_made_as_asked(client: Client, app: App) -> None:
    asked = {"profile": "live", "credits": 1.68, "spend_limit": "5"}
    response = client.post(f"{API}/accounts", json=asked)
    assert response.status_code == 201
    account = app.accounts.get(response.json()["id"])
    assert (account.profile, account.credits) == ("live", Decimal("1.68"))
    assert account.spend_limit is not None
    assert account.spend_limit.usd == 5


def test_a_form_declared_by_curl_is_read_as_json(client: Client) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = client.post(f"{API}/accounts", content='{"profile":"live"}', headers=headers)
    assert response.json()["profile"] == "live"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", 400, "line 1"),
        (b"\xff", 400, "UTF-8"),
        (b"[]", 422, "body: "),
        (b'{"credit":1}', 422, "credit"),
        (b'{"credits":-1}', 422, "credits"),
        (b'{"credits":"much"}', 422, "credits"),
        (b'{"profile":"real"}', 422, "documented or live"),
        (b" " * (MAX_BODY + 1), 413, "larger than"),
    ],
)
def test_an_account_that_cannot_be_made_is_refused(
    client: Client, body: bytes, status: int, told: str
) -> None:
    response = client.post(f"{API}/accounts", content=body)
    assert response.status_code == status
    assert told in response.json()["detail"]


@pytest.mark.parametrize("account", ["x", ID[1:], ID.upper(), f"{ID}0", "%2e%2e"])
@pytest.mark.parametrize("what", ["exchanges", "scenario", "bill", "verdict"])
def test_a_malformed_account_is_not_found(client: Client, account: str, what: str) -> None:
    assert client.get(f"{API}/accounts/{account}/{what}").status_code == 404


def test_accounts_with_exchanges_are_listed(client: Client, app: App) -> None:
    put(app)
    put(app)
    put(app, account="")
    assert client.get(f"{API}/accounts").json() == [
        {"id": ID, "total": 2, "dropped": 0},
        {"id": "nobody", "total": 1, "dropped": 0},
    ]
    assert numbers(client.get(f"{API}/accounts/nobody/exchanges")) == [1]


# --- exchanges


def test_an_exchange_is_shown_whole(client: Client, app: App) -> None:
    put(app, billed=True, billed_seconds=Decimal("1E+1"), cost=Decimal("3.360"), fault="drip")
    document = client.get(f"{OURS}/exchanges").json()
    schemas.ExchangesModel.model_validate(document)
    (shown,) = document["exchanges"]
    assert shown["request_headers"] == [["host", "localhost"], ["authorization", "Bearer REDACTED"]]
    assert shown["response_body"]["text"] == "naïve \U0001f3ac"
    assert (shown["billed_seconds"], shown["cost_usd"]) == ("10", "3.360")
    assert (shown["fault"], shown["received_at"], shown["seconds"]) == ("drip", 1.5, 0.25)


def test_bodies_are_exact_even_where_they_are_no_text(client: Client, app: App) -> None:
    raw = bytes(range(256))
    put(app, request_body=raw)
    (shown,) = client.get(f"{OURS}/exchanges").json()["exchanges"]
    assert shown["request_body"]["text"] is None
    assert base64.b64decode(shown["request_body"]["base64"]) == raw


def test_a_long_journal_is_one_document(client: Client, app: App) -> None:
    for _ in range(100):
        put(app)
    document = client.get(f"{OURS}/exchanges").json()
    assert numbers(client.get(f"{OURS}/exchanges")) == list(range(1, 101))
    assert (document["total"], document["dropped"], document["timed_out"]) == (100, 0, False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("outcome=completed", [2]),
        ("status=400", [1, 3]),
        ("fault=drip", [2]),
        ("text=golden", [3]),
        ("since=1", [2, 3]),
        ("before=3", [1, 2]),
        ("limit=1", [3]),
        ("status=400&limit=1", [3]),
    ],
)
def test_exchanges_are_filtered(client: Client, app: App, query: str, found: list[int]) -> None:
    put(app)
    put(app, outcome="completed", status=200, fault="drip")
    put(app, request_body=b"golden")
    assert numbers(client.get(f"{OURS}/exchanges?{query}")) == found


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("outcome=complete", "completed"),
        ("fault=driip", "drip"),
        ("status=ok", "status"),
        ("since=-1", "since"),
        (f"since={2**64}", "since"),
        ("limit=1e3", "limit"),
        ("timeout=301", "timeout"),
        ("timeout=nan", "timeout"),
        ("wait_for=-1", "wait_for"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(client: Client, query: str, told: str) -> None:
    response = client.get(f"{OURS}/exchanges?{query}")
    assert response.status_code == 422
    assert told in response.json()["detail"]


def test_waiting_returns_once_the_exchanges_are_there(client: Client, app: App) -> None:
    later = threading.Timer(0.05, put, [app])
    later.start()
    response = client.get(f"{OURS}/exchanges?wait_for=1&timeout=20")
    later.join()
    assert numbers(response) == [1]
    assert response.json()["timed_out"] is False


def test_waiting_in_vain_says_so_and_shows_what_there_is(client: Client, app: App) -> None:
    put(app)
    response = client.get(f"{OURS}/exchanges?wait_for=2&timeout=0.01")
    assert numbers(response) == [1]
    assert response.json()["timed_out"] is True
    assert client.get(f"{OURS}/exchanges?wait_for=1&timeout=0&status=500").json()["timed_out"]


def test_exchanges_are_forgotten_when_asked(client: Client, app: App) -> None:
    put(app)
    assert client.delete(f"{OURS}/exchanges").status_code == 204
    assert numbers(client.get(f"{OURS}/exchanges")) == []


# --- scenarios


def test_a_scenario_is_set_shown_and_ended(client: Client, app: App) -> None:
    steps: list[dict[str, Any]] = [
        {"fault": "rate-limited", "times": 2, "retry_after": 3},
        {"fault": None},
        {"fault": "drip", "delay": 0.5, "times": None},
    ]
    answered = client.put(f"{OURS}/scenario", json=steps).json()
    assert [step["fault"] for step in answered["steps"]] == ["rate-limited", None, "drip"]
    assert answered["steps"][0] == steps[0] | {"delay": None}
    assert client.get(f"{OURS}/scenario").json() == answered
    assert [step.times for step in app.accounts.get(ID).scenario] == [2, 1, None]
    assert client.delete(f"{OURS}/scenario").status_code == 204
    assert client.get(f"{OURS}/scenario").json()["steps"] == []


def test_one_fault_for_all_runs_and_none(client: Client) -> None:
    (step,) = client.put(f"{OURS}/scenario", json="hang").json()["steps"]
    assert (step["fault"], step["times"]) == ("hang", None)
    assert client.put(f"{OURS}/scenario", content=b"null").json()["steps"] == []


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ('[{"fault":"rate-limit"}]', 422, "did you mean rate-limited"),
        ('[{"fault":"nonsense"}]', 422, ", ".join(faults.FAULTS)),
        ('[{"fault":1}]', 422, "name"),
        ('[{"fault":"hang","times":0}]', 422, "times"),
        ('[{"fault":"hang","times":1.5}]', 422, "times"),
        ('[{"fault":"hang","delay":-1}]', 422, "delay"),
        ('[{"fault":"hang","repeat":2}]', 422, "repeat"),
        ("[{}]", 422, "fault"),
        ("{}", 422, "list of steps"),
        ("7", 422, "list of steps"),
        ("", 400, "line 1"),
        ("[NaN]", 400, "NaN"),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused(
    client: Client, body: str, status: int, told: str
) -> None:
    client.put(f"{OURS}/scenario", json=[{"fault": "drip"}])
    response = client.put(f"{OURS}/scenario", content=body)
    assert response.status_code == status
    assert told in response.json()["detail"]
    (kept,) = client.get(f"{OURS}/scenario").json()["steps"]
    assert kept["fault"] == "drip", "the scenario that was there goes on"


# --- money and verdicts


def test_the_bill_is_exact(client: Client, app: App) -> None:
    account = app.accounts.get(ID)
    for seconds in ("0.1", "0.2"):
        account.charge(Decimal(seconds), Decimal(seconds) * Decimal("0.336"))
    account.charge(None, Decimal(0))
    assert client.get(f"{OURS}/bill").json() == {
        "account": ID,
        "runs": 3,
        "seconds": "0.3",
        "usd": "0.1008",
        "runs_without_duration": 1,
        "doubtful_runs": 0,
        "doubtful_usd": "0",
    }


def test_the_verdict_names_the_rules_that_the_traffic_breaks(client: Client, app: App) -> None:
    nothing = client.get(f"{OURS}/verdict").json()
    assert (nothing["conformant"], nothing["calls"]) == (True, 0)
    put(app, request_headers=(("content-type", "text/plain"),), outcome="malformed", status=415)
    verdict = client.get(f"{OURS}/verdict").json()
    assert verdict["conformant"] is False
    finding = next(f for f in verdict["findings"] if f["rule"] == "request.content-type")
    assert finding["exchanges"] == [1]
    assert finding["level"] == "must"


def test_coverage_counts_constraints_and_faults(client: Client, app: App) -> None:
    put(app, fault="drip")
    put(app, fault="drip", account="f" * 32)
    shown = client.get(f"{API}/coverage").json()
    assert {"fault": "drip", "played": 2} in shown["faults"]
    assert {"fault": "hang", "played": 0} in shown["faults"]
    assert any(row["observed"] == "never" for row in shown["constraints"])


# --- the stream of events


def collected(app: App, count: int, account: str | None = None, **options: Any) -> list[bytes]:
    """The first pieces of a stream, during which three exchanges happen."""

    async def scenario() -> list[bytes]:
        pieces: list[bytes] = []
        stream = event_stream.stream(app.journal, account, **options)
        async for piece in stream:
            if not pieces:
                for owner in (ID, "", ID):
                    put(app, account=owner)
            pieces.append(piece)
            if len(pieces) == count:
                break
        await stream.aclose()  # type: ignore[attr-defined]
        return pieces

    return asyncio.run(scenario())


def test_exchanges_are_streamed_as_they_happen(app: App) -> None:
    hello, *told = collected(app, 4)
    assert hello.startswith(b":")
    name, data, *_ = told[0].decode().split("\n")
    assert name == "event: exchange"
    shown = json.loads(data.removeprefix("data: "))
    assert (shown["account"], shown["number"], shown["outcome"]) == (ID, 1, "invalid")
    assert "request_body" not in shown
    assert [json.loads(piece.split(b"data: ")[1])["account"] for piece in told] == [ID, "", ID]


def test_a_stream_may_be_of_one_account(app: App) -> None:
    _, *told = collected(app, 3, ID)
    assert [json.loads(piece.split(b"data: ")[1])["number"] for piece in told] == [1, 2]


def test_a_silent_stream_shows_that_it_lives(app: App) -> None:
    assert collected(app, 2, "f" * 32, heartbeat=0.001)[1].startswith(b": still")


def test_a_slow_reader_is_told_what_it_missed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "BACKLOG", 2)
    *_, last = collected(app, 4)
    assert last == b'event: dropped\ndata: {"count":1}\n\n'


def test_nobody_listens_after_a_stream_has_ended(app: App) -> None:
    collected(app, 1)
    assert app.journal._listeners.called == ()  # type: ignore[attr-defined]


# --- the documentation of itself


def test_the_openapi_document_holds_every_endpoint(client: Client) -> None:
    document = client.get(f"{API}/openapi.json").json()
    operations = {
        (method, path.removeprefix(API))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert operations == {
        ("get", "/health"),
        ("get", "/contract"),
        ("get", "/faults"),
        ("get", "/coverage"),
        ("get", "/events"),
        ("get", "/accounts"),
        ("post", "/accounts"),
        ("get", "/accounts/{account}/exchanges"),
        ("delete", "/accounts/{account}/exchanges"),
        ("get", "/accounts/{account}/scenario"),
        ("put", "/accounts/{account}/scenario"),
        ("delete", "/accounts/{account}/scenario"),
        ("get", "/accounts/{account}/bill"),
        ("get", "/accounts/{account}/verdict"),
    }
    assert all(outcome in json.dumps(document) for outcome in OUTCOMES)
    for methods in document["paths"].values():
        for described in methods.values():
            assert described["tags"]
            assert described["description"]


def test_the_examples_in_the_openapi_document_work(client: Client) -> None:
    paths = client.get(f"{API}/openapi.json").json()["paths"]

    def body(method: str, path: str) -> Any:
        return paths[f"{API}{path}"][method]["requestBody"]["content"]["application/json"]["schema"]

    (account,) = body("post", "/accounts")["examples"]
    assert client.post(f"{API}/accounts", json=account).status_code == 201
    step = body("put", "/accounts/{account}/scenario")["items"]["examples"][0]
    assert client.put(f"{OURS}/scenario", json=[step]).status_code == 200


def test_every_reference_in_the_openapi_document_leads_somewhere(client: Client) -> None:
    text = client.get(f"{API}/openapi.json").text
    document = json.loads(text)
    for reference in set(_references(document)):
        node = document
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]


def _references(node: Any) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
    for child in children:
        yield from _references(child)


def test_the_interactive_documentation_needs_no_network(client: Client) -> None:
    page = client.get(f"{API}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("page.js", "page.css"):
        assert f'"docs/{name}"' in page.text
        assert client.get(f"{API}/docs/{name}").status_code == 200
    everything = page.text + client.get(f"{API}/docs/page.js").text
    assert "//" not in everything.replace("// ", "").replace("<!DOCTYPE", "")


@pytest.mark.parametrize("name", ["control.py", "..%2Fcontrol.py", "page.htm"])
def test_the_documentation_serves_its_own_files_alone(client: Client, name: str) -> None:
    assert client.get(f"{API}/docs/{name}").status_code == 404


def test_the_start_page_is_found_without_knowing_its_address(client: Client) -> None:
    assert client.get("/").status_code == 200
    assert client.get(API).status_code == 200


# --- who may call


def test_other_sites_are_refused(client: Client) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        response = client.post(f"{API}/accounts", headers=headers)
        assert response.status_code == 403
        assert "Refused" in response.json()["detail"]


def test_rebound_names_are_refused(app: App) -> None:
    guarded = create_control(app, hosts=("127.0.0.1",))
    assert Client(guarded, "http://evil.example").get(f"{API}/health").status_code == 403
    assert Client(guarded, "http://localhost:8787").get(f"{API}/health").status_code == 200


def test_unknown_paths_and_methods_are_told_apart(client: Client) -> None:
    assert client.get(f"{API}/nothing").status_code == 404
    assert client.post(f"{API}/health").status_code == 405


def test_the_app_does_not_import_fastapi_before_it_is_asked() -> None:
    program = "import sys, fake_server.http.app; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --- over real sockets


def test_a_page_that_listens_hears_of_runs_and_does_not_keep_the_server_from_stopping(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running() as server:
        account = server.account()
        with httpx.stream("GET", f"{server.inspector}events?account={account.id}") as stream:
            pieces = stream.iter_text()
            assert next(pieces).startswith(":")
            httpx.post(
                f"{account.base_url}/accounts/{account.id}/ai/run",
                headers={"authorization": f"Bearer {account.token}"},
                json={"model": "runwayml/aleph-2", "input": {}},
            )
            name, data, *_ = next(pieces).split("\n")
            assert name == "event: exchange"
            assert json.loads(data.removeprefix("data: "))["outcome"] == "invalid"
            begun = time.monotonic()
            server.close()
            assert time.monotonic() - begun < 5
    assert not _errors(caplog)


def test_a_caller_that_waits_does_not_keep_the_server_from_stopping(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running() as server:
        httpx.get(f"{server.inspector}health")
        url = f"{server.inspector}accounts/{ID}/exchanges?wait_for=1&timeout=60"
        waiting = threading.Thread(target=lambda: _ignoring(httpx.HTTPError, httpx.get, url))
        waiting.start()
        begun = time.monotonic()
        while not server.app.journal._listeners.called:  # type: ignore[attr-defined]
            assert time.monotonic() - begun < 30, "nobody waits"
            time.sleep(0.001)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    waiting.join()
    assert not _errors(caplog)


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def _ignoring(error: type[Exception], function: Any, *arguments: Any) -> None:
    with contextlib.suppress(error):
        function(*arguments)
