"""The GitHub report: annotations, step summary, and no workflow command of a client."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sample_runs as sample

from aleph_contract.core.results import Finding
from aleph_contract.errors import ArgumentError
from aleph_contract.reports import open_reports
from aleph_contract.reports.github import (
    MAX_ANNOTATIONS,
    append_step_summary,
    render,
    step_summary,
)


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


def test_each_broken_rule_is_annotated_once_the_verdict_first() -> None:
    titles = [line.split("::")[1] for line in render(sample.FAILING).splitlines()]
    assert titles == [
        "error title=Does not conform",
        "error title=request.faithful",
        "error title=request.once",
        "error title=boundary.accepted",
        "error title=Unexpected pass",
        "error title=Stale known failure",
        "warning title=error.identified",
    ]


def test_a_conforming_run_is_a_notice() -> None:
    assert render(sample.PASSING).startswith("::notice title=Conforms::aleph-client keeps")


def test_an_annotation_has_the_command_to_reproduce_it() -> None:
    line = next(x for x in render(sample.FAILING).splitlines() if "request.faithful" in x)
    assert line.split("::", 2)[2].split("%0A") == [
        "The client sends exactly the input it was given.",
        "Broken in 2 of 5 cases; smallest: boundary/seed/minimum/on",
        "seed is not what was meant",
        sample.DROPPED.reproduce,
    ]


def test_commands_are_escaped_as_github_decodes_them() -> None:
    finding = (Finding("a,b:c%", "must", "100%\r\n::error::x"),)
    line = render(sample.run(replace(sample.DROPPED, findings=finding))).splitlines()[1]
    assert line.startswith("::error title=a%2Cb%3Ac%25::")
    assert "100%25\\u000d%0A::error::x" in line


def test_every_line_is_an_annotation() -> None:
    for line in render(sample.HOSTILE).splitlines():
        assert line.startswith(("::error title=", "::warning title="))


def test_annotations_do_not_exceed_the_limit_of_github() -> None:
    stale = tuple(f"line {number}" for number in range(30))
    lines = render(replace(sample.FAILING, stale=stale)).splitlines()
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == MAX_ANNOTATIONS
    assert errors[-1] == "::error title=And more::26 more; the step summary lists all of them"
    assert len([line for line in lines if line.startswith("::warning")]) == 1


def test_the_summary_is_appended_to_the_file_that_github_names(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    append_step_summary(step_summary(sample.FAILING), {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.read_text() == "before\n" + step_summary(sample.FAILING)


@pytest.mark.parametrize("environment", [{}, {"GITHUB_STEP_SUMMARY": ""}])
def test_without_the_variable_no_summary_is_written(environment: dict[str, str]) -> None:
    append_step_summary(step_summary(sample.FAILING), environment)


def test_a_summary_that_cannot_be_written_is_an_error_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "absent" / "summary.md"))
    with (
        pytest.raises(ArgumentError, match="GITHUB_STEP_SUMMARY: cannot write"),
        open_reports(["github"]),
    ):
        pytest.fail("the run started")


def test_the_summary_holds_the_verdict_the_numbers_and_each_rule() -> None:
    text = step_summary(sample.FAILING)
    assert text.startswith(
        "## Does not conform: aleph&#45;client 2&#46;1&#46;0 &#40;JavaScript&#41;"
    )
    assert "9 cases = 3 passed + 4 failed + 1 expected + 1 skipped + 0 could not run" in text
    assert "| request&#46;faithful | 5 | 2 | **broken** |" in text
    assert text.count("<details>") == text.count("</details>") == 3


def test_text_of_the_client_is_not_read_as_markdown_or_html() -> None:
    text = step_summary(sample.HOSTILE)
    assert "<script" not in text
    assert "<img" not in text
    assert "</textarea" not in text
    outside = "".join(part.partition("</pre>")[2] for part in text.split("<pre>"))
    assert "alert(1)" not in outside
    assert text.count("<pre>") == text.count("</pre>") == 1


def test_the_summary_stays_below_the_limit_of_github() -> None:
    long = "x" * 100_000
    cases = [
        replace(
            sample.DROPPED,
            name=f"case/{number}",
            intended=long,
            curl=long,
            reproduce=long,
            expectation=long,
            findings=(Finding(f"rule.{number}", "must", long),),
        )
        for number in range(19)
    ]
    assert len(step_summary(sample.run(*cases)).encode()) < 1024 * 1024
