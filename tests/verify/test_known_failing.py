"""A known-failing file marks exactly the failures that it lists, each with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sample_runs
from hypothesis import assume, given
from hypothesis import strategies as st
from test_runner import drops_zero, good
from test_runner import run as run_client

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult, Client, Finding, Verification
from aleph_contract.errors import ArgumentError
from aleph_contract.verify.known_failing import KnownFailing, Line, load
from aleph_contract.verify.known_failing_writer import render, write

CLIENT = Client("demo", "1.2")


def run(*results: CaseResult) -> Verification:
    return Verification("verify", "runwayml/aleph-2", "1.0.0", "documented", 0, CLIENT, results)


def result(name: str, *rules: str, status: Any = None, reason: str = "") -> CaseResult:
    findings = tuple(Finding(rule, "must", "happened") for rule in rules)
    chosen: Any = status or ("failed" if rules else "passed")
    return CaseResult(name, "boundary", chosen, findings=findings, reason=reason)


def read(tmp_path: Path, text: str) -> KnownFailing:
    path = tmp_path / "known.txt"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_names_and_globs_match_with_their_reasons(tmp_path: Path) -> None:
    known = read(
        tmp_path, "# heading\n\n  seed/0   # zero is dropped \nfault/*#2\t#  no retry yet\n"
    )
    assert known.lines == (
        Line("seed/0", "zero is dropped", 3),
        Line("fault/*#2", "no retry yet", 4),
    )


def test_an_exact_line_wins_over_a_glob_and_an_earlier_glob_over_a_later_one() -> None:
    known = KnownFailing((Line("a/*", "all", 1), Line("a/?", "one", 2), Line("a/b", "b", 3)))
    assert [known.match(name) for name in ("a/b", "a/c", "a/cd", "b")] == ["b", "all", "all", None]


def test_patterns_are_case_sensitive() -> None:
    assert KnownFailing((Line("A", "why", 1),)).match("a") is None


def test_a_star_matches_slashes_and_itself() -> None:
    name = "boundary/keyframes/*/anyOf/0/seconds/maximum"
    assert KnownFailing((Line("boundary/*", "why", 1),)).match(name) == "why"
    assert KnownFailing((Line(name, "why", 1),)).match(name) == "why"


def test_only_failures_become_expected_and_passes_are_reported() -> None:
    known = KnownFailing((Line("a*", "later", 1), Line("stale", "gone", 2)))
    results = (
        result("a1", "request.faithful"),
        result("a2"),
        result("a3", status="could-not-run", reason="adapter broke"),
        result("a4", status="skipped", reason="cannot"),
        result("b", "request.faithful"),
    )
    marked, unexpected, stale = known.apply(results)
    assert [(r.status, r.reason) for r in marked] == [
        ("expected", "later"),
        ("passed", ""),
        ("could-not-run", "adapter broke"),
        ("skipped", "cannot"),
        ("failed", ""),
    ]
    assert (unexpected, stale) == (("a2",), ("stale",))
    assert known.apply(results, whole=False)[2] == ()


def test_stale_lines_match_no_case() -> None:
    known = KnownFailing((Line("a", "why", 1), Line("b*", "why", 2), Line("c*", "why", 3)))
    assert known.stale(iter(["a", "cd"])) == ("b*",)
    assert known.stale([]) == ("a", "b*", "c*")


@pytest.mark.parametrize("line", ["a/b", "a/b #", "a/b  #   ", "a/b# reason glued"])
def test_a_line_without_a_reason_is_refused_with_what_to_write(tmp_path: Path, line: str) -> None:
    with pytest.raises(ArgumentError, match=r"line 2: .* has no reason; write why") as caught:
        read(tmp_path, f"x # y\n{line}\n")
    assert str(tmp_path / "known.txt") in str(caught.value)


def test_a_repeated_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="line 3: 'a' is already in line 1"):
        read(tmp_path, "a # one\nb # two\na # three\n")


def test_an_unreadable_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot be read: No such file"):
        load(tmp_path / "absent")
    (tmp_path / "bytes").write_bytes(b"a # caf\xe9")
    with pytest.raises(ArgumentError, match="is not UTF-8 at byte 7"):
        load(tmp_path / "bytes")


def test_windows_line_ends_and_a_byte_order_mark_are_accepted(tmp_path: Path) -> None:
    known = read(tmp_path, "\ufeffa # one\r\nb # two\r\n")
    assert [known.match(name) for name in "ab"] == ["one", "two"]


def test_the_written_file_groups_by_rules_and_names_them(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    count = write(
        path,
        run(
            result("seed/0", "request.faithful"),
            result("fine"),
            result("fault/429", "error.bounded", "error.surfaced"),
            result("longer/name", "request.faithful"),
            result("broke", status="could-not-run"),
            result("old", "request.faithful", status="expected", reason="see  our\ntracker"),
        ),
    )
    assert count == 4
    assert path.read_text() == (
        "# Expected failures of demo: name, glob, rule or pointer, then # and the reason.\n"
        "# A listed case that passes, and a line that matches nothing, fail the verification.\n"
        "\n"
        "# error.bounded, error.surfaced\n"
        "fault/429  # breaks error.bounded, error.surfaced\n"
        "\n"
        "# request.faithful\n"
        "seed/0       # breaks request.faithful\n"
        "longer/name  # breaks request.faithful\n"
        "old          # see our tracker\n"
    )


def test_a_file_written_without_failures_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    assert write(path, run(result("fine"))) == 0
    assert load(path).lines == ()


def test_an_unwritable_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot be written: No such file"):
        write(tmp_path / "absent" / "known.txt", run())


NAMES = st.text(st.sampled_from("ab/*?[]#! "), min_size=1, max_size=6).map(str.strip).filter(bool)


@given(st.dictionaries(NAMES, st.booleans()))
def test_a_written_file_matches_exactly_the_failures(names: dict[str, bool]) -> None:
    """Names with glob characters: the file matches each failure, and no case that passed.

    Excluded: a passed case whose name is the escaped form of another name, `[*]` next to `*`.
    """
    results = [result(name, *["r"] * bad) for name, bad in names.items()]
    text, count = render(run(*results))
    known = KnownFailing(tuple(_parse(text)))
    passed = {name for name, bad in names.items() if not bad}
    assume(passed.isdisjoint(line.pattern for line in known.lines))
    assert count == sum(names.values())
    marked, unexpected, stale = known.apply(results)
    assert {r.name: r.status == "expected" for r in marked} == names
    assert (unexpected, stale) == ((), ())


def _parse(text: str) -> Any:
    from aleph_contract.verify.known_failing import _lines

    return _lines(text, "known.txt")


def refuses_everything(given: Any, **account: Any) -> str:
    """Too strict: no input with a keyframe or a number is right for it."""
    if len(given) > 2:
        raise ValueError("not supported")
    return good(given, **account)


def ignores_token(given: Any, **account: Any) -> str:
    return good(given, **account | {"api_token": "x"})


class TestCauses:
    """`rule` and `pointer` lines, and the file that a run writes of them."""

    @pytest.mark.parametrize(
        ("pattern", "excused"),
        [
            ("rule request.faithful", True),
            ("rule request.*", True),
            ("rule request.valid", False),
            ("pointer /keyframes", True),
            ("pointer /keyframes/*/at", True),
            ("pointer /keyframes/*/seconds", False),
            ("pointer /key", False),
            ("rule request.faithful pointer /keyframes/*", True),
            ("rule request.faithful   pointer /seed", False),
            ("rule request.valid pointer /keyframes", False),
            ("rule request.faithful at /keyframes", False),
        ],
    )
    def test_a_line_excuses_what_fits_its_rule_and_its_pointer(
        self, pattern: str, *, excused: bool
    ) -> None:
        altered = {"prompt": "x", "video_uri": "u", "keyframes": [{"uri": "a", "at": 1}]}
        sent = altered | {"keyframes": [{"uri": "a", "at": 0}]}
        case = replace(result("c", "request.faithful"), intended=altered, exchanges=(posted(sent),))
        marked, _, stale = KnownFailing((Line(pattern, "why", 1),)).apply([case])
        assert (marked[0].status == "expected", stale == ()) == (excused, excused)

    @pytest.mark.parametrize(
        ("client", "lines"),
        [(drops_zero, 4), (refuses_everything, 1), (ignores_token, 2)],
    )
    def test_a_written_file_has_few_lines_and_excuses_every_failure(
        self, tmp_path: Path, client: Any, lines: int
    ) -> None:
        phases = (
            "examples",
            "boundary/seed/*",
            "*/duration/*",
            "combination/pair/k*",
            "probe/seed/*",
        )
        path = tmp_path / "known.txt"
        before = run_client(client, *phases)
        failed = [r.name for r in before.results if r.status == "failed"]
        assert write(path, before) == len(failed) > 5
        known = load(path)
        assert 0 < len(known.lines) <= lines, path.read_text()
        marked, unexpected, stale = known.apply(before.results)
        assert {r.name for r in marked if r.status == "expected"} == set(failed)
        assert (unexpected, stale) == ((), ())
        after = run_client(client, *phases, known_failing=known)
        assert after.counts["failed"] == 0
        again = tmp_path / "again.txt"
        write(again, after)
        assert again.read_text() == path.read_text(), "the second file equals the first"


def posted(sent: Any) -> Exchange:
    return sample_runs.exchange(1, sent)
