"""The test of each call, by the times in TAP and JUnit reports."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from workers_node import find_node

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import Exchange
from aleph_contract.mutation.baseline import baseline
from aleph_contract.mutation.go_tests import go_tests, is_go
from aleph_contract.mutation.junit_times import junit_tests
from aleph_contract.mutation.report_times import Border, ReportedTest, borders
from aleph_contract.mutation.suite_process import Processes, run_suite
from aleph_contract.mutation.tap import is_tap, tap_tests
from aleph_contract.rules.suite import Suite

BEGUN = 1_700_000_000.25

#: The output of `node --test --test-reporter tap`.
NODE = """\
TAP version 13
# Subtest: snow
ok 1 - snow
  ---
  duration_ms: 40.5
  ...
# Subtest: seeds
    # Subtest: with
    ok 1 - with
      ---
      duration_ms: 20.25
      ...
    # Subtest: without
    not ok 2 - without # TODO
      ---
      duration_ms: 10
      ...
    1..2
ok 2 - seeds
  ---
  duration_ms: 30.9
  type: 'suite'
  ...
ok 3 - rain # SKIP
1..3
"""

#: A report of gotestsum: times to the second, and a test contains the time of its subtests.
GO = """\
<testsuites tests="3" failures="0" errors="0" time="0.5">
  <testsuite tests="3" failures="0" time="0.05" name="example.com/edit" timestamp="{}">
    <testcase classname="example.com/edit" name="TestSnow" time="0.010000"></testcase>
    <testcase classname="example.com/edit" name="TestSeeds/rain" time="0.020000"></testcase>
    <testcase classname="example.com/edit" name="TestSeeds/hail" time="0.010000"></testcase>
    <testcase classname="example.com/edit" name="TestSeeds" time="0.030000"></testcase>
  </testsuite>
</testsuites>
"""

#: The output of `go test -v`, without the beginnings of tests.
GO_TEXT = r"""
--- PASS: TestSnow (0.01s)
    edit_test.go:17: later
--- SKIP: TestLater (0.00s)
--- FAIL: TestSeeds (0.03s)
    --- FAIL: TestSeeds/\x00rain (0.02s)
    --- PASS: TestSeeds/hail/storm (0.01s)
FAIL
FAIL	example.com/edit	0.040s
"""

#: The output of `go test -json`.
GO_JSON = r"""
{"Time":"2023-11-14T22:13:20.5Z","Action":"run","Package":"example.com/edit","Test":"TestSeeds"}
{"Time":"2023-11-14T22:13:20.5Z","Action":"output","Package":"example.com/edit","Test":"TestSeeds","Output":"--- PASS: T (0.00s)\n"}
{"Time":"2023-11-14T22:13:20.5Z","Action":"fail","Package":"example.com/edit","Test":"TestSeeds/\u003c\"rain\"\u003e","Elapsed":0.02}
{"Time":"2023-11-14T22:13:20.5Z","Action":"fail","Package":"example.com/edit","Test":"TestSeeds","Elapsed":0.03}
{"Time":"2023-11-14T22:13:20.5Z","Action":"pass","Package":"example.com/other","Test":"TestSeeds","Elapsed":0}
{"Time":"2023-11-14T22:13:20.5Z","Action":"fail","Package":"example.com/edit","Elapsed":0.03}
"""  # noqa: E501 - as Go prints it

#: A report of jest-junit, whose time is that of the start, or of vitest.
JEST = """\
<testsuites name="jest tests" tests="2" failures="0" errors="0" time="1.2">
  <testsuite name="edit" errors="0" failures="0" skipped="0" timestamp="{}" time="1.1" tests="2">
    <testcase classname="edit snow" name="edit snow" time="0.04"></testcase>
    <testcase classname="edit rain" name="edit rain" time="0.02"></testcase>
  </testsuite>
