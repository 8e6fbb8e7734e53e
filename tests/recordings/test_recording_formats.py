"""Each format of recordings: detected by its content, read from a file or from standard input."""

from __future__ import annotations

import builtins
import gzip
import io
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
from har_recorder import Recorder, entry
from recording_writers import WRITERS, interaction, log_entry
from sample_traffic import CONTRACT, EXAMPLE, INPUT, VIOLATING
from stub_server import TOKEN as STUB_TOKEN
from stub_server import Stub, serving
from waiting import PATIENCE

from aleph_contract.cli import run
from aleph_contract.commands.judge import FORMAT_NAMES
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core import reading
from aleph_contract.core.results import Verification
from aleph_contract.errors import AlephContractError
from aleph_contract.recordings.formats import FORMATS, detect
from aleph_contract.recordings.members import checked
from aleph_contract.recordings.recorded_call import BadEntry, RecordedCall
from aleph_contract.verify.recorded_traffic import judge_recordings
from fake_server.server import running

TOKEN = "Zt0ken-of-forty-characters-that-is-secret"
URL = f"https://api.cloudflare.com/client/v4/accounts/{'a' * 32}/ai/run"
SENT = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
JSON_TYPE = (("Content-Type", "application/json"),)
REFUSAL = b'{"errors":[{"code":7003,"message":"Invalid value at seed"}],"success":false}'


def call(given: Any = INPUT, *, started: float = 0.0, **changes: Any) -> dict[str, Any]:
    body = json.dumps({"model": CONTRACT.model, "input": given}).encode()
    made: dict[str, Any] = {"status": 200, "received": JSON_TYPE}
    made |= {"reply": json.dumps(EXAMPLE.reply).encode()} | changes
    return entry("POST", URL, SENT, body, started=started, **made)


CALLS = [
    call(started=100.0),
    call(VIOLATING, started=200.0, status=400, reply=REFUSAL),
    call(started=300.0, reply=b'{"state":"Completed","result":{}}'),
]


def judged(path: Path, **options: Any) -> Verification:
    return judge_recordings([path], ContractSet.of(), **options)


def broken(found: Verification) -> list[tuple[str, str]]:
    return [(r.name, f.rule) for r in found.results for f in r.findings]


def test_the_command_names_every_format() -> None:
    assert set(FORMAT_NAMES) == {"auto", *FORMATS}


@pytest.mark.parametrize("name", WRITERS)
def test_a_format_is_detected_by_its_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / "traffic"
    WRITERS[name](path, CALLS)
    assert detect(path) is FORMATS[name.removesuffix("-json").removesuffix("-bucket")]
    found = judged(path)
    assert [rule for _, rule in broken(found)] == ["request.valid", "server.reply-shape"]
    assert (found.exit_code, found.trouble) == (1, ())


