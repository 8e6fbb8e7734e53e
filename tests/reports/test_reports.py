"""Every report against its golden file; the --report option; several reports in one run."""

from __future__ import annotations

import io
import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sample_runs as sample

from aleph_contract.core.results import STATUSES, Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.reports import FORMATS, Spec, github, open_reports, origin, parse_spec, terminal
from aleph_contract.reports.text import Style
from aleph_contract.reports.verdict import verdict

GOLDEN = Path(__file__).parents[2] / "fixtures" / "reports"

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

#: The golden files that no format of `FORMATS` writes.
OTHERS = ("summary.md", "terminal-60.ansi", "terminal-verbose.txt")


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


def _documents() -> Iterator[tuple[str, str, Verification]]:
    for name, run in sample.ALL.items():
        for report in FORMATS:
            yield f"{name}.{SUFFIXES[report]}", report, run


@pytest.mark.parametrize(("file", "report", "run"), [*_documents()], ids=lambda v: str(v)[:40])
def test_reports_equal_their_golden_files(file: str, report: str, run: Verification) -> None:
    _compare(GOLDEN / file, FORMATS[report](run))


@pytest.mark.parametrize("name", sample.ALL)
def test_step_summaries_and_colours_equal_their_golden_files(name: str) -> None:
    _compare(GOLDEN / f"{name}.summary.md", github.step_summary(sample.ALL[name]))
    coloured = terminal.render(sample.ALL[name], Style(60, colour=True))
    _compare(GOLDEN / f"{name}.terminal-60.ansi", coloured)
    verbose = terminal.render(sample.ALL[name], Style(verbose=True))
    _compare(GOLDEN / f"{name}.terminal-verbose.txt", verbose)


def _compare(path: Path, text: str) -> None:
    if os.environ.get(REGENERATE):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    assert text.encode() == path.read_bytes(), f"{path.name} differs; {REGENERATE}=1 writes it"


def test_every_golden_file_is_used() -> None:
    made = {file for file, _, _ in _documents()}
    made |= {f"{name}.{kind}" for name in sample.ALL for kind in OTHERS}
    assert {path.name for path in GOLDEN.iterdir()} == made


@pytest.mark.parametrize("report", FORMATS)
@pytest.mark.parametrize("name", ["failing", "passing", "troubled", "passive"])
def test_each_report_names_contract_profile_seed_and_client(report: str, name: str) -> None:
    run = sample.ALL[name]
    text = FORMATS[report](run)
    for fact in ("1.0.0", "documented", "7", run.client.name, run.client.version):
        assert fact in text


@pytest.mark.parametrize("report", FORMATS)
def test_each_report_escapes_hostile_text(report: str) -> None:
    text = FORMATS[report](sample.HOSTILE)
    raw = text.encode("utf-8")
    assert not {b"\x00", b"\x07", b"\x1b", b"\xc2\x9b"} & {raw[i : i + 1] for i in range(len(raw))}
    for dangerous in ("\u202e", "\u2066", "\x9b", "\ufeff", "\uffff"):
        assert dangerous not in text


@pytest.mark.parametrize("report", FORMATS)
def test_reports_of_the_same_run_are_the_same(report: str) -> None:
    assert FORMATS[report](sample.FAILING) == FORMATS[report](replace(sample.FAILING))


def test_the_summary_adds_up() -> None:
    for run in (*sample.ALL.values(), sample.HOSTILE):
        assert sum(run.counts.values()) == len(run.results)
        assert tuple(run.counts) == STATUSES


@pytest.mark.parametrize(
    ("run", "word", "sentence"),
    [
        (
            sample.PASSING,
            "conforms",
            "3 of 3 cases with documented replies; live ones were not tried, advice on 1 rule",
        ),
        (replace(sample.PASSING, stale=("x",)), "does-not-conform", "has 1 stale line"),
        (replace(sample.PASSING, unexpected_passes=("x",)), "does-not-conform", "passes 1 case"),
        (replace(sample.PASSING, interrupted=True), "not-checked", "interrupted after 3 cases"),
        (replace(sample.PASSING, trouble=("a\nb",)), "not-checked", "a b"),
        (replace(sample.PASSING, results=()), "not-checked", "no case was run"),
        (replace(sample.PASSING, unexamined=("a", "b")), "not-checked", "2 rules: a, b"),
        (replace(sample.PASSING, fail_on="advice"), "does-not-conform", "has advice in 1 case"),
        (replace(sample.FAILING, trouble=("x",)), "not-checked", "x; so far it breaks 3 rules"),
    ],
)
def test_verdicts(run: Verification, word: str, sentence: str) -> None:
    broken = 3 if run.results == sample.FAILING.results else 0
    found = verdict(run, broken=broken, advised=1)
    assert found.word == word
    assert sentence in found.sentence


