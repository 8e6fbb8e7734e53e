"""What the inspector shows, without a browser: exact, escaped, guarded, and within bounds."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps, loads, same
from fake_server import media
from fake_server.http.app import App, create_app
from fake_server.inspector import live_updates, replay
from fake_server.inspector.exchange_detail import opened
from fake_server.inspector.json_view import STRING, TEXT, Place, Shown, lay_out
from fake_server.inspector.listing import PAGE, Asked
from fake_server.inspector.replay import COMMAND, curl
from fake_server.inspector.sidebar import WAITING, Progress
from fake_server.inspector.template_env import TONES
from fake_server.replies.failures import OUTCOMES
from fake_server.replies.faults import FAULTS
from fake_server.server import AccountHandle, Server, running

ID = "0123456789abcdef0123456789abcdef"
GOOD = {"prompt": "The river at dusk", "video_uri": "https://example.com/a.mp4"}
BODY = json.dumps({"model": Contract.load().model, "input": GOOD}).encode()
EXCHANGE = Exchange(
    number=1,
    account=ID,
    surface="rest",
    method="POST",
    target=f"/client/v4/accounts/{ID}/ai/run",
    request_headers=(("host", "h"), ("authorization", "Bearer REDACTED"), ("x-own", "it's")),
    request_body=BODY,
    request_complete=True,
    credential="accepted",
    status=200,
    response_headers=(("content-type", "application/json"),),
    response_body=b"{}",
    outcome="completed",
    host="h",
)


@pytest.fixture
def account(server: Server) -> AccountHandle:
    return server.account(credits=5)


def call(account: AccountHandle, value: Any = None, **options: Any) -> httpx.Response:
    """Make a call as a client does."""
    sent = {"model": Contract.load().model, "input": GOOD if value is None else value}
    content = options.pop("content", json.dumps(sent).encode())
    headers = {"authorization": f"Bearer {account.token}", "content-type": "application/json"}
    headers |= options.pop("headers", {})
    url = f"{account.base_url}/accounts/{account.id}/ai/run"
    return httpx.post(url, content=content, headers=headers, **options)


def get(server: Server, path: str, **options: Any) -> httpx.Response:
    return httpx.get(server.inspector + path, **options)


def put(app: App, **values: Any) -> Exchange:
    """Append an exchange to a journal."""
    number = app.journal.arrive(values.get("account", ID))
    made = replace(EXCHANGE, number=number, **values)
    app.journal.append(made.account, number, made, 100)
    return made


def text_of(shown: Shown) -> str:
    """What is shown, without the white space that laying out adds."""
    return "".join(piece.text.strip(" ") for line in shown.lines for piece in line.pieces)


class TestLayOut:
    """A body is shown as it arrived: nothing but white space between tokens is ours."""

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=9,
        )
    )
    def test_what_is_shown_reads_as_the_same_value(self, value: Any) -> None:
        shown = lay_out(dumps(value).encode())
        assert shown.json
        text = "\n".join("".join(p.text for p in line.pieces) for line in shown.lines)
        assert same(loads(text), value)

    @pytest.mark.parametrize(
        "text",
        [
            '{"a":1e0,"a":1.50,"b":12345678901234567890123,"c":-0}',
            r'{"a":"\u0041\/","b":[[],{},[1]]}',
            "[]",
            '""',
            '{"a,b":"}{","[":[","]}',
        ],
    )
    def test_every_token_stays_as_it_was_written(self, text: str) -> None:
        assert text_of(lay_out(text.encode())) == text

    def test_lines_are_indented_by_depth(self) -> None:
        shown = lay_out(b'{"a":[1,{}],"b":{"c":[]}}')
        lines = ["  " * x.depth + "".join(p.text for p in x.pieces) for x in shown.lines]
        assert lines == [
            "{", '  "a": [', "    1,", "    {}", "  ],", '  "b": {', '    "c": []', "  }", "}",
        ]  # fmt: skip

    def test_marks_stand_at_the_value_at_the_key_or_around_what_is_missing(self) -> None:
        places = [Place("/a/0"), Place("/a/1/x/y"), Place("", "b"), Place("/nowhere")]
        shown = lay_out(b'{"a":[1,{"x":3}],"b":2}', places)
        marked = {p.text: p.marks for line in shown.lines for p in line.pieces if p.marks}
        assert marked == {"1": (0,), "3": (1,), '"b"': (2,), "{": (3,)}

    @pytest.mark.parametrize(
        ("raw", "problem"),
        [(b'{"a":', "Expecting value"), (b"\xff", "UTF-8"), (b"[NaN]", "NaN"), (b"", "")],
    )
    def test_what_is_not_json_is_shown_as_it_is_with_the_reason(
        self, raw: bytes, problem: str
    ) -> None:
        shown = lay_out(raw)
        assert not shown.json
        assert problem in shown.problem
        assert text_of(shown) == raw.decode("utf-8", "backslashreplace")

    def test_long_texts_are_cut_and_say_by_how_much(self) -> None:
        (line,) = lay_out(json.dumps("x" * (STRING + 10)).encode()).lines
        assert (len(line.pieces[0].text), line.pieces[0].cut) == (STRING, 12)
        shown = lay_out(b"[" * TEXT * 5)
        assert len(text_of(shown)) + shown.left == TEXT * 5


class TestOpened:
    """One exchange: its violations at their places, and the rules that the wire shows broken."""

    def look(self, value: Any, **values: Any) -> Any:
        app = create_app()
        body = json.dumps({"model": Contract.load().model, "input": value}).encode()
        given: dict[str, Any] = {"request_body": body, "outcome": "invalid", "status": 400}
        return opened(put(app, **given | values), app.journal, app.contract)

    def test_each_violation_knows_its_place_and_its_constraint(self) -> None:
        value = GOOD | {
            "seed": -1,
            "nope": 1,
            "keyframes": [{"uri": "https://e.com", "seconds": 99}],
        }
        found = {t.place: t.constraint and t.constraint.key for t in self.look(value).troubles}
        assert found == {
            Place("/input", "nope"): "additionalProperties",
            Place("/input/keyframes/0/seconds"): "keyframes/*/anyOf/0/seconds/maximum",
            Place("/input/seed"): "seed/minimum",
        }

    def test_what_is_valid_has_no_trouble_and_an_unreadable_body_says_why(self) -> None:
        assert self.look(GOOD, outcome="completed", status=200).troubles == ()
        assert "not JSON" in self.look(None, request_body=b"{").unread

    def test_broken_rules_are_those_of_the_rule_table(self) -> None:
        broken = self.look({}).broken
        assert "request.valid" in [b.rule.id for b in broken]
        assert all(b.rule.id == b.finding.rule for b in broken)

    def test_repetitions_of_a_call_are_judged_together(self) -> None:
        app = create_app()
        refused = {"status": 401, "outcome": "unauthenticated", "response_body": b'{"errors":[]}'}
        first, _, second = put(app, **refused), put(app, request_body=b"{}"), put(app, **refused)
        for exchange in (first, second):
            ids = [b.rule.id for b in opened(exchange, app.journal, app.contract).broken]
            assert "error.not-retried" in ids

    @pytest.mark.parametrize(
        ("url", "played"),
        [
            (media.path("90df5ff7-14bc-840a-aa76-b3badafad24d"), True),
            ("/__aleph__/media/../evil.mp4", False),
            ("/video.mp4", False),
        ],
    )
    def test_only_videos_of_the_fake_itself_are_played(self, url: str, played: bool) -> None:
        body = {"state": "Completed", "result": {"video": f"https://elsewhere.example{url}"}}
        shown = self.look(GOOD, status=200, response_body=json.dumps(body).encode())
        assert shown.video == (url if played else None)


class TestCurl:
    """The command makes the same request, and holds no secret."""

    def test_it_names_the_token_by_its_variable(self) -> None:
        text = curl(EXCHANGE, "http://localhost:1", "/raw")
        assert '"Authorization: Bearer $CLOUDFLARE_API_TOKEN"' in text
        assert "REDACTED" not in text
        assert "'x-own: it'\"'\"'s'" in text

    @pytest.mark.parametrize(
        "content",
        [
            b'{"model":"m","input":{"prompt":"it\'s $HOME `id` \\\\ \\n @x"}}',
            b"@/etc/passwd",
            b"\xff\x00\r\n",
            json.dumps({"x": "y" * COMMAND}).encode(),
            b"",
        ],
    )
    def test_what_it_sends_is_what_was_sent(
        self, server: Server, account: AccountHandle, content: bytes
    ) -> None:
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed")
        call(account, content=content)
        page = get(server, f"inspector/{account.id}/1").text
        exchange = account.exchanges[0]
        text = curl(exchange, server.origin, f"/__aleph__/inspector/{account.id}/1/request")
        assert page.count("CLOUDFLARE_API_TOKEN") == 1
        done = subprocess.run(
            ["sh", "-c", text],
            env=os.environ | account.env,
            capture_output=True,
            check=True,
        )
        made = account.exchanges[1]
        assert made.request_body == content
        assert (made.outcome, made.credential) == (exchange.outcome, "accepted")
        assert len(done.stdout) == len(made.response_body)


class TestReplay:
    """The fake sends a recorded request to itself, by the door that every client takes."""

    def replay(self, server: Server, account: AccountHandle, number: int = 1) -> httpx.Response:
        return httpx.post(f"{server.inspector}inspector/{account.id}/{number}/replay")

    def test_it_opens_what_became_of_it(self, server: Server, account: AccountHandle) -> None:
        call(
            account, GOOD | {"duration": 2}, headers={"authorization": "Bearer a-wrong-token-of-20"}
        )
        answer = self.replay(server, account)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/__aleph__/inspector/{account.id}/2"
        first, second = account.exchanges
        assert (first.outcome, second.outcome) == ("unauthenticated", "completed")
        assert account.bill.usd == second.cost == Decimal("0.672")
        assert second.target == first.target

    @pytest.mark.parametrize("name", [f.name for f in FAULTS.values() if f.delivery != "whole"])
    def test_faults_of_delivery_are_borne(
        self, server: Server, account: AccountHandle, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(replay, "PATIENCE", 0.2)
        call(account)
        account.scenario([{"fault": name, "delay": 0.01}])
        answer = self.replay(server, account)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/__aleph__/inspector/{account.id}/2"
        assert account.exchanges[1].fault == name

    def test_a_call_without_a_token_stays_without(
        self, server: Server, account: AccountHandle
    ) -> None:
        url = f"{account.base_url}/accounts/{account.id}/ai/run"
        httpx.post(url, content=BODY, headers={"content-type": "application/json"})
        self.replay(server, account)
        assert [e.outcome for e in account.exchanges] == ["unauthenticated"] * 2


def test_a_replay_that_hangs_does_not_keep_the_server_from_stopping() -> None:
    with running() as server:
        account = server.account()
        call(account)
        account.scenario([{"fault": "hang"}])
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.inspector}inspector/{account.id}/1/replay", timeout=0.2)


class TestPages:
    """Every page: complete, escaped, under a strict policy, for this machine alone."""

    @pytest.mark.parametrize("path", ["", "inspector/{id}/1", "inspector/{id}/2", "?text=nothing"])
    def test_pages_run_nothing_inline_and_ask_nobody_else(
        self, server: Server, account: AccountHandle, path: str
    ) -> None:
        call(account)
        call(account, {"prompt": "<script>alert(1)</script>", "on": "\" onload='x'"})
        answer = get(server, path.format(id=account.id))
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "<script>alert" not in answer.text
        assert " style=" not in answer.text
        assert " onload='x'" not in answer.text
        assert 'src="http' not in answer.text

    def test_every_violation_leads_to_its_place_and_back(
        self, server: Server, account: AccountHandle
    ) -> None:
        call(account, {"seed": -1})  # two more stand at the same brace
        page = get(server, f"inspector/{account.id}/1").text
        for number in (1, 2, 3):
            assert page.count(f'id="at-{number}"') == page.count(f'href="#at-{number}"') == 1
            assert page.count(f'id="trouble-{number}"') == 1
            assert page.count(f'href="#trouble-{number}"') == 1

    def test_a_change_from_another_site_is_refused(
        self, server: Server, account: AccountHandle
    ) -> None:
        call(account)
        foreign = {"origin": "https://evil.example"}
        for path in ("scenario", "1/replay"):
            url = f"{server.inspector}inspector/{account.id}/{path}"
            assert httpx.post(url, headers=foreign).status_code == 403
        assert len(account.exchanges) == 1

    def test_without_a_script_the_forms_work_too(
        self, server: Server, account: AccountHandle
    ) -> None:
        url = f"{server.inspector}inspector/{account.id}/scenario"
        own = {"origin": server.origin, "sec-fetch-site": "same-origin"}
        step = {"do": "add", "fault": "rate-limited", "times": "", "delay": "0.01"}
        answer = httpx.post(url, data=step, headers=own, follow_redirects=True)
        assert "rate-limited, every run, after 0.01 s" in answer.text
        assert call(account).status_code == 429
        answer = httpx.post(url, data={"do": "clear"}, headers=own, follow_redirects=True)
        assert "Nothing is scripted" in answer.text
        assert call(account).status_code == 200

    def test_steps_are_added_one_after_the_other(
        self, server: Server, account: AccountHandle
    ) -> None:
        url = f"{server.inspector}inspector/{account.id}/scenario"
        for fault in ("rate-limited", "", "internal-error"):
            httpx.post(url, data={"do": "add", "fault": fault, "times": "1"})
        assert [call(account).status_code for _ in range(4)] == [429, 200, 500, 200]

    @pytest.mark.parametrize(
        ("form", "told"),
        [
            ({"times": "many"}, "times: 'many' is not a number"),
            ({"times": "0"}, "times"),
            ({"fault": "no-such"}, "no fault is named"),
            ({"fault": "rate-limited", "delay": "nan"}, "delay"),
        ],
    )
    def test_a_step_that_cannot_be_is_explained(
        self, server: Server, account: AccountHandle, form: dict[str, str], told: str
    ) -> None:
        answer = httpx.post(f"{server.inspector}inspector/{account.id}/scenario", data=form)
        assert answer.status_code == 422
        assert told in answer.json()["detail"]

    @pytest.mark.parametrize(
        "path",
        ["inspector/{id}/99", "inspector/me/1", "inspector/{id}/1/other", "inspector/x.css"],
    )
    def test_what_is_not_there_is_404(
        self, server: Server, account: AccountHandle, path: str
    ) -> None:
        call(account)
        assert get(server, path.format(id=account.id)).status_code == 404

    def test_bodies_are_handed_out_exactly_and_never_as_a_page(
        self, server: Server, account: AccountHandle
    ) -> None:
        call(account, content=b"<html>\xff")
        answer = get(server, f"inspector/{account.id}/1/request")
        assert answer.content == b"<html>\xff"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")

    def test_the_list_is_paged(self) -> None:
        app = create_app()
        for _ in range(PAGE + 5):
            put(app)
        control = httpx.ASGITransport(app)

        async def page(path: str) -> str:
            async with httpx.AsyncClient(transport=control, base_url="http://localhost") as client:
                return (await client.get(f"/__aleph__/{path}")).text

        first, rest = asyncio.run(page("")), asyncio.run(page(f"?skip={PAGE}"))
        assert first.count('<li id="x-') == PAGE
        assert f"skip={PAGE}" in first
        assert rest.count('<li id="x-') == 5
        assert "Show older" not in rest

    def test_every_outcome_that_is_coloured_exists(self) -> None:
        assert TONES.keys() <= OUTCOMES.keys()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(), [3, 2, 1]),
        (Asked(account="nobody"), [1]),
        (Asked(outcome="invalid"), [2]),
        (Asked(text="needle"), [3]),
        (Asked(account="no such"), []),
        (Asked(outcome="no such"), []),
    ],
)
def test_a_filter_narrows_by_account_outcome_and_text(asked: Asked, found: list[int]) -> None:
    app = create_app()
    values: list[dict[str, Any]] = [
        {"account": ""}, {"outcome": "invalid"}, {"request_body": b"a needle"},
    ]  # fmt: skip
    for number, more in enumerate(values, 1):
        made = replace(EXCHANGE, number=number, **more)
        app.journal.append(made.account, number, made, 100)
    assert [e.number for e in asked.select(app.journal)] == found


class TestProgress:
    """Constraints are counted once each, those of before and those that arrive."""

    def tried(self, progress: Progress) -> int:
        cells = [c for _, pairs in progress.groups() for pair in pairs for c in pair]
        return sum(
            n for cell in cells if cell.constraint == "seed/minimum" for _, n in cell.observed
        )

    def finish(self, progress: Progress) -> None:
        while progress.behind:
            progress.advance(0.1)

    def test_all_traffic_is_counted_even_after_more_than_it_can_remember(self) -> None:
        app = create_app()
        body = json.dumps({"model": "m", "input": GOOD | {"seed": 0}}).encode()
        put(app, request_body=body)
        progress = Progress(app.journal, app.contract)
        put(app, request_body=body)
        self.finish(progress)
        assert self.tried(progress) == 2
        for number in range(WAITING + 1):
            put(app, request_body=body if number == 0 else b"{}")
        self.finish(progress)
        assert self.tried(progress) == 3


class TestStream:
    """What a page is told: all of a few, the newest of many, and the whole list after a burst."""

    def told(self, arrivals: list[int], wanted: int) -> list[str]:
        """The first events of a stream while so many exchanges arrive, batch by batch."""

        async def listen() -> list[str]:
            app = create_app()
            numbers = count(1)
            progress = Progress(app.journal, app.contract)
            events: AsyncIterator[bytes] = live_updates.stream(
                app.journal,
                progress,
                Asked().matches,
                everything=lambda: "whole list",
                rows=lambda found: " ".join(str(e.number) for e in found),
                overview=lambda: "overview",
            )
            heard: list[str] = []
            batches = iter(arrivals)
            async for event in events:
                text = event.decode()
                if text.startswith("event: "):
                    heard.append(
                        " ".join(text.replace("event: ", "").replace("data: ", "").split())
                    )
                if len(heard) >= wanted:
                    break
                if heard and heard[-1].startswith("list"):
                    for _ in range(next(batches, 0)):
                        put(app, received_at=float(next(numbers)))
            await events.aclose()  # type: ignore[attr-defined] # a generator
            assert len(app.journal._listeners.called) == 1  # type: ignore[attr-defined] # progress
            return heard

        return asyncio.run(asyncio.wait_for(listen(), 20))

    def test_a_few_are_told_in_order(self) -> None:
        assert self.told([3], 3) == ["list whole list", "rows 1 2 3", "overview overview"]

    def test_after_a_burst_the_list_is_told_whole(self) -> None:
        heard = self.told([500], 4)
        newest = " ".join(map(str, range(501 - live_updates.ROWS, 501)))
        assert heard[:2] == ["list whole list", f"rows {newest}"]
        assert "list whole list" in heard[2:]


def test_the_page_is_complete_without_the_folder_it_was_built_in() -> None:
    """Templates and assets are package data: each stands beside the module that reads it."""
    folder = Path(live_updates.__file__).parent
    assert {p.name for p in folder.iterdir()} >= {"page.css", "page.js", "icon.svg", "templates"}
