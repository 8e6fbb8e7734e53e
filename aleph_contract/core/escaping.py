"""Escape and format text for terminals, logs and pages: it may come from a client or a prompt."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aleph_contract.core.jsonvalue import Number

#: Characters that move a cursor, hide, or change the direction of text: controls except tab and
#: line feed, surrogates, bidirectional controls (Unicode TR 36), line separators, the byte order
#: mark, and the two noncharacters that XML forbids.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufffe\uffff]"
)

#: The first characters of a workflow command, which GitHub executes at the start of a log line.
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)


def escape_workflow_commands(text: str) -> str:
    r"""The text with the first character of every GitHub workflow command as `\uXXXX`."""
    return _COMMAND.sub(lambda match: f"{match[1] or ''}\\u{ord(match[0][-1]):04x}", text)


def escape_commands_in_markup(text: str) -> str:
    """Escape workflow commands in HTML or XML by character references, which readers do not see."""
    return _COMMAND.sub(lambda match: f"{match[1] or ''}&#{ord(match[0][-1])};", text)


def escape_controls(text: str) -> str:
    r"""The text with unsafe characters as `\uXXXX`; tabs and line feeds stay."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def replace_controls(text: str) -> str:
    """The text with each unsafe character as U+FFFD: its columns stay."""
    return _UNSAFE.sub("\ufffd", text)


def printable(text: str) -> str:
    """The text for a terminal or a log: no unsafe character, and no workflow command."""
    return escape_workflow_commands(escape_controls(text))


def one_line(text: str) -> str:
    """The text in one line: white space collapsed, unsafe characters escaped."""
    return escape_controls(" ".join(text.split()))


def truncate(text: str, limit: int) -> str:
    """The text; if it is longer than `limit`, its first characters and the number left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… {len(text) - limit:,} more characters"


def pluralise(count: int, noun: str, plural: str | None = None) -> str:
    """A count and its noun: `1 case`, `2 cases`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def join_first(names: Iterable[str], most: int = 3) -> str:
    """The first `most` names, and the number of the others: `a, b, c and 2 more`."""
    every = tuple(names)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more:,} more" if more > 0 else "")


#: Amounts from here on are shown with an exponent.
_LARGE = Decimal(10) ** 15


def money(amount: Decimal) -> str:
    """An amount in USD, to the cent: `1,234.50 USD`; below one cent `under 0.01 USD`.

    An amount of more than 15 digits, from a probe of a number without a limit: `3.36e+308 USD`.
    """
    if 0 < amount < Decimal("0.01"):
        return "under 0.01 USD"
    if abs(amount) >= _LARGE:
        return f"{amount:.2e} USD"
    return f"{amount:,.2f} USD"


def decoded(raw: bytes) -> str:
    r"""Bytes as text; bytes that are not UTF-8 become `\xNN`."""
    return raw.decode("utf-8", "backslashreplace")


def write_json(value: Any, indent: str = "") -> str:
    """Indented JSON: numbers as they were written, unsafe characters in strings escaped.

    A value that JSON cannot hold becomes `str(value)`: a Python client may report any object.
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
    written = escape_controls(json.dumps(text, ensure_ascii=False))
    return written.replace("##[", "\\u0023#[")  # no workflow command in a log
