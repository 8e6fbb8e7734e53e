"""Measure how long a browser takes to open an HTML report of many findings.

    python benchmarks/html_report.py [--check]

Needs Chromium. Prints the size of the page, and the wall-clock time from the start of the
navigation to the end of the `load` event: the best of some openings, since other load on the
machine only adds to it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests/support"))

import sample_runs as sample
from browser import Browser, running_browser

from aleph_contract.core.results import Verification
from aleph_contract.reports.html import render
from aleph_contract.rules.coverage import coverage

#: Findings of the report, and the limit in seconds for them.
FINDINGS, MAX_LOAD = 1000, 1.0

#: Openings of the page.
OPENINGS = 5

_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


def report() -> Verification:
    """A verification with at least `FINDINGS` findings of several causes."""
    broken = [result for result in sample.FAILING.results if result.findings]
    results, findings = [], 0
    while findings < FINDINGS:
        result = broken[len(results) % len(broken)]
        results.append(replace(result, name=f"{result.name}/{len(results)}"))
        findings += len(result.findings)
    run = sample.run(*results)
    return replace(run, coverage=coverage(run.results))


def load_time(browser: Browser, page: Path) -> float:
    """Seconds until the `load` event of the page has ended."""
    with browser.tab() as tab:
        tab.open(page.as_uri())
        return float(tab.wait(_LOADED))


def main() -> int:
    """Print the measurement; with `--check` exit with 1 if it is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
        page = Path(folder) / "report.html"
        page.write_text(render(report()), encoding="utf-8")
        seconds = min(load_time(browser, page) for _ in range(OPENINGS))
        print(f"{FINDINGS:,} findings, {page.stat().st_size:,} bytes: load {seconds:.2f} s")
    return int(arguments.check and seconds > MAX_LOAD)


if __name__ == "__main__":
    sys.exit(main())
