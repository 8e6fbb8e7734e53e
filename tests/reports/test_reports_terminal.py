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

from aleph_contract.core.escaping import escape_controls, escape_workflow_commands
from aleph_contract.core.exchange import Outcome, ReportedError
from aleph_contract.core.results import CaseResult, Finding
from aleph_contract.reports.terminal import MAX_PAYLOAD, Style, render


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


class Terminal(io.StringIO):
    """A stream whose `isatty` is true."""

    def isatty(self) -> bool:
        return True


def _with(case: CaseResult) -> str:
    return render(sample.run(case))


def test_the_verdict_is_last() -> None:
    assert render(sample.PASSING).splitlines()[-1].startswith("CONFORMS: aleph-client keeps")
    last = render(sample.FAILING).split("\n\n")[-1]
    assert last.startswith("DOES NOT CONFORM: aleph-client breaks 3 rules in 4 of 9 cases")


@pytest.mark.parametrize("name", sample.ALL)
@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_only_commands_are_wider_than_the_terminal(name: str, width: int) -> None:
    lines = render(sample.ALL[name], Style(width)).splitlines()
    table = ("rule ", *(f"{rule} " for rule in sample.RULES))
    wide = [line for line in lines if len(line) > width and not line.startswith(table)]
    assert all(line.lstrip().startswith(("correct request ", "reproduce ")) for line in wide), wide


def test_each_broken_rule_is_shown_once_with_the_smallest_input() -> None:
    text = render(sample.FAILING)
    assert text.count("BROKEN request.faithful") == 1
    assert "BROKEN request.faithful in 2 of 5 cases" in text
    assert re.search("smallest +boundary/seed/minimum/on", text)
    assert re.search("also found +prompt is not what was meant", text)
    assert re.search("in +1 case, such as boundary/prompt/maxLength/on", text)


def test_the_statuses_add_up_to_the_cases() -> None:
    text = render(sample.FAILING)
    assert "9 cases = 3 passed + 4 failed + 1 expected + 1 skipped + 0 could not run" in text


def test_advice_comes_after_broken_rules_with_the_same_evidence() -> None:
    head, _, advice = render(sample.FAILING).partition("ADVICE error.identified in 2 of 2 cases")
    assert "BROKEN" in head
    assert "BROKEN" not in advice
    for label in ("expected", "sent", "calls", "reply", "reported", "reproduce"):
        assert f"  {label} " in advice.split("\n\n")[0]


def test_a_rule_that_fails_as_expected_is_not_called_broken() -> None:
    text = render(sample.FAILING)
    assert "BROKEN error.surfaced" not in text
    assert "1 case expected to fail: the seed is an int32 until version 2" in text


def test_calls_have_their_time_and_price() -> None:
    text = render(sample.FAILING)
    assert "calls      3 calls, 3.36 USD\n" in text
    assert "3. POST /client/v4/accounts/…/ai/run after 2.0 s: 200 completed\n" in text


def test_exec_shows_no_intended_input() -> None:
    text = render(sample.PASSIVE)
    assert "intended" not in text
    assert '  sent       {"prompt":"Make it snow"' in text


def test_rules_that_were_not_examined_share_a_line() -> None:
    text = render(sample.PASSIVE)
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
    assert "… 948 more characters" in text.replace("\n             ", "")


def test_payloads_are_wrapped_without_loss() -> None:
    video = "http://127.0.0.1/" + "a b-" * 60
    text = _with(replace(sample.DROPPED, outcome=Outcome("result", result=video)))
    intended = text.partition("intended   ")[2].partition("  sent  ")[0]
    joined = intended.replace("\n             ", "").strip()
    assert (
        joined == '{"prompt":"Make it snow","video_uri":"https://example.com/source.mp4","seed":0}'
    )


def test_commands_are_not_wrapped() -> None:
    command = "curl " + "x" * 3000
    assert f"  correct request {command}\n" in _with(replace(sample.DROPPED, curl=command))


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
    assert "stderr     line 12\n             line 13\n" in text
    assert "line 11\n" not in text


@pytest.mark.parametrize("kind", ["stuck", "crashed"])
def test_a_stuck_or_crashed_client_is_shown_with_the_reason(kind: str) -> None:
    outcome = Outcome(kind, reason="ended with code 139")  # type: ignore[arg-type]
    assert f"reported   {kind}: ended with code 139" in _with(
        replace(sample.DROPPED, outcome=outcome)
    )


def test_a_call_without_a_duration_has_no_price() -> None:
    known = sample.exchange(1, sample.INPUT)
    unknown = replace(known, billed_seconds=None, cost=Decimal(0))
    two = _with(replace(sample.DROPPED, exchanges=(known, unknown)))
    assert "calls      2 calls, 1.68 USD and 1 at unknown cost (no duration)\n" in two
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
    assert twice.count("  intended   ") == twice.count("  reply      ") == 1
    assert twice.count("  smallest   ") == 2
