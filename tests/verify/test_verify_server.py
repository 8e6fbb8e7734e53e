"""Servers with one defect are caught, and lawful servers are not accused."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ports import free_port
from server_specimens import CONSTRAINTS, FAULTY, LAWFUL, without
from stub_server import CONTRACT, TOKEN, Stub, serving
from waiting import PATIENCE

from aleph_contract.cases.certificates import holds
from aleph_contract.cli import run
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.rules.server import judge_server
from aleph_contract.rules.server_table import SERVER_RULES
from aleph_contract.verify.server import runner
from aleph_contract.verify.server.call import PlannedCall
from aleph_contract.verify.server.last_items import build, last_items
from aleph_contract.verify.server.plan import plan
from aleph_contract.verify.server.runner import ServerSettings, choose, verify_server
from aleph_contract.verify.server.target import Target
from fake_server.server import running

TARGET = Target.parse("http://127.0.0.1:1/client/v4", token=TOKEN)
PLAN = plan(TARGET, CONTRACT)


def answered(stub: Stub, call: PlannedCall) -> Exchange:
    """The exchange of a call with a stub, without a socket."""
    tokens = {"accepted": f"Bearer {TOKEN}", "refused": "Bearer x"}
    token = tokens.get(call.credential, "")
    status, value = stub.answer(call.method, call.path, token, call.body)
    return Exchange(
        number=1,
        account="0" * 32,
        surface="rest",
        method=call.method,
        target=call.path,
        request_headers=call.headers,
        request_body=call.body,
        request_complete=True,
        credential=call.credential,
        status=status,
        response_headers=(("content-type", stub.content_type),),
        response_body=json.dumps(value).encode(),
        outcome="completed",
    )


def broken(stub: Stub) -> Iterator[str]:
    """The must rules that a stub breaks, call by call."""
    for call in PLAN:
        judgement = judge_server(answered(stub, call), call.case, CONTRACT, checks_token=True)
        yield from (f.rule for f in judgement.findings if f.level == "must")


@pytest.mark.parametrize("key", CONSTRAINTS)
def test_a_server_without_one_constraint_accepts_a_case_of_it(key: str) -> None:
    stub = Stub(allows=without(CONSTRAINTS[key]))
    calls = [c for c in PLAN if c.case and c.case.constraint and c.case.constraint.key == key]
    findings = [f for c in calls for f in judge_server(answered(stub, c), c.case).findings]
    assert "server.refuses" in {f.rule for f in findings if f.level == "must"}


@pytest.mark.parametrize("name", [name for name in FAULTY if name != "overcharges"])
def test_a_faulty_server_breaks_its_rule(name: str) -> None:
    stub, rule = FAULTY[name]
    assert rule in broken(stub)


def test_every_rule_has_a_faulty_server() -> None:
    assert {rule for _, rule in FAULTY.values()} == set(SERVER_RULES)


@pytest.mark.parametrize(("factor", "rules"), [("1", set()), ("1.1", {"server.bill"})])
def test_the_bill_of_a_fake_is_compared_with_the_price(factor: str, rules: set[str]) -> None:
    result = verified(Stub(bill=Decimal(factor)), run=("boundary/duration/*", "boundary/seed/*"))
    assert {f.rule for r in result.results for f in r.broken} == rules
    assert "server.bill" in {rule for r in result.results for rule in r.checked}


def test_our_fake_keeps_every_rule_on_both_surfaces() -> None:
    with running() as fake:
        account = fake.account()
        rest = Target.parse(account.base_url, account_id=account.id, token=account.token)
        binding = Target.parse(account.base_url.partition("/client")[0], surface="binding")
        for target in (rest, binding):
            options = ServerSettings(max_examples=0, run=("envelope/*", "boundary/duration/*"))
            result = verify_server(target, CONTRACT, options)
            assert [f for r in result.results for f in r.findings] == []
            assert result.exit_code == 0
            routes = [r for r in result.results if r.name == "envelope/route"]
            assert [r.checked for r in routes if "server.route" in r.checked]


def test_the_file_of_last_items_is_that_of_the_shipped_contract() -> None:
    remedy = "after an intended change: python -m aleph_contract.verify.server.last_items"
    assert tuple(build(CONTRACT)) == last_items(CONTRACT), remedy


def test_a_case_of_the_last_item_has_a_certificate_that_holds() -> None:
    moved = [c.case for c in PLAN if c.case and c.name.endswith("/last-item")]
    assert len(moved) > 100
    for case in moved[::10]:
        assert case.certificate is not None
        assert holds(case.certificate, CONTRACT.input_schema, case.input)


@pytest.mark.parametrize("busy", [1, 5])
def test_a_call_is_repeated_once_after_the_wait_that_a_429_asks_for(
    busy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    stub = Stub(busy=busy)
    with serving(stub) as served:
        target = Target.parse(served.url, token=TOKEN)
        options = ServerSettings(max_examples=0, run=("boundary/seed/maximum/on",))
        result = verify_server(target, CONTRACT, options)
    assert list(filter(None, waited)) == [1.0]
    assert (served.calls, len(served.bodies)) == (2, int(busy == 1))
    assert result.exit_code == (0 if busy == 1 else 3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_leaves_a_capture_of_every_call_that_was_sent(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "capture.jsonl"
    words = ["--capture", str(path), "--max-examples", "0", "--run", "boundary/seed/*"]
    with serving(Stub(delay=0.3)) as served:
        program = [sys.executable, "-m", "aleph_contract", "verify", "server", served.url]
        with subprocess.Popen([*program, *words], stdout=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + PATIENCE
            while served.calls < 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(number)
            code = process.wait(PATIENCE)
        sent = served.calls
    lines = path.read_text().splitlines()
    assert sent >= 3
    assert len(lines) in (sent, sent + 1)
    assert [json.loads(line)["number"] for line in lines[:-1]] == list(range(1, len(lines)))
    assert '"request_body": "{' in lines[-1]
    if number is signal.SIGKILL:
        assert not lines[-1].endswith("}")
    else:
        assert code == 3
        assert json.loads(lines[-1])["status"] is None


#: Cases that are sent over a socket; the others differ in the input alone.
SOME = ("envelope/*", "boundary/seed/*", "boundary/prompt/*", "example/*")


def verified(stub: Stub, **options: Any) -> Verification:
    with serving(stub) as served:
        target = Target.parse(served.url, token=TOKEN)
        return verify_server(target, CONTRACT, ServerSettings(max_examples=0, **options))


@pytest.mark.parametrize("name", LAWFUL)
def test_a_lawful_server_conforms(name: str) -> None:
    if replace(LAWFUL[name], delay=0, http="HTTP/1.1") != Stub():
        assert not list(broken(LAWFUL[name]))
    some = SOME if name != "slow" else ("envelope/*", "example/*")
    result = verified(LAWFUL[name], run=some)
    assert result.exit_code == 0, [(r.name, r.findings) for r in result.results if r.findings]
    assert result.examined == len(result.results)


@pytest.mark.parametrize("name", ["accepts everything", "last item unchecked", "html label"])
def test_a_faulty_server_fails_over_a_socket(name: str) -> None:
    stub, rule = FAULTY[name]
    result = verified(stub, run=(*SOME, "boundary/keyframes/*"))
    assert result.exit_code == 1
    assert rule in {f.rule for r in result.results for f in r.broken}


def test_the_command_reports_captures_and_hides_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    capture, report = tmp_path / "capture.jsonl", tmp_path / "report.json"
    capture.touch(0o644)
    forms = [quote(TOKEN, safe="").replace("-", "%2D"), TOKEN.replace("-", "\\u002d"), TOKEN]
    forms += [base64.b64encode(f"{'x' * n}{TOKEN}y".encode()).decode() for n in range(3)]
    echo = {"errors": [{"code": 7003, "message": f"token {' '.join(forms)}"}], "success": False}
    words = ["--token-env", "TOKEN", "--capture", str(capture), "--run", "boundary/seed/*"]
    with serving(Stub(refusal=echo)) as served:
        reports = ["--report", "terminal", "--report", f"json:{report}"]
        code = run(["verify", "server", served.url, *words, *reports])
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert "CONFORMS" in shown
    assert "played" not in shown
    assert "seed/maximum" in shown
    assert capture.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in capture.read_text().splitlines()]
    assert len(lines) == len(json.loads(report.read_text())["cases"])
    assert {line["status"] for line in lines} == {200, 400}
    written = shown + capture.read_text() + report.read_text()
    assert not [form for form in forms if form[4:-4] in written]


@pytest.mark.parametrize("form", ["json", "junit", "html", "github", "sarif"])
def test_every_report_names_the_broken_server_rule(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Stub(allows=lambda _: True, skips=("auth",))) as served:
        words = ["--run", "boundary/seed/*", "--report", form]
        assert run(["verify", "server", served.url, *words]) == 1
    assert "server.refuses" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["", "/client/v4"])
def test_a_base_url_without_its_path_is_doubted(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running() as fake:
        url = fake.base_url.removesuffix("/client/v4") + path
        code = run(["verify", "server", url, "--run", "boundary/seed/*/on"])
    assert code == (0 if path else 1)
    note = "note: no valid input was accepted; a REST base URL ends with /client/v4"
    assert (note in capsys.readouterr().out) is not bool(path)


def test_a_host_that_does_not_answer_gives_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "server", f"http://127.0.0.1:{free_port()}/client/v4"]) == 3
    assert "no connection" in capsys.readouterr().out


def test_a_failed_tls_handshake_gives_3(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Stub()) as served:
        url = served.url.replace("http:", "https:")
        assert run(["verify", "server", url]) == 3
    assert "TLS" in capsys.readouterr().out


def test_a_redirect_gives_3(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Stub(refused_with=302, allows=lambda _: False, skips=("auth",))) as served:
        words = ["--run", "boundary/seed/maximum/on"]
        assert run(["verify", "server", served.url, *words]) == 3
    assert "redirects" in capsys.readouterr().out


def test_a_server_that_refuses_every_caller_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MAX_WAIT", 0)
    result = verified(Stub(refused_with=429, allows=lambda _: False), run=("example/*",))
    assert result.exit_code == 3


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://a.example", "http://u:p@127.0.0.1/"])
def test_an_impossible_base_url_gives_2(url: str) -> None:
    assert run(["verify", "server", url]) == 2


def test_the_times_of_the_phases_add_up() -> None:
    result = verified(Stub(), run=("envelope/route", "example/*"))
    names = [name for name, _ in result.phases]
    assert names == ["set-up", "envelope", "valid", "tear-down", "coverage"]
    assert sum(seconds for _, seconds in result.phases) == pytest.approx(result.elapsed)


def test_the_rate_bounds_the_calls_per_second() -> None:
    result = verified(Stub(), run=("boundary/seed/minimum/*", "boundary/seed/maximum/*"), rate=50.0)
    assert result.elapsed >= (len(result.results) - 1) / 50


def test_a_selection_without_a_case_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no case is left"):
        choose(TARGET, CONTRACT, ServerSettings(run=("nothing",), max_examples=0))