def test_an_unchecked_client_never_conforms() -> None:
    for run in (*sample.ALL.values(), sample.HOSTILE):
        document = json.loads(FORMATS["json"](run))
        words = {0: "conforms", 1: "does-not-conform", 3: "not-checked"}
        if run.results and not run.command_exit:
            assert document["verdict"]["word"] == words[run.exit_code]


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("terminal", Spec("terminal")),
        ("junit:out.xml", Spec("junit", Path("out.xml"))),
        ("html:/tmp/a:b.html", Spec("html", Path("/tmp/a:b.html"))),  # noqa: S108 - not opened
    ],
)
def test_specs(text: str, spec: Spec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["jnuit"], "unknown format 'jnuit'; did you mean 'junit'? formats: terminal, json, junit"),
        (["xyz:a"], "unknown format 'xyz'; formats: terminal"),
        (["html=a.html"], "unknown format 'html=a.html'; did you mean 'html:a.html'? formats: "),
        (
            ["json:"],
            "the path after the colon is missing; write json for standard output, or json:FILE",
        ),
        (
            ["json", "terminal"],
            "json and terminal both go to standard output; write one of them to a file",
        ),
        (["terminal", "terminal"], "both go to standard output"),
        (["json:a", "html:a"], "json and html both go to a"),
        (["json:absent/a"], "cannot write absent/a: No such file or directory"),
        (["json:."], "cannot write .: Is a directory"),
        (["html:/dev/full/x"], "cannot write /dev/full/x: Not a directory"),
    ],
)
def test_an_invalid_report_option_is_an_error_before_the_run(
    texts: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError) as caught, open_reports(texts):
        pytest.fail("the run started")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_check_does_not_change_a_file(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("old")
    with open_reports([f"json:{tmp_path}/old.json", f"junit:{tmp_path}/new.xml"]):
        assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
        assert (tmp_path / "old.json").read_text() == "old"


def test_the_check_keeps_a_link_to_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("new.json")
    with open_reports([f"json:{tmp_path}/link"]):
        assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_the_check_does_not_open_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    # `--report json:>(jq .)` names a pipe so.
    with open_reports([f"json:{tmp_path}/pipe", f"junit:/dev/fd/{reader}"]):
        events = select.poll()
        events.register(reader, select.POLLHUP)
        assert events.poll(0) == [], "a writer came and went"
    os.close(reader)


def test_several_reports_in_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setattr(origin, "commit_of", lambda _: "")
    files = {name: tmp_path / name for name in ("json", "junit", "html")}
    texts = [*(f"{name}:{path}" for name, path in files.items()), "terminal", "github"]
    with open_reports(texts) as reports:
        reports.write(sample.FAILING)
    for name, path in files.items():
        text = re.sub("<div><dt>date</dt>.*</div>\n", "", path.read_bytes().decode())
        assert text == FORMATS[name](sample.FAILING)
    out = capsys.readouterr()
    assert out.out == FORMATS["terminal"](sample.FAILING) + FORMATS["github"](sample.FAILING)
    assert out.err == ""
    assert (tmp_path / "summary.md").read_text() == github.step_summary(sample.FAILING)


def test_the_default_is_the_terminal_report(capsys: pytest.CaptureFixture[str]) -> None:
    with open_reports(()) as reports:
        reports.write(sample.PASSING)
    assert capsys.readouterr().out == FORMATS["terminal"](sample.PASSING)


@pytest.mark.parametrize(
    ("reports", "stream"), [(["json"], "err"), (["github"], "err"), (["json:FILE"], "out")]
)
def test_the_verdict_is_printed_whatever_the_reports(
    reports: list[str], stream: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error if a report is on standard output."""
    with open_reports([text.replace("FILE", str(tmp_path / "r.json")) for text in reports]) as out:
        out.write(sample.FAILING)
    printed = capsys.readouterr()
    assert getattr(printed, stream).startswith("DOES NOT CONFORM: ")


def test_a_full_disk_is_an_argument_error() -> None:
    with (
        pytest.raises(ArgumentError, match="cannot write /dev/full: No space left"),
        open_reports(["json:/dev/full"]) as reports,
    ):
        reports.write(sample.PASSING)


@pytest.mark.parametrize(("report", "exact"), [("json", True), ("terminal", False)])
def test_a_locale_without_unicode_gets_escapes(
    report: str, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    with open_reports([report]) as reports:
        reports.write(sample.FAILING)
    text = FORMATS[report](sample.FAILING)
    expected = text.encode() if exact else text.encode("ascii", "backslashreplace")
    assert raw.getvalue() == expected
    assert not text.isascii()


def test_a_closed_pipe_is_no_error() -> None:
    """`… | head -1` must not print a traceback."""
    code = (
        "import sample_runs as s, pytest; s.pin(pytest.MonkeyPatch());"
        "from aleph_contract.reports import open_reports\n"
        "with open_reports(['json']) as r: r.write(s.FAILING)\n"
        "raise SystemExit(5)"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1] / "support",
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert done.returncode == 5
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"DOES NOT CONFORM"), "the verdict alone"
