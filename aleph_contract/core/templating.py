"""Jinja environments that escape everything: markup, and control characters."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from aleph_contract.core.escaping import escape_controls, money, pluralise


def environment(package: str) -> Environment:
    """An environment for the templates of `package`, with the filters that all pages use."""
    jinja = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        finalize=_final,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters.update(pluralise=pluralise, money=money)
    return jinja


def _final(value: Any) -> Any:
    """What every expression of a template goes through before it is escaped."""
    return value if hasattr(value, "__html__") else escape_controls(str(value))
