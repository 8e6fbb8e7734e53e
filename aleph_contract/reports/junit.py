"""The report as JUnit XML for CI services (Jenkins, GitLab, Azure, Buildkite, …).

One suite per phase, one test case per case. The readers share no schema, so the report uses only
elements that all of them accept: at most one of `failure`, `error` and `skipped` per test case.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aleph_contract import version
from aleph_contract.core.escaping import escape_commands_in_markup, escape_controls, one_line
from aleph_contract.core.results import CaseResult, Finding, Verification
from aleph_contract.reports.case_details import details_of
from aleph_contract.reports.causes import changes_of


@dataclass(frozen=True, slots=True)
class _Test:
    """One test case; `kind` is `failure`, `error` or `skipped`, or empty if it passed."""

    suite: str
    name: str
    kind: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    out: str = ""
    err: str = ""
    seconds: float = field(default=0.0)


def render(verification: Verification) -> str:
    r"""The report as XML with a final line feed; invalid XML characters become `\uXXXX`."""
    suites: dict[str, list[_Test]] = {}
    for test in (
        *_of_run(verification),
        *(_of_case(result, verification) for result in verification.results),
    ):
        suites.setdefault(test.suite, []).append(test)
    every = [test for tests in suites.values() for test in tests]
    root = ET.Element("testsuites", {"name": "aleph-contract", **_numbers(every)})
    for name, tests in suites.items():
        suite = ET.SubElement(root, "testsuite", {"name": escape_controls(name), **_numbers(tests)})
        _properties(suite, verification)
        for test in tests:
            _append(suite, test)
    ET.indent(root)
    elements = escape_commands_in_markup(ET.tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{elements}\n'


def _of_run(verification: Verification) -> Iterator[_Test]:
    """Results that belong to no case: trouble, an interrupt, lines of the known-failing file."""
    for trouble in verification.trouble:
        yield _Test("run", "set-up", "error", "could-not-run", trouble)
    if verification.interrupted:
        yield _Test("run", "interrupted", "error", "interrupted", "the run was interrupted")
    if not (verification.results or verification.trouble):
        yield _Test("run", "cases", "error", "could-not-run", "no case was run")
    for pattern in verification.stale:
        yield _Test("known-failing", pattern, "failure", "stale", "matches no case")
    names = {result.name for result in verification.results}
    for name in verification.unexpected_passes:
        if name not in names:
            yield _unexpected("known-failing", name)


def _unexpected(suite: str, name: str) -> _Test:
    message = "passed although expected to fail; remove its line from the known-failing file"
    return _Test(suite, name, "failure", "unexpected-pass", message)


def _of_case(result: CaseResult, verification: Verification) -> _Test:
    if result.status == "passed" and result.name in verification.unexpected_passes:
        return _unexpected(result.phase, result.name)
    kind, type_, message = _ending(result)
    return _Test(
        suite=result.phase,
        name=result.name,
        kind=kind,
        type=type_,
        message=message,
        text=_details(result) if kind == "failure" else "",
        out=_findings(result.findings) if kind != "failure" else "",
        err=result.outcome.stderr if result.outcome else "",
        seconds=result.elapsed,
    )


def _ending(result: CaseResult) -> tuple[str, str, str]:
    """The element, type and message for the status of a case."""
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


def _details(result: CaseResult) -> str:
    lines = [_findings(result.findings)]
    for detail in details_of(result, changes_of(result)):
        lines += [f"{detail.label}:", *(f"  {line}" for line in detail.lines)]
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


def _properties(suite: ET.Element, verification: Verification) -> None:
    values = {
        "aleph-contract": version.__version__,
        "model": verification.model,
        "contract": verification.contract_version,
        "profile": verification.profile,
        "seed": verification.seed,
        "client": verification.client.name,
        "client-version": verification.client.version,
        "client-language": verification.client.language,
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
