"""The junit report."""

from __future__ import annotations

from aleph_contract.reports import json_report
from aleph_contract.results import Run


def render(run: Run) -> str:
    """The report."""
    return json_report.render(run)
