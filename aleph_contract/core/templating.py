"""Jinja environments that escape markup and control characters."""

from __future__ import annotations

from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from aleph_contract.core.escaping import escape_controls, money, pluralise


class _Compiled(BytecodeCache):
    """Templates compiled by this process: each fake and each report has an environment of its own.

    The environments differ in filters and globals only, which compiled code looks up by name.
    """

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of a template whose text is the same."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


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
        bytecode_cache=_COMPILED,
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
