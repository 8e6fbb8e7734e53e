"""Text that is safe to show: clients, prompts and replies may hold anything."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aleph_contract.core.jsonvalue import Number

#: What could move a cursor, hide, or turn the direction of the text around it: controls but tab
#: and line feed, surrogates, bidirectional controls (Unicode TR 36), line separators, the byte
#: order mark and the two noncharacters that XML forbids.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufffe\uffff]"
)

#: The beginnings of a workflow command, which GitHub obeys wherever a log line starts with one.
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)


def escape_workflow_commands(text: str) -> str:
    r"""Lines for a log that GitHub may read: none is a workflow command of somebody else's."""
    return _COMMAND.sub(lambda match: f"{match[1] or ''}\\u{ord(match[0][-1]):04x}", text)


def escape_controls(text: str) -> str:
    r"""The text with what could act instead of show as `\uXXXX`; tabs and line feeds stay."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def one_line(text: str) -> str:
    """The text with white space collapsed, safe to show."""
    return escape_controls(" ".join(text.split()))


def truncate(text: str, limit: int) -> str:
    """The text, or its beginning and how much is left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… {len(text) - limit:,} more characters"


def pluralise(count: int, noun: str, plural: str | None = None) -> str:
    """A count and its noun: `1 case`, `2 cases`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def join_first(names: Iterable[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    every = tuple(names)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more:,} more" if more > 0 else "")


def money(amount: Decimal) -> str:
    """An amount in USD, to the cent; what is less than a cent says so."""
    if 0 < amount < Decimal("0.01"):
        return "under 0.01 USD"
    return f"{amount:,.2f} USD"


def decoded(raw: bytes) -> str:
    r"""Bytes as text; those that are not UTF-8 as `\xNN`."""
    return raw.decode("utf-8", "backslashreplace")


def write_json(value: Any, indent: str = "") -> str:
    """Indented JSON that any reader takes: numbers as they were written, nothing unsafe in strings.

    What is not a JSON value (a Python client may report anything) stands as the string of it.
    """
    deeper = indent + "  "
    if isinstance(value, dict):
        items = [
            f"{write_json(str(key))}: {write_json(child, deeper)}" for key, child in value.items()
        ]
        return _enclosed("{}", items, indent)
    if isinstance(value, (list, tuple)):
        return _enclosed("[]", [write_json(child, deeper) for child in value], indent)
    return _scalar(value)


def _enclosed(brackets: str, items: list[str], indent: str) -> str:
    if not items:
        return brackets
    inner = ",\n".join(f"{indent}  {item}" for item in items)
    return f"{brackets[0]}\n{inner}\n{indent}{brackets[1]}"


def _scalar(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    if isinstance(value, float) and math.isfinite(value):
        return json.dumps(value)
    text = value if isinstance(value, str) else str(value)
    return escape_controls(json.dumps(text, ensure_ascii=False))
