"""Every report of a mutation run: against its golden file, and against its format."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
import sample_mutations as sample
import sample_runs

from aleph_contract.mutation.records import REPEATED_AGAINST, WHOLE_SUITE
from aleph_contract.reports import FORMATS
from aleph_contract.reports.mutation import MUTATION, github, json_report, summary, terminal
from aleph_contract.reports.text import Style

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "fixtures/mutation_reports"
SCHEMA = json.loads((ROOT / "docs/mutation-schema.json").read_text())

#: Set this variable to write the golden files, then check the difference.
REGENERATE = "ALEPH_CONTRACT_REGENERATE"

SUFFIXES = {
    "terminal": "terminal.txt",
    "json": "json",
    "junit": "junit.xml",
    "html": "html",
    "github": "github.txt",
    "sarif": "sarif",
}


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample_runs.pin(monkeypatch)


@pytest.mark.parametrize("report", FORMATS)
@pytest.mark.parametrize("name", sample.ALL)
def test_a_report_equals_its_golden_file(name: str, report: str) -> None:
    _compare(GOLDEN / f"{name}.{SUFFIXES[report]}", MUTATION.formats[report](sample.ALL[name]))


def test_step_summary_and_colours_equal_their_golden_files() -> None:
    _compare(GOLDEN / "weak.summary.md", github.step_summary(sample.WEAK))
    coloured = terminal.render(sample.WEAK, Style(60, colour=True))
    _compare(GOLDEN / "weak.terminal-60.ansi", coloured)


def _compare(path: Path, text: str) -> None:
    if os.environ.get(REGENERATE):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    assert text.encode() == path.read_bytes(), f"{path.name} differs; {REGENERATE}=1 writes it"


@pytest.mark.parametrize("name", sample.ALL)
def test_the_json_report_follows_its_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema_version"]["const"] == json_report.SCHEMA_VERSION
    report = json.loads(json_report.render(sample.ALL[name]))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)


def test_the_score_counts_what_the_suite_should_notice() -> None:
    weak = sample.WEAK
    assert (weak.score, weak.denominator, weak.exit_code) == (20.0, 5, 1)
    assert sum(weak.counts.values()) == len(weak.results)
    assert (sample.STRONG.score, sample.STRONG.exit_code) == (100.0, 0)
    assert (sample.INTERRUPTED.score, sample.INTERRUPTED.exit_code) == (None, 3)


@pytest.mark.parametrize("report", FORMATS)
def test_every_report_has_score_and_command(report: str) -> None:
    text = MUTATION.formats[report](sample.WEAK)
    assert "20" in text
    assert "pytest -q tests" in text or report == "sarif"


@pytest.mark.parametrize("report", ["json", "junit", "html", "sarif"])
def test_a_document_names_every_missed_mutant(report: str) -> None:
    text = MUTATION.formats[report](sample.WEAK)
    for missed in sample.WEAK.missed:
        assert missed.mutant.mutation.id in text
        assert missed.mutant.mutation.title in text.replace("&#39;", "'")


def test_the_numbers_of_the_junit_report_add_up() -> None:
    root = ET.fromstring(MUTATION.formats["junit"](sample.WEAK))  # noqa: S314 - our own report
    numbers = {key: int(root.get(key, "")) for key in ("tests", "failures", "errors", "skipped")}
    assert numbers == {"tests": 7, "failures": 4, "errors": 1, "skipped": 1}
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert len(list(root.iter(tag))) == numbers[key]


@pytest.mark.parametrize("report", ["terminal", "github"])
def test_text_of_a_test_starts_no_workflow_command(report: str) -> None:
    lines = MUTATION.formats[report](sample.WEAK).splitlines()
    assert not [line for line in lines if line.lstrip().startswith("::error::")]
    assert "\x1b" not in "".join(lines)


def test_text_of_a_test_becomes_no_element_of_the_page() -> None:
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.seen.add(tag)
            assert not [name for name, _ in attrs if name in {"src", "onclick", "onload"}]

    parser = Tags()
    parser.feed(MUTATION.formats["html"](sample.WEAK))
    assert "script" not in parser.seen
    assert {"svg", "table", "details"} <= parser.seen


def test_the_picture_has_a_square_for_every_mutant() -> None:
    page = MUTATION.formats["html"](sample.WEAK)
    legend = len(summary.WORDS)
    assert page.count('<rect class="cell') == len(sample.WEAK.results) + legend
    assert page.count('<tr>\n<th scope="row">') == len(
        {r.mutant.calls[0].name for r in sample.WEAK.results}
    )


@pytest.mark.parametrize(
    ("facts", "remedy"),
    [
        ({"subject": "no-credits", "rule": "error.surfaced"}, "assert the result of the call, so"),
        ({"subject": "redirect-301", "rule": "security.token-host"}, "assert `len(account.exch"),
        (
            {
                "subject": "no-credits",
                "rule": "error.surfaced",
                "reason": f"{REPEATED_AGAINST} error.not-retried",
            },
            "assert `len(account.exchanges)`, or",
        ),
    ],
)
def test_the_remedy_is_that_of_the_gap(facts: dict[str, str], remedy: str) -> None:
    """Asserting the result does not notice a client that repeats a call until it has one."""
    found = sample.result("conduct/fault", "unnoticed", **facts)
    assert summary.remedy(found).startswith(remedy)


def test_a_call_of_an_unknown_test_is_shown_with_its_input() -> None:
    found = sample.result("reply/another-run", "unnoticed", WHOLE_SUITE)
    assert summary.call(found).startswith('the whole suite, call 1: {"prompt": "Make it snow"')
    known = sample.result("reply/another-run", "unnoticed", "test_a.py::test_a")
    assert summary.call(known) == "test_a.py::test_a, call 1"
