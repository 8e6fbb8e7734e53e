"""One finding as Markdown for an issue, and the stable id that links to it."""

from __future__ import annotations

import hashlib
import re

from aleph_contract import version
from aleph_contract.core.escaping import escape_controls, one_line, pluralise
from aleph_contract.core.results import Level
from aleph_contract.reports.causes import Cause
from aleph_contract.reports.example import example_of
from aleph_contract.reports.summary import RuleRow, Summary

#: Width of the column of labels.
_LABEL_WIDTH = 11


def anchor(level: Level, rule: str, case: str) -> str:
    """The id of a finding in a page: the same in every run that finds it in the same case.

    Example: `must-request.faithful-3f2a91c0`.
    """
    digest = hashlib.sha256(case.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{level}-{rule}-{digest[:8]}"


def markdown(summary: Summary, rule: RuleRow, cause: Cause) -> str:
    """A finding for an issue; texts of the client are in a code block, so that none is markup."""
    verification = summary.verification
    facts = {
        "case": f"{cause.example.name} ({pluralise(len(cause.names), 'case')})",
        **{detail.label: detail.lines[0] for detail in example_of(rule, cause)},
        "client": summary.client_name,
        "commit": verification.commit,
        "contract": summary.settings,
        "verifier": f"aleph-contract {version.__version__}",
    }
    lines = "\n".join(
        f"{label:<{_LABEL_WIDTH}}{escape_controls(one_line(text))}"
        for label, text in facts.items()
        if text
    )
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", lines)), default=0))
    parts = [
        f"### `{rule.id}` is broken",
        f"The {rule.subject} {rule.sentence}." if rule.sentence else "",
        f"{fence}text\n{lines}\n{fence}",
        f"Usual mistake: {rule.cause}" if rule.cause else "",
        f"Remedy: {rule.fix}" if rule.fix else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"
