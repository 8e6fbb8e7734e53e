"""Exports of selected exchanges, the comparison of two, and the deletion of the log."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from calling import HTTP
from inspector_client import GOOD, call, get_page, make_run

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.recordings.formats import FORMATS, detect
from aleph_contract.verify.recorded_traffic import judge_recordings
from fake_server.account_handle import AccountHandle
from fake_server.inspector.comparison import DiffRow, compare, diff
from fake_server.server import Server


def export(server: Server, account: AccountHandle, kind: str, *numbers: int) -> str:
    """Export the exchanges of an account with these numbers, or all."""
    params: list[tuple[str, str | int | float | bool | None]] = [
        ("format", kind),
        ("account", account.id),
        *(("pick", f"{account.id}/{number}") for number in numbers),
    ]
    answer = HTTP.get(f"{server.inspector}inspector/export", params=params)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.text


@pytest.fixture
def calls(account: AccountHandle) -> AccountHandle:
    """An account with a completed, a refused, a failed and a cut call, and a wrong token."""
    call(account, GOOD | {"prompt": "it's\nnight"})
    call(account, GOOD | {"seed": -1})
    account.scenario([{"fault": "internal-error"}, {"fault": "dropped"}])
    call(account)
    with pytest.raises(httpx.TransportError):
        call(account)
    call(account, headers={"authorization": "Bearer of-another-account"})
    assert len(account.exchanges) == 5
    return account


@pytest.mark.parametrize(("kind", "name"), [("har", "har"), ("fixture", "capture")])
def test_judge_reads_a_har_and_a_fixture(
    server: Server, calls: AccountHandle, tmp_path: Path, kind: str, name: str
) -> None:
    path = tmp_path / "exported"
    path.write_text(export(server, calls, kind))
    assert detect(path) is FORMATS[name]
    found = judge_recordings([path], ContractSet.of())
    assert {result.status for result in found.results} == {"passed", "failed"}
    client = {f.rule for r in found.results for f in r.findings if not f.rule.startswith("server")}
    assert "request.valid" in client


def test_a_fixture_holds_the_exchange_exactly(server: Server, calls: AccountHandle) -> None:
    lines = [json.loads(line) for line in export(server, calls, "fixture", 2, 1).splitlines()]
    assert [line["number"] for line in lines] == [1, 2]
    for line, exchange in zip(lines, calls.exchanges, strict=False):
        assert line["request_body"].encode() == exchange.request_body
        assert line["response_body"].encode() == exchange.response_body
        assert calls.token not in json.dumps(line)


def test_the_curl_script_makes_the_calls_again(
    server: Server, calls: AccountHandle, tmp_path: Path
) -> None:
    script = tmp_path / "calls.sh"
    script.write_text(export(server, calls, "curl", 1, 2))
    environment = {"CLOUDFLARE_API_TOKEN": calls.token, "PATH": "/usr/bin:/bin"}
    subprocess.run(["sh", script], check=True, env=environment, capture_output=True)
    first, second = calls.exchanges[:2]
    again = calls.exchanges[5:]
    assert [x.request_body for x in again] == [first.request_body, second.request_body]
    assert [x.outcome for x in again] == ["completed", "invalid"]


def test_the_pytest_file_passes_and_fails_if_the_fake_answers_otherwise(
    server: Server, calls: AccountHandle
) -> None:
    text = export(server, calls, "pytest")
    assert calls.token not in text
    names: dict[str, Any] = {}
    exec(compile(text, "test_exchanges.py", "exec"), names)  # noqa: S102 - our own export
    tests = [test for name, test in names.items() if name.startswith("test_run")]
    assert len(tests) == 4  # the cut call repeats the failed one
    for test in tests:
        test(server)
    exec(compile(text.replace("== 400", "== 200"), "test_exchanges.py", "exec"), names)  # noqa: S102
    with pytest.raises(AssertionError):
        next(test for name, test in names.items() if name.endswith("invalid"))(server)


def test_the_pytest_file_repeats_the_own_reply_of_a_step(
    server: Server, account: AccountHandle
) -> None:
    account.scenario([{"status": 418, "body": "short and stout"}])
    assert call(account).status_code == 418
    names: dict[str, Any] = {}
    exec(compile(export(server, account, "pytest"), "test_exchanges.py", "exec"), names)  # noqa: S102
    names["test_run_1_own_reply"](server)
    assert server.exchanges[-1].response_body == b"short and stout"


def test_an_unknown_format_is_refused(server: Server) -> None:
    answer = get_page(server, "inspector/export?format=pdf")
    assert answer.status_code == 422
    assert "har, curl, pytest, fixture" in answer.json()["detail"]


class TestComparison:
    """Two exchanges side by side."""

    def test_lines_that_differ_are_marked_and_equal_ones_are_counted(self) -> None:
        same = [f"line {n}" for n in range(20)]
        rows = list(diff([*same, "old", *same], [*same, "new", "more", *same]))
        assert [row for row in rows if not row.same] == [
            DiffRow("old", "new", same=False),
            DiffRow(None, "more", same=False),
        ]
        assert [row.skipped for row in rows if row.skipped] == [16, 16]

    def test_only_the_differing_parts_differ(self) -> None:
        left = make_run(1, request_body=b'{"input":{"seed":1,"prompt":"a"}}')
        right = make_run(2, request_body=b'{"input":{"seed":2,"prompt":"a"}}')
        parts = dict(compare(left, right).parts)
        differing = {title for title, rows in parts.items() if not all(r.same for r in rows)}
        assert differing == {"Request body"}
        row = next(row for row in parts["Request body"] if not row.same)
        assert (row.left, row.right) == ('    "seed": 1,', '    "seed": 2,')

    def test_the_page_needs_two_calls(self, server: Server, calls: AccountHandle) -> None:
        picks = [f"pick={calls.id}/{number}" for number in (1, 2, 99)]
        one = get_page(server, f"inspector/compare?{picks[0]}").text
        assert "checked: 1" in one
        assert (
            "no longer holds" in get_page(server, f"inspector/compare?{'&'.join(picks[1:])}").text
        )
        page = get_page(server, f"inspector/compare?{'&'.join(picks[:2])}").text
        assert "status 200" in page
        assert "status 400" in page
        assert "Reply headers" in page


class TestClear:
    """The log of one account, or of all, is deleted; the summary is counted again."""

    @pytest.mark.parametrize("every", [False, True])
    def test_the_exchanges_are_deleted(
        self, server: Server, account: AccountHandle, every: bool
    ) -> None:
        other = server.account()
        call(account)
        call(other)
        url = f"{server.inspector}inspector/clear"
        form = {"account": "" if every else account.id}
        answer = HTTP.post(url, data=form, headers={"origin": server.origin})
        assert answer.status_code == 303
        assert (len(account.exchanges), len(other.exchanges)) == (0, 0 if every else 1)
        assert account.bill.runs == 1

    def test_a_form_from_another_site_and_a_wrong_account_delete_nothing(
        self, server: Server, account: AccountHandle
    ) -> None:
        call(account)
        url = f"{server.inspector}inspector/clear"
        assert HTTP.post(url, headers={"origin": "https://evil.example"}).status_code == 403
        assert HTTP.post(url, data={"account": "me"}).status_code == 422
        assert len(account.exchanges) == 1
