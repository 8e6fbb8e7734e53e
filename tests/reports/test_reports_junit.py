"""The JUnit report: well-formed XML, one status per case, counts that add up."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import sample_runs as sample

from aleph_contract.core.results import Verification
from aleph_contract.reports.junit import render

RUNS = {**sample.ALL, "hostile": sample.HOSTILE}


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


def _read(run: Verification) -> ET.Element:
    return ET.fromstring(render(run).encode())  # noqa: S314 - our own text


def _case(root: ET.Element, name: str) -> ET.Element:
    (found,) = (case for case in root.iter("testcase") if case.get("name") == name)
    return found


@pytest.mark.parametrize("name", RUNS)
def test_the_elements_are_those_that_all_readers_accept(name: str) -> None:
    root = _read(RUNS[name])
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert suite[0].tag == "properties"
        for case in suite.iter("testcase"):
            assert case.get("name")
            assert case.get("classname")
            assert float(case.get("time", "")) >= 0
            tags = [child.tag for child in case]
            assert sum(tag in ("failure", "error", "skipped") for tag in tags) <= 1
            assert set(tags) <= {"failure", "error", "skipped", "system-out", "system-err"}


@pytest.mark.parametrize("name", RUNS)
def test_the_counts_equal_the_number_of_cases(name: str) -> None:
    root = _read(RUNS[name])
    for element in (root, *root):
        for attribute, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert int(element.get(attribute, "")) == len(list(element.iter(tag)))


def test_every_case_appears_once() -> None:
    names = [case.get("name") for case in _read(sample.FAILING).iter("testcase")]
    assert sorted(filter(None, names)) == sorted(
        [*(result.name for result in sample.FAILING.results), "boundary/sead/*"]
    )


def test_each_status_has_its_junit_element() -> None:
    root = _read(sample.FAILING)
    endings = {
        "example/simple": None,
        "boundary/seed/minimum/on": ("failure", "request.faithful"),
        "boundary/seed/maximum/above": ("skipped", "expected"),
        "probe/keys-twice": ("skipped", "skipped"),
        "boundary/seed/maximum/on": ("failure", "unexpected-pass"),
        "boundary/sead/*": ("failure", "stale"),
        "fault/rate-limited/always": None,
    }
    for name, ending in endings.items():
        found = [(c.tag, c.get("type")) for c in _case(root, name) if c.tag[:6] != "system"]
        assert found == ([ending] if ending else [])


def test_could_not_run_is_an_error_and_not_a_failure() -> None:
    root = _read(sample.TROUBLED)
    errors = [(case.get("name"), case[0].tag) for case in root.iter("testcase") if len(case)]
    assert errors == [("set-up", "error"), ("interrupted", "error"), ("example/timed", "error")]
    assert root.get("failures") == "0"


def test_a_run_without_a_case_is_an_error() -> None:
    (error,) = _read(sample.EMPTY).iter("error")
    assert error.get("message") == "no case was run"


def test_a_failure_has_the_details_of_the_case() -> None:
    failure = _case(_read(sample.FAILING), "boundary/seed/minimum/on")[0]
    for line in (
        "must request.faithful: seed is not what was meant",
        "  missing  /seed: 0",
        '  {"prompt":"Make it snow","video_uri":"https://example.com/source.mp4","seed":0}',
        f"  {sample.DROPPED.reproduce}",
    ):
        assert line in (failure.text or "").splitlines()


def test_advice_is_system_out_and_not_a_failure() -> None:
    case = _case(_read(sample.FAILING), "fault/rate-limited/always")
    assert case.findtext("system-out") == (
        "advice error.identified: the message Rate limited is lost"
    )


def test_contract_profile_seed_and_client_are_properties_of_every_suite() -> None:
    for suite in _read(sample.FAILING):
        found = {p.get("name"): p.get("value") for p in suite.iter("property")}
        assert found == {
            "aleph-contract": "0.0.0",
            "model": "runwayml/aleph-2",
            "contract": "1.0.0",
            "profile": "documented",
            "seed": "7",
            "client": "aleph-client",
            "client-version": "2.1.0",
            "client-language": "JavaScript",
        }


def test_invalid_xml_characters_are_escaped() -> None:
    root = _read(sample.HOSTILE)
    failure = _case(root, "boundary/evil<b>")[0]
    assert "<script>alert(1)</script>" in (failure.text or "")
    assert "\\u0000\\u0007\\u001b[31m" in (failure.text or "")
    assert "\\ud800\\uffff" in (failure.text or "")


def test_an_unexpected_pass_without_a_case_is_a_failure() -> None:
    root = _read(replace(sample.PASSING, unexpected_passes=("elsewhere",)))
    assert _case(root, "elsewhere")[0].get("type") == "unexpected-pass"