</testsuites>
"""


def call(at: float, seconds: float = 0.004) -> Exchange:
    facts = ("a", "rest", "POST", "/", (), b"{}", True, "accepted", 200, (), b"", "completed")
    return replace(Exchange(1, *facts), received_at=BEGUN + at, elapsed=seconds)  # type: ignore[arg-type]


def owners(found: list[Border], calls: list[Exchange]) -> list[str | None]:
    suite = Suite({"command": found})
    spans = [suite.span(exchange) for exchange in calls]
    return [span.test.name if span else None for span in spans]


def by_tap(text: str, calls: list[Exchange], at: float) -> list[str | None]:
    lines = [(BEGUN + at, line) for line in text.splitlines() if is_tap(line)]
    return owners(borders(tap_tests(lines), calls, BEGUN), calls)


def by_junit(text: str, stamp: str, calls: list[Exchange]) -> list[list[str | None]]:
    Path("report.xml").write_text(text.format(stamp))
    guesses = junit_tests(("run", "--outputFile=report.xml"), BEGUN, BEGUN + 3)
    return [owners(borders(tests, calls, BEGUN), calls) for tests in guesses]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def stamped(at: float) -> str:
    return datetime.fromtimestamp(BEGUN + at, timezone.utc).isoformat()


def test_tap_with_subtests_is_read() -> None:
    found = tap_tests([(1.0, line) for line in NODE.splitlines()])
    assert [(t.run.name, t.run.outcome, t.seconds) for t in found] == [
        ("snow", "passed", 0.0405),
        ("seeds > with", "passed", 0.02025),
        ("seeds > without", "passed", 0.01),
        ("rain", "skipped", None),
    ]


def test_the_summary_of_go_test_is_no_tap() -> None:
    lines = ("ok  \texample.com/edit\t0.009s", "ok  example.com/edit  (cached)", "okay 1 - x")
    assert [line for line in lines if is_tap(line)] == []
    assert all(map(is_tap, ("ok 1", "ok 1 - x", "ok 1 x", "not ok 2 - x # TODO", "ok - x")))


def test_calls_within_durations_belong_to_their_test() -> None:
    """The lines arrive together and late, 30 ms after the last test has ended."""
    text = NODE.replace("ok 3 - rain # SKIP\n", "")
    calls = [call(0.033), call(0.045), call(0.062)]  # the tests end at 40.5, 60.75 and 70.75 ms
    assert by_tap(text, calls, 0.101) == ["snow", "seeds > with", "seeds > without"]


def test_a_call_outside_of_all_tests_makes_the_suite_one_test() -> None:
    text = NODE.replace("ok 3 - rain # SKIP\n", "")
    calls = [call(0.033), call(0.045), call(0.062), call(1.5)]
    assert by_tap(text, calls, 0.101) == [None] * 4


def test_durations_that_allow_several_answers_make_the_suite_one_test() -> None:
    text = "ok 1 - a\n  duration_ms: 100\nok 2 - b\n  duration_ms: 100\nok 3 - c\n"
    text += "  duration_ms: 100\n"
    assert by_tap(text, [call(0.05), call(0.15)], 0.35) == [None, None]


def test_lines_without_durations_count_if_they_are_written_as_tests_end() -> None:
    ends = [ReportedTest(t.run, BEGUN + at) for t, at in zip(_plain("ab"), (0.1, 0.2), strict=True)]
    calls = [call(0.05), call(0.15)]
    assert owners(borders(ends, calls, BEGUN), calls) == ["a", "b"]
    together = [replace(test, ended=BEGUN + 0.2) for test in ends]
    assert owners(borders(together, calls, BEGUN), calls) == [None, None]


def _plain(names: str) -> list[ReportedTest]:
    return tap_tests([(0.0, f"ok 1 - {name}") for name in names])


def test_the_time_of_a_junit_suite_is_that_of_its_start_or_of_the_report() -> None:
    calls, names = [call(0.530), call(0.545)], ["edit snow::edit snow", "edit rain::edit rain"]
    at_start, at_end = by_junit(JEST, stamped(0.5), calls)
    assert (at_start, at_end) == (names, [None, None])
    assert by_junit(JEST, stamped(0.7), calls)[1] == names


@pytest.mark.parametrize("text", [GO, JEST])
def test_a_time_to_the_second_is_not_known(text: str) -> None:
    calls = [call(0.01), call(0.025), call(0.045)]
    for stamp in ("2023-11-14T22:13:20Z", "2023-11-14T22:13:20", "never"):
        assert by_junit(text, stamp, calls) == [[None] * 3, [None] * 3]


def test_the_subtests_of_go_replace_their_test() -> None:
    calls = [call(0.105), call(0.125), call(0.135)]
    names = ["TestSnow", "TestSeeds/rain", "TestSeeds/hail"]
    first, _ = by_junit(GO, stamped(0.1), calls)
    assert first == [f"example.com/edit::{name}" for name in names]


def by_go(text: str) -> dict[str, str]:
    found = go_tests([(BEGUN, line) for line in text.splitlines() if is_go(line)])
    assert owners(borders(found, calls := [call(0.1), call(0.2)], BEGUN), calls) == [None, None]
    return {test.run.name: test.run.outcome for test in found}


def test_the_tests_of_go_have_names_and_outcomes() -> None:
    assert by_go(GO_TEXT) == {
        "TestSnow": "passed",
        "TestLater": "skipped",
        r"TestSeeds/\x00rain": "failed",
        "TestSeeds/hail/storm": "passed",
    }
    assert by_go(GO_JSON) == {
        'example.com/edit::TestSeeds/<"rain">': "failed",
        "example.com/other::TestSeeds": "passed",
    }


def test_a_suite_of_go_names_the_test_that_notices_a_mutant() -> None:
    """Here a shell script prints what `go test` prints when its run fails."""
    Path("suite.sh").write_text("echo '--- FAIL: TestSnow (0.00s)'; exit 1")
    run = run_suite(("sh", "suite.sh"), ContractSet.load(()), processes=Processes(), seconds=60)
    assert (run.code, run.failed) == (1, ("TestSnow",))


def test_a_local_time_without_its_zone_is_understood() -> None:
    calls = [call(0.530), call(0.545)]
    local = datetime.fromtimestamp(BEGUN + 0.5).isoformat()  # noqa: DTZ006 - as a report has it
    utc = datetime.fromtimestamp(BEGUN + 0.5, timezone.utc).replace(tzinfo=None).isoformat()
    for stamp in (local, utc):
        assert by_junit(JEST, stamp, calls)[0][0] == "edit snow::edit snow"


def test_a_report_of_jest_junit_is_found_in_the_working_directory() -> None:
    Path("junit.xml").write_text(JEST.format(stamped(0.5)))
    Path("pom.xml").write_text("<project/>")
    first, second = junit_tests(("npx", "jest"), BEGUN, BEGUN + 3)
    assert len(first) == len(second) == 2


def test_a_random_suite_is_never_assigned_to_wrong_tests() -> None:
    """An answer is either right or missing, for delays of a report up to 0.2 s."""
    source = random.Random(7)  # noqa: S311 - no secret
    missing = 0
    for _ in range(200):
        at, text, calls, right = 0.0, "", [], []
        for number in range(6):
            seconds = source.uniform(0.006, 0.04)
            calls.append(call(at + source.uniform(0.001, 0.002), seconds - 0.0045))
            right.append(f"t{number}")
            text += f"ok {number} - t{number}\n  duration_ms: {seconds * 1000:.3f}\n"
            at += seconds
        found = by_tap(text, calls, at + source.uniform(0.0, 0.2))
        missing += found != right
        assert found in (right, [None] * 6)
    assert missing < 20


CLIENT = """
import test from "node:test";
const { CLOUDFLARE_BASE_URL: base, CLOUDFLARE_ACCOUNT_ID: account } = process.env;
const token = process.env.CLOUDFLARE_API_TOKEN;
async function edit(prompt) {
  const input = { prompt, video_uri: "https://example.com/a.mp4" };
  await fetch(`${base}/accounts/${account}/ai/run`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model: "runwayml/aleph-2", input }),
  });
}
test("snow", () => edit("snow"));
test("weather", async (t) => {
  await t.test("rain", () => edit("rain"));
  await t.test("hail", () => edit("hail"));
});
"""


def test_the_built_in_runner_of_node_reports_its_tests() -> None:
    Path("edit.test.mjs").write_text(CLIENT)
    command = (str(find_node()), "--test", "--test-reporter", "tap")
    contracts = ContractSet.load(())
    for _ in range(20):  # on a busy machine the lines may be too late to tell the tests apart
        found = baseline(command, contracts, processes=Processes(), timeout=30.0)
        if len(found.tests) == 3:
            break
    assert found.tests == ("snow", "weather > rain", "weather > hail")
