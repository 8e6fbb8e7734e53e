"""The report of a mutation run as JUnit XML: a test suite per place, a test case per mutant."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from aleph_contract import version
from aleph_contract.core.escaping import escape_commands_in_markup, escape_controls, one_line
from aleph_contract.mutation.records import MISSED, MutantResult, MutationRun
from aleph_contract.reports.mutation.summary import WORDS, change, remedy, witness

#: The element of each class; a noticed mutant is a test that passes.
_ELEMENTS = {
    "tolerated": "skipped",
    "unnoticed": "failure",
    "paid-twice": "failure",
    "could-not-run": "error",
}


def render(run: MutationRun) -> str:
    r"""The report as XML with a final line feed; invalid XML characters become `\uXXXX`."""
    root = ET.Element("testsuites", {"name": "aleph-contract mutate", **_numbers(run.results)})
    places: dict[str, list[MutantResult]] = {}
    for result in run.results:
        places.setdefault(result.mutant.mutation.place, []).append(result)
    for place, results in places.items():
        suite = ET.SubElement(root, "testsuite", {"name": place, **_numbers(results)})
        _properties(suite, run)
        for result in results:
            _append(suite, result)
    ET.indent(root)
    elements = escape_commands_in_markup(ET.tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{elements}\n'


def _numbers(results: Sequence[MutantResult]) -> dict[str, str]:
    elements = [_ELEMENTS.get(result.kind) for result in results]
    return {
        "tests": str(len(results)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{sum(result.elapsed for result in results):.3f}",
    }


def _properties(suite: ET.Element, run: MutationRun) -> None:
    values = {
        "aleph-contract": version.__version__,
        "command": run.command,
        "model": run.model,
        "contract": run.contract_version,
        "seed": run.seed,
        "score": run.score,
    }
    properties = ET.SubElement(suite, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", {"name": name, "value": one_line(str(value))})


def _append(suite: ET.Element, result: MutantResult) -> None:
    mutant = result.mutant
    attributes = {
        "classname": f"aleph-contract.{mutant.mutation.place}",
        "name": one_line(mutant.id),
        "time": f"{result.elapsed:.3f}",
    }
    element = ET.SubElement(suite, "testcase", attributes)
    if (tag := _ELEMENTS.get(result.kind)) is not None:
        message = f"{WORDS[result.kind]}: {mutant.mutation.title}"
        ending = {"message": one_line(message), "type": result.rule}
        ET.SubElement(element, tag, ending).text = escape_controls(_details(result))


def _details(result: MutantResult) -> str:
    lines = [*change(result), result.reason]
    if result.kind in MISSED:
        lines += [f"test: {witness(result)}", f"assert: {remedy(result)}"]
    return "\n".join(filter(None, lines))
