"""The terminal report: content, order, width, colours, and no control sequences of a client."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import sample_runs as sample

from aleph_contract.core.escaping import escape_controls, escape_workflow_commands, money
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.core.results import CaseResult, Finding
from aleph_contract.reports import FORMATS
from aleph_contract.reports.terminal import render, render_verdict
from aleph_contract.reports.text import MAX_PAYLOAD, Style


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


class Terminal(io.StringIO):
    """A stream whose `isatty` is true."""

    def isatty(self) -> bool:
        return True


VERBOSE = Style(verbose=True)


def _with(case: CaseResult, style: Style = VERBOSE) -> str:
    return render(sample.run(case), style)


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("name", sample.ALL)
@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_only_commands_and_names_are_wider_than_the_terminal(
    name: str, width: int, verbose: bool
) -> None:
    lines = render(sample.ALL[name], Style(width, verbose=verbose)).splitlines()
    table = ("rule ", *(f"{rule} " for rule in sample.RULES))
    wide = [line for line in lines if len(line) > width and not line.startswith(table)]
    unbroken = ("correct request ", "command ", "next: ", "boundary/duration/exclusiveMinimum/")
    assert all(line.lstrip().startswith(unbroken) for line in wide), wide


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1234.5", "1,234.50 USD"), ("0.001", "under 0.01 USD"), ("3.36e308", "3.36e+308 USD")],
)
def test_an_amount_of_money(amount: str, text: str) -> None:
    assert money(Decimal(amount)) == text


def test_each_broken_rule_is_shown_once_cause_by_cause() -> None:
    text = render(sample.FAILING)
    assert text.count("BROKEN request.faithful in 2 of 5 cases") == 1
    found = re.findall(r"^  (\S+/\S+)\n    found +(.*)$", text, re.MULTILINE)
    assert found[:2] == [
        ("boundary/seed/minimum/on", "seed is not what was meant"),
        ("boundary/prompt/maxLength/on", "prompt is not what was meant"),
    ]


def test_an_example_is_six_lines() -> None:
    example = render(sample.FAILING).split("\n\n")[2].splitlines()
    assert example[0] == "  boundary/seed/minimum/on"
    labels = ["found", "intended", "sent", "answered", "matters", "command"]
    assert [line.split()[0] for line in example[1:]] == labels
    assert example[3] == (
        "    sent       missing /seed: 0; dropped, perhaps because 0 is false in a condition"
    )
    assert example[5] == "    matters    why On the real service: 1.68 USD."


def test_the_spaces_of_a_sent_value_are_kept() -> None:
    call = sample.exchange(1, {**sample.INPUT, "seed": "0  0 "})
    text = render(sample.run(replace(sample.DROPPED, exchanges=(call,))))
    assert 'sent       changed /seed; intended 0; sent "0  0 "' in text


def test_the_statuses_add_up_to_the_cases() -> None:
    text = render(sample.FAILING)
    assert "9 cases = 3 passed + 4 failed + 1 expected + 1 skipped\n" in text


def test_advice_comes_after_broken_rules_with_the_same_evidence() -> None:
    head, _, advice = render(sample.FAILING).partition("ADVICE error.identified in 2 of 2 cases")
    assert "BROKEN" in head
    for label in ("found", "intended", "sent", "answered", "matters", "command"):
        assert f"    {label} " in advice.split("\n\n")[1]


def test_advice_that_repeats_a_broken_rule_is_one_line() -> None:
    (finding,) = sample.DROPPED.findings
    other = replace(
        sample.DROPPED,
        name="profile/live/simple",
        status="passed",
        findings=(replace(finding, level="advice"),),
    )
    text = render(sample.run(sample.DROPPED, other))
    said = "ADVICE request.faithful in 1 of 2 cases, found as under BROKEN request.faithful"
    assert text.count("ADVICE") == 1
    assert f"\n\n{said}\n\nsummary\n" in text
    assert "\n  profile/live/simple\n" in render(sample.run(sample.DROPPED, other), VERBOSE)


def test_the_table_of_rules_and_the_details_need_verbose() -> None:
    for said in ("not examined: ", "\n    expected ", "correct request", "(example 0.2 s"):
        assert said in render(sample.FAILING, VERBOSE)
        assert said not in render(sample.FAILING)


def test_quiet_is_the_verdict_alone() -> None:
    assert render_verdict(sample.FAILING).count("\n") == 1
    assert render_verdict(sample.FAILING).startswith("DOES NOT CONFORM: ")


def test_a_rule_that_fails_as_expected_is_not_called_broken() -> None:
    text = render(sample.FAILING)
    assert "BROKEN error.surfaced" not in text
    assert "1 case expected to fail: the seed is an int32 until version 2" in text


def test_calls_have_their_time_and_price() -> None:
    text = render(sample.FAILING, VERBOSE)
    assert "calls      3 calls, 3.36 USD\n" in text
    assert "3. POST /client/v4/accounts/…/ai/run after 2.0 s: 200 completed\n" in text


def test_exec_shows_no_intended_input() -> None:
    text = render(sample.PASSIVE)
    assert "intended" not in text
    assert '  sent       {"prompt":"Make it snow"' in text


def test_exec_shows_a_body_that_holds_no_input() -> None:
    [result, *_] = sample.PASSIVE.results
    call = replace(result.exchanges[-1], request_body=b'{"model": "runwayml/aleph-2", "in')
    broken = replace(result, intended=None, exchanges=(call,))
    text = render(replace(sample.PASSIVE, results=(broken,)))
    assert "sent       null" not in text
    assert '(application/json) {"model": "runwayml/aleph-2", "in\n' in text


def test_rules_that_were_not_examined_share_a_line() -> None:
    text = render(sample.PASSIVE, VERBOSE)
    assert "\nrequest.once         2          1  broken\n" in text
    assert text.count("not examined") == 1
    assert "not examined: request.faithful, boundary.accepted," in text


def test_only_the_first_of_many_calls_are_listed() -> None:
    calls = tuple(sample.limited(number, sample.INPUT) for number in range(1, 31))
    text = _with(replace(sample.RETRIED, exchanges=calls))
    assert "30 calls, 0.00 USD" in text
    assert "… 22 more calls" in text


def test_a_long_payload_says_how_much_is_left_out() -> None:
    body = b"x" * 1348
    call = replace(sample.exchange(1, sample.INPUT), response_body=body)
    text = _with(replace(sample.DROPPED, exchanges=(call,)))
    assert "".join(text.split()).count("x" * MAX_PAYLOAD) == 1
    assert "… 948 more characters" in text


def test_payloads_are_wrapped_without_loss() -> None:
    given = {**sample.INPUT, "prompt": "a  b-" * 12}
    text = _with(replace(sample.DROPPED, intended=given), Style(60))
    intended = text.partition("intended   ")[2].partition("\n    sent  ")[0]
    assert len(intended.splitlines()) > 1
    assert intended.replace("\n               ", "") == dumps(given)


def test_commands_are_not_wrapped() -> None:
    command = "curl " + "x" * 3000
    assert f"    correct request {command}\n" in _with(replace(sample.DROPPED, curl=command))


def test_a_command_too_long_to_copy_is_left_out() -> None:
    text = _with(replace(sample.DROPPED, curl="curl " + "x" * 9000))
    assert "correct request a command of 9,005 characters; the json report has it in full" in text


def test_the_report_of_the_client_and_the_end_of_its_standard_error_are_shown() -> None:
    outcome = Outcome(
        "error",
        error=ReportedError("no", "api", 429, 2003),
        stderr="".join(f"line {n}\n" for n in range(20)),
    )
    text = _with(replace(sample.DROPPED, outcome=outcome))
    assert "reported   error (stage api, status 429, code 2003): no\n" in text
    assert "stderr     line 12\n               line 13\n" in text
    assert "line 11\n" not in text


@pytest.mark.parametrize("kind", ["stuck", "crashed"])
def test_a_stuck_or_crashed_client_is_shown_with_the_reason(kind: str) -> None:
    outcome = Outcome(kind, reason="ended with code 139")  # type: ignore[arg-type]
    outcome = replace(outcome, stderr="first\nlast\n")
    text = render(sample.run(replace(sample.DROPPED, outcome=outcome)))
    said = f"; the client reported {kind}: ended with code 139; the last line of its standard error"
    assert f"{said} is last\n" in text


def test_a_call_without_a_duration_has_no_price() -> None:
    known = sample.exchange(1, sample.INPUT)
    unknown = replace(known, billed_seconds=None, cost=Decimal(0))
    two = _with(replace(sample.DROPPED, exchanges=(known, unknown)))
    assert "calls      2 calls, 1.68 USD and 1 run at unknown cost (no duration)\n" in two
    one = _with(replace(sample.DROPPED, exchanges=(unknown,)))
    assert "calls      1 call, at unknown cost (no duration): POST" in one


def test_a_call_without_a_response_is_shown_as_no_answer() -> None:
    call = replace(sample.exchange(1, sample.INPUT), status=None, response_body=b"", outcome="cut")
    text = _with(replace(sample.DROPPED, exchanges=(call,)))
    assert "/ai/run: no answer cut\n" in text
    assert "reply      none\n" in text


def test_exec_lists_untried_constraints_and_faults() -> None:
    text = render(sample.PASSIVE)
    assert "constraints tried: 2 of 2 on the bound, 1 of 2 outside; faults played: 1 of 3\n" in text
    assert "  never outside: prompt/maxLength\n  never played: server-error, result-null\n" in text
    assert "the command exited with 1\n" in text


@pytest.mark.parametrize(
    ("stream", "environment", "colour"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "0"}, False),
    ],
)
def test_colours_depend_on_the_stream_and_the_environment(
    stream: io.StringIO, environment: dict[str, str], colour: bool
) -> None:
    assert Style.of(stream, environment).colour is colour


def test_no_line_is_wrapped_outside_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    style = Style.of(io.StringIO(), {})
    assert '{"prompt":"Make it snow","video_uri":"https://example.com/source.mp4","seed":0}' in (
        render(sample.FAILING, style)
    )
    assert (
        sum(
            "CONFORM: aleph-client breaks 3 rules" in x and "1 stale line" in x
            for x in render(sample.FAILING, style).splitlines()
        )
        == 1
    )
    assert Style.of(Terminal(), {}).width == 100


def test_colours_do_not_change_the_text() -> None:
    coloured = render(sample.FAILING, Style(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(sample.FAILING)
    assert coloured != render(sample.FAILING)


def test_text_of_the_client_has_no_control_sequences_or_workflow_commands() -> None:
    text = render(sample.HOSTILE)
    assert text == escape_controls(text)
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert (
        escape_workflow_commands("  ::error::x ##[group]y a::b")
        == "  \\u003a:error::x \\u0023#[group]y a::b"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_no_report_starts_a_workflow_command_of_the_client(name: str) -> None:
    finding = "sent\n::error::x\n  ::set-output name=a::b ##[add-mask]c"
    case = sample.case(
        "boundary/seed/minimum/on", "failed", findings=sample.must("request.faithful", finding)
    )
    text = FORMATS[name](sample.run(case))
    client = [line for line in text.splitlines() if "set-output" in line or "error::x" in line]
    assert client
    assert not [line for line in client if line.startswith(("::error::x", "  ::set-output"))]
    assert name == "github" or "##[" not in text  # an annotation holds no second command


def test_rendering_needs_no_rich() -> None:
    """The import of rich takes 0.1 s; only the progress line needs it."""
    code = (
        "import sys, io, sample_runs as s; from aleph_contract.reports import FORMATS\n"
        "from aleph_contract.reports.progress import Progress\n"
        "FORMATS['terminal'](s.FAILING); Progress(io.StringIO()).close()\n"
        "assert not {'rich', 'jinja2', 'fastapi', 'hypothesis'} & set(sys.modules), sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1] / "support", check=True
    )


def test_the_details_of_a_case_are_printed_once() -> None:
    """A case that breaks two rules is shown with its details under the first of them."""
    second = Finding("request.valid", "must", "is not valid either")
    twice = _with(replace(sample.DROPPED, findings=(*sample.DROPPED.findings, second)))
    assert re.search(r"details +see request\.(valid|faithful), above", twice)
    assert twice.count("  expected   ") == twice.count("  reply      ") == 1
    assert twice.count("  found      ") == 2
