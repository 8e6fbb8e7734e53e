"""HAR files and journals: what is hidden, what is foreign, what is unreadable, and no token."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from har_recorder import entry
from sample_traffic import CONTRACT, EXAMPLE, INPUT

from aleph_contract.cli import run
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.results import Verification
from aleph_contract.errors import RecordingError
from aleph_contract.recordings.json_stream import BLOCK
from aleph_contract.reports.summary import summarise
from aleph_contract.verify import kept_evidence
from aleph_contract.verify.recorded_traffic import judge_recordings

ACCOUNT = "a" * 32
URL = f"https://api.cloudflare.com/client/v4/accounts/{ACCOUNT}/ai/run"
TOKEN = "Zt0ken-of-forty-characters-that-is-secret"
SENT = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
BODY = json.dumps({"model": CONTRACT.model, "input": INPUT}).encode()
REPLY = json.dumps(EXAMPLE.reply).encode()
JSON_TYPE = (("Content-Type", "application/json"),)


#: The token as other software writes it.
FORMS = [
    TOKEN.encode().hex(),
    base64.b64encode(TOKEN.encode()).decode(),
    base64.urlsafe_b64encode(f"user:{TOKEN}".encode()).decode(),
    "".join(f"%{ord(character):02x}" for character in TOKEN),
    TOKEN.replace("-", "%2D"),
    TOKEN.replace("-", "&#45;"),
    TOKEN.replace("-", "\\u002d"),
]


def call(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"status": 200, "received": JSON_TYPE, "reply": REPLY} | changes
    method, url = given.pop("method", "POST"), given.pop("url", URL)
    return entry(method, url, given.pop("sent", SENT), given.pop("body", BODY), **given)


def har(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), "utf-8")
    return path


def judged(tmp_path: Path, *entries: dict[str, Any]) -> Verification:
    return judge_recordings([har(tmp_path / "session.har", *entries)], ContractSet.of())


def broken(found: Verification) -> list[str]:
    return [f.rule for r in found.results for f in r.findings]


def test_a_conformant_call_passes_and_has_its_price(tmp_path: Path) -> None:
    body = json.dumps({"model": CONTRACT.model, "input": INPUT | {"duration": 5}}).encode()
    found = judged(tmp_path, call(body=body))
    assert (found.exit_code, broken(found)) == (0, [])
    assert str(found.results[0].exchanges[0].cost) == "1.680"


def test_calls_to_other_servers_are_counted_and_not_judged(tmp_path: Path) -> None:
    page = call(method="GET", url="https://example.com/", sent={}, body=b"")
    found = judged(tmp_path, page, call(), page)
    assert (len(found.results), found.exit_code) == (1, 0)
    assert "calls to other servers, which are not judged: 2" in found.notes


def test_a_recording_without_a_call_of_a_model_was_not_checked(tmp_path: Path) -> None:
    found = judged(tmp_path, call(method="GET", url="https://example.com/"))
    assert found.exit_code == 3
    assert found.trouble == ("no call of a known model is recorded; calls to other servers: 1",)


def test_a_sanitised_file_accuses_no_client_of_a_missing_token(tmp_path: Path) -> None:
    found = judged(tmp_path, call(sent={"Content-Type": "application/json"}))
    assert broken(found) == []
    assert "request.auth" not in found.results[0].checked
    assert "request.auth is not judged in 1 of 1 call: the recording holds no token" in found.notes


def test_a_missing_token_is_found_where_other_calls_have_one(tmp_path: Path) -> None:
    found = judged(tmp_path, call(), call(sent={"Content-Type": "application/json"}))
    assert broken(found) == ["request.auth"]


def test_a_body_that_was_not_collected_is_not_judged(tmp_path: Path) -> None:
    violating = json.dumps({"model": CONTRACT.model, "input": INPUT | {"seed": -1}}).encode()
    without_request, without_reply = call(), call(status=400, body=violating)
    del without_request["request"]["postData"]
    del without_reply["response"]["content"]["text"]
    found = judged(tmp_path, without_request, without_reply, without_reply)
    assert broken(found) == ["request.valid", "request.valid"]
    assert "request.valid" not in found.results[0].checked
    assert "error.not-retried" not in found.results[1].checked
    assert [n for n in found.notes if n.startswith("request.valid")] == [
        "request.valid is not judged in 1 of 3 calls: the request body is not in the recording"
    ]


def test_a_violating_input_and_a_repeated_refusal_are_found(tmp_path: Path) -> None:
    body = json.dumps({"model": CONTRACT.model, "input": INPUT | {"seed": -1}}).encode()
    refusal = b'{"errors":[{"code":7003,"message":"Invalid value at seed"}],"success":false}'
    refused = call(body=body, status=400, reply=refusal)
    found = judged(tmp_path, refused, {**refused, "startedDateTime": "1970-01-01T00:00:01Z"})
    assert broken(found) == ["request.valid", "error.not-retried"]
    assert found.exit_code == 1


def test_a_token_sent_to_the_target_of_a_redirect_is_found(tmp_path: Path) -> None:
    moved = (*JSON_TYPE, ("Location", "https://evil.example/run"))
    found = judged(
        tmp_path,
        call(status=307, received=moved, reply=b""),
        call(url="https://evil.example/run"),
    )
    assert broken(found) == ["security.token-host"]


VIDEO = EXAMPLE.reply["result"]["video"]


@pytest.mark.parametrize(
    ("download", "rules"),
    [
        ({}, ["security.token-host"]),
        ({"status": 403, "reply": b""}, ["security.token-host"]),
        ({"status": 401}, ["security.token-host"]),
        ({"sent": {}}, []),
        ({"sent": {"Authorization": "Bearer the-key-of-the-object-store-itself"}}, []),
        ({"url": VIDEO.replace("cloudfront", "example")}, []),
        ({"url": f"{VIDEO}?again"}, []),
    ],
)
def test_a_download_with_the_token_of_the_call_is_found(
    tmp_path: Path, download: dict[str, Any], rules: list[str]
) -> None:
    fetched = {"method": "GET", "url": VIDEO, "body": b"", "reply": b"video"} | download
    found = judged(tmp_path, call(), call(**fetched))
    assert broken(found) == rules
    if rules:
        [finding] = found.results[0].findings
        file = VIDEO.rpartition("/")[2]
        assert f"with the download of {file} to dnznrvs05pmza.cloudfront.net" in finding.message


def test_a_download_from_the_host_of_the_call_proves_nothing(tmp_path: Path) -> None:
    own = URL.replace("/ai/run", "/files/a.mp4")
    reply = json.dumps(EXAMPLE.reply).replace(VIDEO, own).encode()
    found = judged(tmp_path, call(reply=reply), call(method="GET", url=own, body=b""))
    assert broken(found) == []


@pytest.mark.parametrize("report", ["terminal", "json", "junit", "html", "github", "sarif"])
def test_a_token_never_comes_out(
    tmp_path: Path, report: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token is in the URL, headers, both bodies and an error text, before its first header."""
    other = "another-token-that-no-header-holds-0123456789"
    bare = {"Content-Type": "application/json"}
    text = json.dumps({"errors": [{"code": 1, "message": f"bad token {TOKEN}"}]}).encode()
    path = har(
        tmp_path / "session.har",
        call(url=f"{URL}?api_token={TOKEN}", sent=bare, status=400, reply=text),
        call(sent=bare | {"X-Trace": TOKEN}, received=(*JSON_TYPE, ("X-Echo", TOKEN))),
        *(call(status=400, reply=json.dumps({"errors": [form]}).encode()) for form in FORMS),
        call(sent=bare, body=BODY.replace(b'"prompt": "', f'"prompt": "{TOKEN} '.encode())),
        call(sent=bare, body=BODY.replace(b'"prompt": "', f'"prompt": "Bearer {other} '.encode())),
        call(url=f"{URL}?access_token={other}", sent=bare | {"Cookie": f"session={other}"}),
        call(),
    )
    out = tmp_path / "report"
    assert run(["judge", str(path), "--report", f"{report}:{out}"]) == 1
    written = out.read_text("utf-8") + "".join(capsys.readouterr())
    assert TOKEN not in written
    assert not [form for form in FORMS if form[12:-12] in written]
    assert other not in written
    assert "security.token-leak" in written


