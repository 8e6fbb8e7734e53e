"""The syntax tree of a regular expression, as the parser of Python's `re` builds it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from aleph_contract.schema.regex import to_python

try:
    # The parser of Python's `re`: not documented, unchanged since Python 2.
    from re import _constants, _parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as _constants
    import sre_parse as _parser

#: The codes of the nodes, such as `codes.LITERAL`.
codes: Any = _constants


@lru_cache(maxsize=256)
def parsed(pattern: str) -> Any:
    """The nodes of a pattern in the form that `to_python` writes: pairs of a code and its argument.

    Raises:
        ArgumentError: As for `to_python`.
    """
    return _parser.parse(to_python(pattern))
