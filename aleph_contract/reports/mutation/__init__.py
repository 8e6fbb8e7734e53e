"""Reports of a mutation run, in the same formats as those of a verification."""

from __future__ import annotations

from aleph_contract.mutation.records import MutationRun
from aleph_contract.reports import Renderers
from aleph_contract.reports.mutation import github, html, json_report, junit, sarif, terminal

#: The functions that render a mutation run.
MUTATION: Renderers[MutationRun] = Renderers(
    {
        "terminal": terminal.render,
        "json": json_report.render,
        "junit": junit.render,
        "html": html.render,
        "github": github.render,
        "sarif": sarif.render,
    },
    terminal.render,
    terminal.render_verdict,
    github.step_summary,
)
