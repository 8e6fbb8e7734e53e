"""Reports of a comparison of two versions: terminal, JSON, GitHub annotations, SARIF."""

from __future__ import annotations

from aleph_contract.evolution.records import Diff
from aleph_contract.reports import Renderers
from aleph_contract.reports.diff import github, json_report, sarif, terminal

#: The functions that render a comparison.
DIFF: Renderers[Diff] = Renderers(
    {
        "terminal": terminal.render,
        "json": json_report.render,
        "github": github.render,
        "sarif": sarif.render,
    },
    terminal.render,
    terminal.render_verdict,
    github.step_summary,
)