@pytest.mark.parametrize("name", WRITERS)
def test_standard_input_is_read_like_a_file(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "traffic"
    WRITERS[name](path, CALLS[:1])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert run(["judge", "-"]) == 0
    assert "CONFORMS: standard input" in capsys.readouterr().out


def test_a_problem_of_standard_input_is_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    WRITERS["har"](tmp_path / "traffic", CALLS)
    for content in (b"", (tmp_path / "traffic").read_bytes()[:-500]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert run(["judge", "-"]) == (3 if content else 2)
        captured = capsys.readouterr()
        assert "standard input is" in captured.out + captured.err
        assert "/standard input" not in captured.out + captured.err


def test_standard_input_is_copied_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    WRITERS["har"](tmp_path / "traffic", CALLS[:1])
    content = (tmp_path / "traffic").read_bytes()
    for bound, code in ((len(content), 0), (len(content) - 1, 2)):
        monkeypatch.setattr(reading, "MAX_FILE", bound)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert run(["judge", "-"]) == code
    assert "standard input is longer than " in capsys.readouterr().err


@pytest.mark.parametrize("name", WRITERS)
def test_a_truncated_file_keeps_what_was_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "traffic"
    WRITERS[name](path, CALLS * 40)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * 2 // 3])
    found = judged(path)
    assert found.exit_code == 3
    assert len(found.results) > (0 if name.endswith("bucket") else 40)
    assert str(path) in found.trouble[0]


def test_a_cassette_says_what_it_cannot_show(tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    WRITERS["vcr"](path, [CALLS[1], CALLS[1]])
    notes = judged(path).notes
    reason = "a cassette holds no times, so an equal call may be a new run"
    assert f"error.not-retried is not judged in 2 of 2 calls: {reason}" in notes


@pytest.mark.parametrize("content", [b"!!binary e30=", b"&one {}", b"{string: null}", b"7"])
def test_an_odd_cassette_is_read_or_refused_with_its_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cassette.yaml"
    WRITERS["vcr"](path, CALLS[:1])
    text = path.read_bytes().replace(b"interactions:", b"version: 1\ninteractions:", 1)
    path.write_bytes(text + b"unread: " + content + b"\n")
    assert len(judged(path).results) == 1
    path.write_bytes(b"interactions:\n- " + content + b"\n")
    assert run(["judge", str(path)]) == 2


def test_a_compressed_reply_of_a_cassette_is_decompressed(tmp_path: Path) -> None:
    made = interaction(CALLS[0])
    made["response"]["headers"]["Content-Encoding"] = ["gzip"]
    path = tmp_path / "cassette.json"
    path.write_text(json.dumps({"version": 1, "interactions": [made]}))
    found = judged(path)  # vcrpy keeps the header of a body that it decompressed
    assert (found.exit_code, broken(found)) == (0, [])
    made["response"]["headers"]["Content-Encoding"] = ["br"]
    made["response"]["body"]["string"] = "\x0b\x02"
    path.write_text(json.dumps({"version": 1, "interactions": [made]}))
    assert "server.reply-shape" not in judged(path).results[0].checked


def test_a_yaml_cassette_without_pyyaml_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cassette.yaml"
    WRITERS["vcr"](path, CALLS[:1])
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "aleph_contract.recordings.yaml_stream", raising=False)
    assert run(["judge", str(path)]) == 2
    assert "pip install 'aleph-contract[recordings]'" in capsys.readouterr().err


def test_only_a_yaml_cassette_imports_pyyaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        assert name != "yaml"
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.delitem(sys.modules, "aleph_contract.recordings.yaml_stream", raising=False)
    path = tmp_path / "cassette.json"
    WRITERS["vcr-json"](path, CALLS[:1])
    assert judged(path).exit_code == 0
    assert "aleph_contract.recordings.yaml_stream" not in sys.modules


def write_lines(path: Path, *documents: Any) -> Path:
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return path


def test_a_log_without_bodies_and_one_with_encrypted_bodies_are_not_judged_on_them(
    tmp_path: Path,
) -> None:
    entries = log_entry(CALLS[1])["log"]
    pushed = {
        "Cached": False, "Model": "aleph-2", "Provider": "runwayml", "StatusCode": 200,
        "RequestBody": {"type": "encrypted", "data": "eA=="}, "Timestamp": 1700000000000,
        "ResponseBody": {"type": "encrypted", "data": "eA=="}, "Metrics": {"cost": 1.68},
    }  # fmt: skip
    found = judged(write_lines(tmp_path / "log", {"result": [entries], "success": True}, pushed))
    assert [r.name for r in found.results] == ["line 1, result 1", "line 2"]
    assert broken(found) == []
    reason = "the request body is not in the recording"
    assert f"request.valid is not judged in 2 of 2 calls: {reason}" in found.notes
    assert not any("request.valid" in r.checked for r in found.results)


def test_the_head_of_a_body_is_read_only_if_it_is_complete(tmp_path: Path) -> None:
    log = log_entry(CALLS[1])["log"]
    head = json.dumps({"model": CONTRACT.model, "input": VIOLATING})
    whole = {**log, "request_head": head, "request_head_complete": True}
    cut = {**log, "request_head": head[:20], "request_head_complete": False}
    found = judged(write_lines(tmp_path / "log", whole, cut))
    assert broken(found) == [("line 1", "request.valid")]


def test_a_log_of_the_input_alone_hides_the_rules_about_its_envelope(tmp_path: Path) -> None:
    found = judged(write_lines(tmp_path / "log", {**log_entry(CALLS[1]), "request": VIOLATING}))
    assert broken(found) == [("line 1", "request.valid")]
    assert not {"request.model", "request.envelope"} & set(found.results[0].checked)


def test_entries_of_other_models_are_counted(tmp_path: Path) -> None:
    other = {**log_entry(CALLS[0])["log"], "model": "gpt-5", "provider": "openai"}
    found = judged(write_lines(tmp_path / "log", other, log_entry(CALLS[0])))
    assert (len(found.results), found.exit_code) == (1, 0)
    assert "calls to other servers, which are not judged: 1" in found.notes


@pytest.mark.parametrize(
    ("cost", "rules"), [(1.68, []), (1.6800000000000002, []), (2, ["server.bill"])]
)
def test_the_cost_in_a_log_is_compared_with_the_price(
    tmp_path: Path, cost: float, rules: list[str]
) -> None:
    made = log_entry(call(INPUT | {"duration": 5}))
    made["log"]["cost"] = cost
    found = judged(write_lines(tmp_path / "log", made))
    assert [rule for _, rule in broken(found)] == rules
    assert "server.bill" in found.results[0].checked


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("start", [b'{"log":{"entries":[{"url":"', b"interactions:\n- uri: '"])
def test_a_value_too_long_for_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes, *, compressed: bool
) -> None:
    """A compressed file of 3 MB may hold 3 GB."""
    for module in ("json_stream", "yaml_stream"):
        monkeypatch.setattr(f"aleph_contract.recordings.{module}.MAX_VALUE", 500_000)
    path = tmp_path / "bomb"
    path.write_bytes(
        gzip.compress(start + b"a" * 3_000_000) if compressed else start + b"a" * 3_000_000
    )
    with pytest.raises(AlephContractError, match="more than 500,000"):
        judged(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"status": 10**30},
            "the status 10000000000000000000… 11 more characters has not three digits",
        ),
        ({"status": 99}, "the status 99 has not three digits"),
        ({"status": -200}, "the status -200 has not three digits"),
        ({"started": float("inf")}, "a time is not a finite number"),
        ({"elapsed": float("nan")}, "a time is not a finite number"),
    ],
)
def test_an_impossible_status_or_time_is_no_call(changes: dict[str, Any], reason: str) -> None:
    usual: dict[str, Any] = {"status": 200, "started": 1.0, "elapsed": 1.0} | changes
    call = RecordedCall("POST", URL, (), b"", response_headers=(), response_body=b"", **usual)
    found = checked("entry 1", "call", lambda *_: call, {})
    assert found == BadEntry("entry 1", f"it is no call: {reason}")


