"""Messages about JSON with a syntax error: each version of Python words the reason in its way."""

from __future__ import annotations

import re


def without_parser_words(message: str) -> str:
    """A message up to the position of the syntax error."""
    return re.sub(r"(line [0-9]+ column [0-9]+): .*", r"\1", message)
