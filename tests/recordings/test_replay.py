"""`serve --replay`: runs are answered from a recording of any format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from calling import CONTRACT, HTTP, INPUT, body, only, post
from har_recorder import entry
from recording_writers import WRITERS

from aleph_contract.cli import run
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.errors import RecordingError
from aleph_contract.recordings.replay import load_replies
from fake_server.server import Server, running

TOKEN = "Zt0ken-of-forty-characters-that-is-secret"
URL = f"https://api.cloudflare.com/client/v4/accounts/{'a' * 32}/ai/run"
SENT = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
JSON_TYPE = (("Content-Type", "application/json"),)
VIOLATING = {**INPUT, "seed": -1}
LIMITED = {**INPUT, "seed": 7}
REFUSED = {"errors": [{"code": 7003, "message": "recorded"}], "success": False}


def reply(name: str) -> dict[str, Any]:
    return {"state": "Completed", "result": {"video": f"https://example.com/{name}.mp4"}}


def call(given: Any, answer: Any, status: int = 200, more: Any = ()) -> dict[str, Any]:
    received = (*JSON_TYPE, ("Date", "Mon, 01 Jan 2024 00:00:00 GMT"), *more)
    return entry(
        "POST", URL, SENT, body(given),
        status=status, reply=json.dumps(answer).encode(), received=received, started=100.0,
    )  # fmt: skip


CALLS = [
    call(INPUT, reply("first")),
    call(VIOLATING, REFUSED, 400),
    call(INPUT, reply("second")),
    call(LIMITED, REFUSED, 429, [("Retry-After", "7")]),
]


@pytest.fixture(params=sorted(WRITERS))
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "recording"
    WRITERS[request.param](path, CALLS)
    return path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A fake with a HAR file."""
    path = tmp_path / "recording.har"
    WRITERS["har"](path, CALLS)
    yield from replaying(path)


def replaying(path: Path) -> Iterator[Server]:
    replies, left_out = load_replies(path, ContractSet.of())
    assert not left_out
    with running(replay=replies) as server:
        yield server


def kind(response: httpx.Response) -> str | None:
    found: str | None = response.headers.get("x-aleph-contract-replay")
    return found


def test_every_format_answers_its_runs(recording: Path) -> None:
    for server in replaying(recording):
        account = server.account()
        answers = [post(account) for _ in range(3)]
        assert [kind(answer) for answer in answers] == ["hit"] * 3
        assert [answer.json() for answer in answers] == [
            reply("first"), reply("second"), reply("second"),
        ]  # fmt: skip
        refused = post(account, VIOLATING)
        assert (refused.status_code, refused.json(), kind(refused)) == (400, REFUSED, "hit")


def test_a_run_is_found_by_its_value_not_by_its_spelling(server: Server) -> None:
    written = json.dumps(
        {"input": dict(reversed(INPUT.items())), "model": CONTRACT.model}, indent=1
    )
    spelled = written.replace('"duration": 5', '"duration": 5.0')
    assert "5.0" in spelled
    assert kind(post(server.account(), content=spelled.encode())) == "hit"


def test_headers_are_replayed_without_those_of_the_old_connection(server: Server) -> None:
    limited = post(server.account(), LIMITED)
    assert limited.status_code == 429
    assert limited.headers["retry-after"] == "7"
    assert len(limited.headers.get_list("date")) == 1
    assert "2024" not in limited.headers["date"]


def test_a_miss_is_answered_by_the_contract_and_reported(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    account = server.account()
    for _ in range(2):
        missed = post(account, {**INPUT, "prompt": "another"})
        assert (missed.status_code, kind(missed)) == (200, "miss")
    assert kind(post(account, {**INPUT, "prompt": 5})) == "miss"
    assert kind(post(account, content=b"{")) == "miss"
    messages = [
        record.getMessage().rpartition("contract answers: ")[2] for record in caplog.records
    ]
    assert len(messages) == 3, "an equal run is reported once"
    assert messages[:2] == ["no recorded run of 'runwayml/aleph-2' has this input"] * 2
    assert messages[2].startswith("the body is not JSON: line 1 column 2")


def test_the_journal_and_the_bill_count_recorded_runs(server: Server) -> None:
    account = server.account()
    post(account)
    exchange = only(account)
    assert (exchange.outcome, exchange.billed_seconds) == ("completed", Decimal(5))
    assert account.bill.runs == 1
    post(account, VIOLATING)
    post(account, LIMITED)
    assert [x.outcome for x in account.exchanges] == ["completed", "invalid", "fault"]
    assert account.bill.runs == 1


def test_credits_and_faults_apply_to_recorded_runs(server: Server) -> None:
    account = server.account(credits=1)
    assert post(account).status_code == 402
    account = server.account()
    account.scenario([{"fault": "rate-limited"}])
    assert (post(account).status_code, kind(post(account))) == (429, "hit")
    wrong = post(account, token="x" * 40)
    assert (wrong.status_code, kind(wrong)) == (401, None)


def test_a_recording_of_the_fake_replays_its_own_replies(tmp_path: Path) -> None:
    """A journal in SQLite is a recording too; the call with a wrong token is not replayed."""
    path = tmp_path / "runs.db"
    with running(journal=f"sqlite:{path}") as server:
        account = server.account()
        post(account, token="w" * 40)
        recorded = post(account).json()
    replies, left_out = load_replies(path, ContractSet.of())
    assert (replies.count, left_out) == (1, 1)
    with running(replay=replies) as server:
        answer = post(server.account())
        assert (answer.json(), kind(answer)) == (recorded, "hit")


def test_the_two_surfaces_have_replies_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"

    def run_on_binding(server: Server, gateway: str) -> httpx.Response:
        return HTTP.post(
            f"{server.origin}/ai-gateway/run?version=3",
            json={"options": {"gateway": {"id": gateway}}, "inputs": INPUT},
            headers={"cf-consn-model-id": CONTRACT.model},
        )

    with running(journal=f"sqlite:{path}") as server:
        recorded = run_on_binding(server, "one").json()
    for server in replaying(path):
        answer = run_on_binding(server, "another")
        assert (answer.json(), kind(answer)) == (recorded, "hit")
        assert kind(post(server.account())) == "miss"


def test_a_recording_without_a_reply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.har"
    WRITERS["har"](path, [entry("GET", "https://example.com/", {}, b"", status=200)])
    with pytest.raises(RecordingError, match="holds no complete reply to a run"):
        load_replies(path, ContractSet.of())


def test_the_command_refuses_a_file_that_is_no_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no recording")
    assert run(["serve", "--replay", str(path)]) == 2
    assert "is no recording of a known format" in capsys.readouterr().err
    assert run(["serve", "--replay", str(tmp_path / "absent")]) == 2
    assert "No such file" in capsys.readouterr().err