def test_nothing_of_a_truncated_file_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = har(tmp_path / "cut.har", call(), call(sent={}), call())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 700])
    found = judge_recordings([path], ContractSet.of())
    assert (len(found.results), found.exit_code) == (2, 3)
    assert broken(found) == ["request.auth", "request.content-type"]
    assert f"{path} is no readable HAR 1.2: line 1 column" in found.trouble[0]
    assert run(["judge", str(path)]) == 3
    assert "request.auth" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello", "is no recording of a known format"),
        (b'{"log": {"version": "1.2"}}', "line 1 column 26: the document has no member 'entries'"),
        (
            b'{"log": {"entries": [{}]}}',
            "entry 1: it is no HAR entry: the member 'request' is missing",
        ),
        (b'{"log": {"entries": [\n  {"a": tru}]}}', "line 2 column 9: Expecting value"),
        (b'{"log": {"entries": ["\xff"]}}', "can't decode byte 0xff"),
        (b'{"log": {"entries": ' + b"[" * 100_000, "the value is nested too deeply"),
        (b"SQLite format 3\0", "is no readable SQLite journal"),
    ],
)
def test_an_unreadable_file_is_an_error_with_its_place(
    tmp_path: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.har"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"odd\.har"):
        judge_recordings([path], ContractSet.of())
    assert run(["judge", str(path)]) == 2
    assert message in capsys.readouterr().err


def test_a_pipe_is_an_error_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecordingError, match="pipe can be read only once; save it to a file"):
        judge_recordings([tmp_path / "pipe"], ContractSet.of())