def test_a_bad_line_is_named_and_the_others_are_judged(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "log", log_entry(CALLS[0]), log_entry(CALLS[1]))
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{{oops\n7\n{second}\n")
    found = judged(path)
    assert (len(found.results), found.exit_code) == (2, 3)
    assert [text.split(": ")[0] for text in found.trouble] == [
        f"{path}, line 2 column 2", f"{path}, line 3",
    ]  # fmt: skip


def test_a_capture_judges_the_server_and_not_our_own_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", STUB_TOKEN)
    path = tmp_path / "capture.jsonl"
    words = ["--token-env", "TOKEN", "--capture", str(path), "--max-examples", "0"]
    words += ["--run", "envelope/*", "--run", "boundary/seed/*"]
    with serving(Stub(skips=("auth",), content_type="text/html")) as served:
        report = tmp_path / "live.json"
        assert run(["verify", "server", served.url, *words, "--report", f"json:{report}"]) == 1
    live = [[f["rule"] for f in c["findings"]] for c in json.loads(report.read_text())["cases"]]
    found = judged(path)
    assert detect(path) is FORMATS["capture"]
    assert [[f.rule for f in r.findings] for r in found.results] == live
    assert any("made the calls, and sends wrong ones" in note for note in found.notes)


def test_a_capture_whose_last_line_ends_early_is_read_to_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "capture.jsonl"
    with serving(Stub()) as served:
        words = ["--capture", str(path), "--run", "boundary/seed/*", "--max-examples", "0"]
        run(["verify", "server", served.url, *words])
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines)[:-100])
    found = judged(path)
    assert (len(found.results), found.exit_code) == (len(lines) - 1, 3)
    assert f"line {len(lines)} column" in found.trouble[0]
    assert "ends early" in found.trouble[0]


def test_a_journal_of_an_older_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with running(journal=f"sqlite:{path}") as fake:
        account = fake.account()
        target = f"{account.base_url}/accounts/{account.id}/ai/run"
        body = json.dumps({"model": CONTRACT.model, "input": INPUT}).encode()
        Recorder().send("POST", target, {**SENT, "Authorization": f"Bearer {account.token}"}, body)
        account.settle(PATIENCE)
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE exchange DROP COLUMN token_fingerprint")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    found = judged(path)
    assert (len(found.results), found.exit_code) == (1, 0)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert run(["judge", str(path)]) == 2
