"""The report as an HTML page: one file that opens from disk, loads nothing, and prints well.

Jinja escapes all text of clients and prompts, and `escape_controls` its control characters. As a
second barrier, the page's Content Security Policy allows only its own script, by hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Any

from aleph_contract import version
from aleph_contract.core.escaping import decoded, write_json
from aleph_contract.core.jsonvalue import loads
from aleph_contract.core.results import STATUSES, Verification
from aleph_contract.errors import JSONError
from aleph_contract.reports import case_details
from aleph_contract.reports.summary import summarise
from aleph_contract.rules.coverage import OBSERVED, POLARITIES, RIGHT, Row
from aleph_contract.rules.diff import shown, where

if TYPE_CHECKING:
    from jinja2 import Environment

#: Characters shown around a difference.
_CONTEXT = 40

#: Characters shown of a difference itself.
_MAX_DIFFERENCE = 160


def render(verification: Verification) -> str:
    """The complete page."""
    template = _environment().get_template("report.html")
    style, script = asset("report.css"), asset("report.js")
    summary = summarise(verification)
    return template.render(
        summary=summary,
        anchors={p.rule.id: f"finding-{n}" for n, p in enumerate(summary.broken, 1)},
        verification=verification,
        statuses=STATUSES,
        version=version.__version__,
        groups=tuple(_groups(verification.coverage)),
        observed=OBSERVED,
        style=style,
        script=script,
        policy=(
            f"default-src 'none'; style-src '{hash_source(style)}'; "
            f"script-src '{hash_source(script)}'"
        ),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of the coverage chart.

    Args:
        constraint: Key of the constraint.
        polarity: `valid` or `violating`.
        state: `right`, `wrong`, `unknown` or `never`: the observations taken together.
        rows: The observations.
    """

    constraint: str
    polarity: str
    state: str
    rows: tuple[Row, ...]

    @property
    def words(self) -> str:
        """The observations in words."""
        return ", ".join(f"{r.observed} {r.count}" if r.count else r.observed for r in self.rows)


@dataclass(frozen=True, slots=True)
class Contrast:
    """The difference of two strings: the common text around it, and the part of each string."""

    before: str
    intended: str
    sent: str
    after: str


def _groups(rows: Iterable[Row]) -> Iterator[tuple[str, list[list[Cell]]]]:
    """The constraints grouped by model and property; for each constraint a cell per polarity."""
    keys: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in rows:
        keys.setdefault((row.model, row.constraint), {}).setdefault(row.polarity, []).append(row)
    several = len({model for model, _ in keys}) > 1

    def name(item: tuple[tuple[str, str], Any]) -> str:
        (model, key), _ = item
        return f"{model}: {_property(key)}" if several else _property(key)

    for title, group in groupby(keys.items(), name):
        yield (
            title,
            [[_cell(key, p, seen.get(p, [])) for p in POLARITIES] for (_, key), seen in group],
        )


def _property(key: str) -> str:
    head, slash, _ = key.partition("/")
    return head if slash else "whole input"


def _cell(key: str, polarity: str, rows: list[Row]) -> Cell:
    words = {row.observed for row in rows} - {"never", "not-run", "other"}
    if words:
        state = "right" if words <= set(RIGHT[polarity]) else "wrong"
    else:
        tried = any(row.observed != "never" for row in rows)
        state = "unknown" if tried else "never"
    return Cell(key, polarity, state, tuple(rows))


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
    jinja.filters.update(decoded=decoded, pretty=_pretty, shown=shown)
    jinja.globals.update(contrast=contrast, details=case_details, where=where)
    return jinja


def asset(name: str) -> Any:
    """A file of the templates, to embed in a page without escaping."""
    from markupsafe import Markup

    text = (resources.files(__package__) / "templates" / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - a file of this package


def hash_source(text: str) -> str:
    """The hash source of an inline element for the Content Security Policy."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