def test_an_entry_that_is_none_is_named_and_the_others_are_judged(tmp_path: Path) -> None:
    odd: list[Any] = [{}, 7, {**call(), "request": None}, call() | {"startedDateTime": "noon"}]
    odd.append(call(url="http://[bad"))
    path = har(tmp_path / "odd.har", call(), *odd, call(sent={}))
    found = judge_recordings([path], ContractSet.of())
    assert (len(found.results), found.exit_code) == (2, 3)
    assert broken(found) == ["request.auth", "request.content-type"]
    assert [text.partition(":")[0] for text in found.trouble] == [
        f"{path}, entry {number}" for number in range(2, 7)
    ]
    assert "entries that cannot be read: 5" in found.notes


def test_a_missing_file_beside_a_readable_one_loses_nothing(tmp_path: Path) -> None:
    good, missing = har(tmp_path / "good.har", call()), tmp_path / "missing.har"
    found = judge_recordings([missing, good], ContractSet.of())
    assert (len(found.results), found.exit_code) == (1, 3)
    assert found.trouble == (f"{missing}: No such file or directory",)
    assert found.results[0].name == "good.har, entry 1"


def test_a_server_is_judged_too(tmp_path: Path) -> None:
    refusal = b'{"detail":"bad"}'
    later = {**call(reply=b"{}"), "startedDateTime": "2026-01-01T00:00:00Z"}
    found = judged(tmp_path, call(status=400, reply=refusal), later)
    assert broken(found) == ["server.accepts", "server.error-shape", "server.reply-shape"]
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 1),
        (("--rule", "server.*"), 1),
        (("--rule", "server.accepts"), 0),
        (("--skip-rule", "server.reply-shape"), 0),
        (("--rule", "concurrency.*"), 3),
    ],
)
def test_the_rules_of_the_server_can_be_selected(
    options: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    file = har(tmp_path / "session.har", call(reply=b"{}"))
    assert run(["judge", "-q", *options, str(file)]) == code


def test_a_report_speaks_of_recordings_and_of_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = har(tmp_path / "session.har", call())
    for form in ("terminal", "html", "github"):
        assert run(["judge", str(path), "--report", form]) == 0
        shown = capsys.readouterr().out
        assert "to the fake" not in shown
        assert "played" not in shown
    assert run(["judge", str(path)]) == 0
    assert "1 call in the recordings, on the real service" in capsys.readouterr().out


def test_only_a_bounded_part_of_a_long_recording_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_evidence, "MAX_BROKEN", 0)
    monkeypatch.setattr(kept_evidence, "MAX_OTHERS", 5000)
    timed = [call() | {"startedDateTime": f"2026-01-01T{hour:02}:00:00Z"} for hour in range(20)]
    wrong = [call(sent={}) | {"startedDateTime": "2026-01-02T00:00:00Z"} for _ in range(3)]
    found = judged(tmp_path, *timed, *wrong)
    summary = summarise(found)
    assert (len(found.results), summary.calls, summary.billed) == (23, 23, 23)
    assert sum(bool(r.exchanges) for r in found.results) < 5
    assert all(problem.example.exchanges for problem in summary.broken)


def test_a_missing_file_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["judge", "no-such.har"]) == 2
    assert capsys.readouterr().err == "aleph-contract: no-such.har: No such file or directory\n"


def test_entries_larger_than_a_block_are_read(tmp_path: Path) -> None:
    large = call(method="GET", url="https://example.com/", reply=b"x" * (5 * BLOCK + 3))
    found = judged(tmp_path, large, call(), large, call(), large)
    assert (len(found.results), found.exit_code) == (2, 0)
