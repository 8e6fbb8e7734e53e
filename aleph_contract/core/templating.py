"""Jinja environments that escape markup and control characters."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aleph_contract.core.escaping import escape_controls, money, pluralise


def environment(package: str) -> Environment:
    """A Jinja environment for the templates of `package`, with the filters of all pages."""
    jinja = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        finalize=_final,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters.update(pluralise=pluralise, money=money, code_spans=_code_spans)
    return jinja


def _code_spans(text: str) -> Markup:
    """A sentence of this project, with each part between backquotes as code."""
    pieces = enumerate(escape_controls(text).split("`"))
    return Markup().join(Markup("<code>{}</code>").format(p) if n % 2 else p for n, p in pieces)


def _final(value: Any) -> Any:
    """Escape the control characters of an expression's value; Jinja then escapes the markup."""
    return value if hasattr(value, "__html__") else escape_controls(str(value))
