"""Two exchanges side by side: the facts, the headers and the bodies, with the differing lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from aleph_contract.core.exchange import Exchange
from fake_server.inspector.json_view import FormattedBody, format_body

#: Maximum lines of a body or of headers that are compared.
MAX_LINES = 1000

#: Maximum characters of a line that is compared.
MAX_LINE = 2000

#: Equal lines shown around a difference; the lines between are counted.
_CONTEXT = 4


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One row of a comparison.

    Args:
        left: The line of the first exchange; `None` if it has none here.
        right: The same of the second.
        same: Whether they are equal.
        skipped: Number of equal lines that the row stands for; 0 for a row with lines.
    """

    left: str | None
    right: str | None
    same: bool
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of two exchanges.

    Args:
        left: The first.
        right: The second.
        parts: Of each part its title and its rows.
    """

    left: Exchange
    right: Exchange
    parts: tuple[tuple[str, tuple[DiffRow, ...]], ...]


def compare(left: Exchange, right: Exchange) -> Comparison:
    """Compare two exchanges."""
    parts = (
        ("Call", _facts(left), _facts(right)),
        ("Request headers", _headers(left.request_headers), _headers(right.request_headers)),
        ("Request body", _body(left.request_body), _body(right.request_body)),
        ("Reply headers", _headers(left.response_headers), _headers(right.response_headers)),
        ("Reply body", _body(left.response_body), _body(right.response_body)),
    )
    return Comparison(left, right, tuple((title, tuple(diff(a, b))) for title, a, b in parts))


def diff(left: Sequence[str], right: Sequence[str]) -> Iterator[DiffRow]:
    """The rows of a comparison of lines."""
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for group in matcher.get_opcodes():
        tag, start, end, other_start, other_end = group
        if tag == "equal":
            yield from _equal(left[start:end], first=start == 0, last=end == len(left))
        else:
            pairs = zip_longest(left[start:end], right[other_start:other_end])
            yield from (DiffRow(a, b, same=False) for a, b in pairs)


def _equal(lines: Sequence[str], *, first: bool, last: bool) -> Iterator[DiffRow]:
    """Equal lines: those next to a difference, and a count of the others."""
    before, after = (0 if first else _CONTEXT), (0 if last else _CONTEXT)
    skipped = len(lines) - before - after
    if skipped <= 1 or (first and last):
        before, after, skipped = len(lines), 0, 0
    yield from (DiffRow(line, line, same=True) for line in lines[:before])
    if skipped:
        yield DiffRow(None, None, same=True, skipped=skipped)
    yield from (DiffRow(line, line, same=True) for line in lines[len(lines) - after :][:after])


def _facts(exchange: Exchange) -> list[str]:
    status = "no response" if exchange.status is None else str(exchange.status)
    return [
        f"{exchange.method} {exchange.target}"[:MAX_LINE],
        f"status {status}",
        f"outcome {exchange.outcome}",
        f"fault {exchange.fault or 'none'}",
        f"token {exchange.credential}",
        _cost(exchange),
    ]


def _cost(exchange: Exchange) -> str:
    if not exchange.billed:
        return "not billed"
    return f"cost {exchange.cost:f} USD" if exchange.cost else "price unknown"


def _headers(headers: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{name.lower()}: {value}"[:MAX_LINE] for name, value in headers[:MAX_LINES]]


def _body(raw: bytes) -> list[str]:
    return list(_lines(format_body(raw)))[:MAX_LINES]


def _lines(body: FormattedBody) -> Iterator[str]:
    for line in body.lines:
        text = "".join(f"{s.text}… {s.cut:,} more" if s.cut else s.text for s in line.spans)
        yield ("  " * line.depth + text)[:MAX_LINE]
