"""The report of a mutation run as an HTML page: one file that loads nothing.

Jinja escapes all text of tests and prompts, as in the page of a verification.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from aleph_contract import version
from aleph_contract.core.escaping import escape_commands_in_markup
from aleph_contract.mutation.records import CLASSES, MutantClass, MutantResult, MutationRun
from aleph_contract.reports.html import asset, hash_source
from aleph_contract.reports.mutation import summary

if TYPE_CHECKING:
    from jinja2 import Environment

#: The colour of each class in the picture.
STATES: dict[MutantClass, str] = {
    "noticed": "right",
    "tolerated": "unknown",
    "unnoticed": "wrong",
    "paid-twice": "wrong",
    "could-not-run": "never",
}

#: Squares beside each other in a cell of the picture.
COLUMNS = 8


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A row of the picture: one call, and its mutants by mutation.

    Args:
        call: The call.
        cells: For each mutation of the picture, its mutants on this call.
    """

    call: str
    cells: tuple[tuple[MutantResult, ...], ...]


def render(run: MutationRun) -> str:
    """The complete page."""
    style = asset("report.css") + asset("mutation.css")
    mutations = tuple(dict.fromkeys(r.mutant.mutation.id for r in run.results))
    page = (
        _environment()
        .get_template("mutation.html")
        .render(
            run=run,
            summary=summary,
            gaps=summary.gaps(run),
            tone="good" if summary.passes(run) else "void" if run.score is None else "bad",
            classes=[(kind, summary.WORDS[kind], STATES[kind]) for kind in CLASSES],
            states=STATES,
            mutations=mutations,
            rows=tuple(_rows(run, mutations)),
            columns=COLUMNS,
            version=version.__version__,
            style=style,
            policy=f"default-src 'none'; style-src '{hash_source(style)}'",
        )
    )
    return escape_commands_in_markup(page)


def _rows(run: MutationRun, mutations: tuple[str, ...]) -> Iterator[PictureRow]:
    by_call: dict[str, dict[str, list[MutantResult]]] = {}
    for result in run.results:
        own = by_call.setdefault(result.mutant.calls[0].name, {})
        own.setdefault(result.mutant.mutation.id, []).append(result)
    for call, own in by_call.items():
        yield PictureRow(call, tuple(tuple(own.get(name, ())) for name in mutations))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from aleph_contract.core.templating import environment

    return environment("aleph_contract.reports")
