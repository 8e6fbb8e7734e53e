"""What holds for every report, and for asking and writing several of them in one run."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sample_runs as sample

from aleph_contract.core.results import STATUSES, Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.reports import FORMATS, Spec, github, opened, parse_spec, terminal
from aleph_contract.reports.verdict import verdict

GOLDEN = Path(__file__).parents[2] / "fixtures" / "reports"

#: Set it to write the golden reports anew, then look at the difference.
REGENERATE = "ALEPH_CONTRACT_REGENERATE"

SUFFIXES = {
    "terminal": "terminal.txt",
    "json": "json",
    "junit": "junit.xml",
    "html": "html",
    "github": "github.txt",
}


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


def _documents() -> Iterator[tuple[str, str, Verification]]:
    for name, run in sample.ALL.items():
        for report in FORMATS:
            yield f"{name}.{SUFFIXES[report]}", report, run


@pytest.mark.parametrize(("file", "report", "run"), [*_documents()], ids=lambda v: str(v)[:40])
def test_reports_are_byte_for_byte_the_golden_ones(
    file: str, report: str, run: Verification
) -> None:
    _compare(GOLDEN / file, FORMATS[report](run))


@pytest.mark.parametrize("name", sample.ALL)
def test_summaries_and_colours_are_the_golden_ones(name: str) -> None:
    _compare(GOLDEN / f"{name}.summary.md", github.summary(sample.ALL[name]))
    coloured = terminal.render(sample.ALL[name], terminal.Style(60, colour=True))
    _compare(GOLDEN / f"{name}.terminal-60.ansi", coloured)


def _compare(path: Path, text: str) -> None:
    if os.environ.get(REGENERATE):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    assert text.encode() == path.read_bytes(), f"{path.name} differs; {REGENERATE}=1 writes it anew"


def test_no_golden_report_is_left_behind() -> None:
    made = {file for file, _, _ in _documents()}
    made |= {f"{name}.{kind}" for name in sample.ALL for kind in ("summary.md", "terminal-60.ansi")}
    assert {path.name for path in GOLDEN.iterdir()} == made


@pytest.mark.parametrize("report", FORMATS)
@pytest.mark.parametrize("name", ["failing", "passing", "troubled", "passive"])
def test_each_report_names_contract_profile_seed_and_client(report: str, name: str) -> None:
    run = sample.ALL[name]
    text = FORMATS[report](run)
    for fact in ("1.0.0", "documented", "7", run.client.name, run.client.version):
        assert fact in text


@pytest.mark.parametrize("report", FORMATS)
def test_each_report_bears_what_is_hostile_and_can_be_written(report: str) -> None:
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
            "keeps the contract in 3 cases, advice on 1 rule",
        ),
        (replace(sample.PASSING, stale=("x",)), "does-not-conform", "has 1 stale line"),
        (replace(sample.PASSING, unexpected_passes=("x",)), "does-not-conform", "passes 1 case"),
        (replace(sample.PASSING, interrupted=True), "not-checked", "interrupted after 3 cases"),
        (replace(sample.PASSING, trouble=("a\nb",)), "not-checked", "a b"),
        (replace(sample.PASSING, results=()), "not-checked", "there was nothing to judge"),
        (replace(sample.FAILING, trouble=("x",)), "not-checked", "x; so far it breaks 3 rules"),
    ],
)
def test_verdicts(run: Verification, word: str, sentence: str) -> None:
    broken = 3 if run.results == sample.FAILING.results else 0
    found = verdict(run, broken=broken, advised=1)
    assert found.word == word
    assert sentence in found.sentence


def test_what_could_not_be_checked_is_never_called_conformant() -> None:
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
        (["jnuit"], "no format 'jnuit'; did you mean 'junit'? formats: terminal, json, junit"),
        (["xyz:a"], "no format 'xyz'; formats: terminal"),
        (["json:"], "no path after the colon; write json for standard output, or json:FILE"),
        (["json", "terminal"], "json and terminal both go to standard output; give one a file"),
        (["terminal", "terminal"], "both go to standard output"),
        (["json:a", "html:a"], "json and html both go to a"),
        (["json:absent/a"], "cannot write absent/a: No such file or directory"),
        (["json:."], "cannot write .: Is a directory"),
        (["html:/dev/full/x"], "cannot write /dev/full/x: Not a directory"),
    ],
)
def test_reports_that_cannot_be_meant_are_refused_before_the_run(
    texts: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError) as caught, opened(texts):
        pytest.fail("the run started")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_checking_leaves_a_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("old")
    with opened([f"json:{tmp_path}/old.json", f"junit:{tmp_path}/new.xml"]):
        assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
        assert (tmp_path / "old.json").read_text() == "old"


def test_several_reports_in_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    files = {name: tmp_path / name for name in ("json", "junit", "html")}
    texts = [*(f"{name}:{path}" for name, path in files.items()), "terminal", "github"]
    with opened(texts) as reports:
        reports.write(sample.FAILING)
    for name, path in files.items():
        assert path.read_bytes().decode() == FORMATS[name](sample.FAILING)
    out = capsys.readouterr()
    assert out.out == FORMATS["terminal"](sample.FAILING) + FORMATS["github"](sample.FAILING)
    assert out.err == ""
    assert (tmp_path / "summary.md").read_text() == github.summary(sample.FAILING)


def test_no_report_asked_for_means_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with opened(()) as reports:
        reports.write(sample.PASSING)
    assert capsys.readouterr().out == FORMATS["terminal"](sample.PASSING)


def test_a_full_disk_gives_one_clear_line() -> None:
    with (
        pytest.raises(ArgumentError, match="cannot write /dev/full: No space left"),
        opened(["json:/dev/full"]) as reports,
    ):
        reports.write(sample.PASSING)


@pytest.mark.parametrize(("report", "exact"), [("json", True), ("terminal", False)])
def test_a_locale_without_unicode_loses_nothing(
    report: str, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    with opened([report]) as reports:
        reports.write(sample.FAILING)
    text = FORMATS[report](sample.FAILING)
    expected = text.encode() if exact else text.encode("ascii", "backslashreplace")
    assert raw.getvalue() == expected
    assert not text.isascii()


def test_a_reader_that_stops_reading_is_no_error() -> None:
    """`... | head -1` must not end in a traceback."""
    code = (
        "import sample_runs as s, pytest; s.pin(pytest.MonkeyPatch());"
        "from aleph_contract.reports import opened\n"
        "with opened(['json']) as r: r.write(s.FAILING)\n"
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
    assert (done.returncode, done.stderr) == (5, b"")
