"""The report as an HTML page: one file that opens from disk, loads nothing, and prints well.

Jinja escapes all text of clients and prompts, and `escape_controls` its control characters. As a
second barrier, the page's Content Security Policy allows only its own script, by hash.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aleph_contract import version
from aleph_contract.core.escaping import decoded, escape_commands_in_markup, write_json
from aleph_contract.core.jsonvalue import loads
from aleph_contract.core.results import STATUSES, Level, Verification
from aleph_contract.errors import JSONError
from aleph_contract.reports import case_details
from aleph_contract.reports.html_view import OUTCOMES, case_rows, findings_of, groups_of
from aleph_contract.reports.summary import summarise
from aleph_contract.rules.coverage import OBSERVED
from aleph_contract.rules.diff import shown, where

if TYPE_CHECKING:
    from jinja2 import Environment

#: Causes of one rule that are shown with all evidence; the others as six facts.
MOST_WHOLE = 6

#: Characters shown around a difference.
_CONTEXT = 40

#: Characters shown of a difference itself.
_MAX_DIFFERENCE = 160


def render(verification: Verification) -> str:
    """The complete page."""
    style, script = asset("report.css") + asset("report-cases.css"), asset("report.js")
    summary = summarise(verification)
    broken = [(p, findings_of(summary, p, "must")) for p in summary.broken]
    advice = [(p, findings_of(summary, p, "advice")) for p in summary.advice]
    groups = tuple(groups_of(verification.coverage))
    levels: tuple[tuple[Level, Any], ...] = (("must", broken), ("advice", advice))
    findings = [(level, view) for level, some in levels for _, views in some for view in views]
    page = (
        _environment()
        .get_template("report.html")
        .render(
            summary=summary,
            broken=broken,
            advice=advice,
            anchors={problem.rule.id: views[0].id for problem, views in broken},
            verification=verification,
            statuses=STATUSES,
            version=version.__version__,
            groups=groups,
            rows=tuple(case_rows(summary, groups, findings)),
            outcomes=OUTCOMES,
            observed=OBSERVED,
            most_whole=MOST_WHOLE,
            style=style,
            script=script,
            policy=(
                f"default-src 'none'; style-src '{hash_source(style)}'; "
                f"script-src '{hash_source(script)}'"
            ),
        )
    )
    return escape_commands_in_markup(page)


@dataclass(frozen=True, slots=True)
class Contrast:
    """The difference of two strings: the common text around it, and the part of each string."""

    before: str
    intended: str
    sent: str
    after: str


def contrast(intended: Any, sent: Any) -> Contrast | None:
    """The difference of two strings; `None` for other values."""
    if not (isinstance(intended, str) and isinstance(sent, str)):
        return None
    shorter = min(len(intended), len(sent))
    start = next((i for i in range(shorter) if intended[i] != sent[i]), shorter)
    rest = shorter - start
    end = next((i for i in range(rest) if intended[-1 - i] != sent[-1 - i]), rest)
    left, right = intended[start : len(intended) - end], sent[start : len(sent) - end]
    before, after = intended[:start], intended[len(intended) - end :]
    return Contrast(
        f"…{before[-_CONTEXT:]}" if len(before) > _CONTEXT else before,
        _middle(left),
        _middle(right),
        f"{after[:_CONTEXT]}…" if len(after) > _CONTEXT else after,
    )


def _middle(text: str) -> str:
    if len(text) <= _MAX_DIFFERENCE:
        return text
    half = _MAX_DIFFERENCE // 2
    return f"{text[:half]}… {len(text) - 2 * half:,} more …{text[-half:]}"


def _pretty(value: Any) -> str:
    """A payload as text: JSON indented, anything else unchanged."""
    if not isinstance(value, bytes):
        return write_json(value)
    try:
        return write_json(loads(value))
    except JSONError:
        return decoded(value) or "(empty)"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from aleph_contract.core.templating import environment

    jinja = environment(str(__package__))
    jinja.filters.update(decoded=decoded, pretty=_pretty, shown=shown, zip=zip)
    jinja.globals.update(contrast=contrast, details=case_details, where=where)
    return jinja


def asset(name: str) -> Any:
    """A file of the templates, to embed in a page without escaping."""
    from markupsafe import Markup

    text = (Path(__file__).with_name("templates") / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - a file of this package


def hash_source(text: str) -> str:
    """The hash source of an inline element for the Content Security Policy."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
