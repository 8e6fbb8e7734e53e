"""The report for CI services that read JUnit's XML (Jenkins, GitLab, Azure, Buildkite, …).

A suite per phase, a test case per case. There is no schema that all readers share: what is used
here is what they all take (one of `failure`, `error` or `skipped` in a case, numbers as digits).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aleph_contract import version
from aleph_contract.core.escaping import escape_controls, one_line
from aleph_contract.core.results import CaseResult, Finding, Verification
from aleph_contract.reports.case_details import evidence
from aleph_contract.reports.summary import changes_of


@dataclass(frozen=True, slots=True)
class _Test:
    """One test case: `kind` is the element that says how it ended; empty means it passed."""

    suite: str
    name: str
    kind: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    out: str = ""
    err: str = ""
    seconds: float = field(default=0.0)


def render(run: Verification) -> str:
    r"""The report as XML with a final line feed; what XML cannot hold stands as `\uXXXX`."""
    suites: dict[str, list[_Test]] = {}
    for test in (*_of_run(run), *(_of_case(result, run) for result in run.results)):
        suites.setdefault(test.suite, []).append(test)
    every = [test for tests in suites.values() for test in tests]
    root = ET.Element("testsuites", {"name": "aleph-contract", **_numbers(every)})
    for name, tests in suites.items():
        suite = ET.SubElement(root, "testsuite", {"name": escape_controls(name), **_numbers(tests)})
        _properties(suite, run)
        for test in tests:
            _append(suite, test)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _of_run(run: Verification) -> Iterator[_Test]:
    """What no case can tell: trouble, an interrupt, and the books of known failures."""
    for trouble in run.trouble:
        yield _Test("run", "set-up", "error", "could-not-run", trouble)
    if run.interrupted:
        yield _Test("run", "interrupted", "error", "interrupted", "the run was ended early")
    if not (run.results or run.trouble):
        yield _Test("run", "cases", "error", "could-not-run", "there was nothing to judge")
    for pattern in run.stale:
        yield _Test("known-failing", pattern, "failure", "stale", "the line means no case")
    names = {result.name for result in run.results}
    for name in run.unexpected_passes:
        if name not in names:
            yield _unexpected("known-failing", name)


def _unexpected(suite: str, name: str) -> _Test:
    message = "passed against expectation; take its line out of the file of known failures"
    return _Test(suite, name, "failure", "unexpected-pass", message)


def _of_case(result: CaseResult, run: Verification) -> _Test:
    if result.status == "passed" and result.name in run.unexpected_passes:
        return _unexpected(result.phase, result.name)
    kind, type_, message = _ending(result)
    return _Test(
        suite=result.phase,
        name=result.name,
        kind=kind,
        type=type_,
        message=message,
        text=_story(result) if kind == "failure" else "",
        out=_findings(result.findings) if kind != "failure" else "",
        err=result.outcome.stderr if result.outcome else "",
        seconds=result.elapsed,
    )


def _ending(result: CaseResult) -> tuple[str, str, str]:
    """Element, type and message for the end of a case."""
    if result.status == "failed":
        rules = dict.fromkeys(finding.rule for finding in result.broken)
        return "failure", ", ".join(rules), "; ".join(f.message for f in result.broken)
    if result.status == "expected":
        return "skipped", "expected", f"expected to fail: {result.reason}"
    if result.status == "skipped":
        return "skipped", "skipped", result.reason
    if result.status == "could-not-run":
        return "error", "could-not-run", result.reason
    return "", "", ""


def _story(result: CaseResult) -> str:
    lines = [_findings(result.findings)]
    for item in evidence(result, changes_of(result)):
        lines += [f"{item.label}:", *(f"  {line}" for line in item.lines)]
    return "\n".join(lines)


def _findings(findings: Iterable[Finding]) -> str:
    return "\n".join(f"{finding.level} {finding.rule}: {finding.message}" for finding in findings)


def _numbers(tests: list[_Test]) -> dict[str, str]:
    kinds = [test.kind for test in tests]
    return {
        "tests": str(len(tests)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
        "time": f"{sum(test.seconds for test in tests):.3f}",
    }


def _properties(suite: ET.Element, run: Verification) -> None:
    values = {
        "aleph-contract": version.__version__,
        "model": run.model,
        "contract": run.contract_version,
        "profile": run.profile,
        "seed": run.seed,
        "client": run.client.name,
        "client-version": run.client.version,
        "client-language": run.client.language,
    }
    properties = ET.SubElement(suite, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", {"name": name, "value": one_line(str(value))})


def _append(suite: ET.Element, test: _Test) -> None:
    attributes = {"classname": f"aleph-contract.{test.suite}", "name": test.name}
    attributes = {key: one_line(value) for key, value in attributes.items()}
    element = ET.SubElement(suite, "testcase", {**attributes, "time": f"{test.seconds:.3f}"})
    if test.kind:
        ending = {"message": one_line(test.message), "type": one_line(test.type)}
        ET.SubElement(element, test.kind, ending).text = escape_controls(test.text) or None
    for name, text in (("system-out", test.out), ("system-err", test.err)):
        if text:
            ET.SubElement(element, name).text = escape_controls(text)
