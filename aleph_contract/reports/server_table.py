"""The table of a server's verification: what the contract says, what the server does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.reports.text import Style

_SAYS = {"valid": "on the bound: accept", "violating": "outside: refuse"}
_RIGHT = {"valid": "accepted", "violating": "refused"}

#: Mark of an answer that is not the one that the contract demands.
_DIFFERS = " <- differs"

#: Rules about the form of a reply: it may be the right answer, in another form.
_FORM = {"server.error-shape", "server.reply-shape", "server.content-type"}

#: Constraint and polarity of a case.
_Key = tuple[str | None, str | None]


def server_table(verification: Verification, style: Style) -> Iterator[str]:
    """One line for each constraint, then one for each envelope probe; nothing without a case."""
    constraints, probes = list(_constraints(verification)), list(_probes(verification))
    if constraints:
        yield from _columns(
            [("constraint", _SAYS["valid"], _SAYS["violating"]), *constraints], style
        )
    if constraints and probes:
        yield ""
    if probes:
        yield from _columns([("request", "refuse", ""), *probes], style)


def _columns(rows: list[tuple[str, str, str]], style: Style) -> Iterator[str]:
    """Three columns; on a narrow terminal a long name has a line of its own."""
    middle = max(len(row[1]) for row in rows) + 2
    right = max(len(row[2]) for row in rows)
    width = min(max(len(row[0]) for row in rows) + 2, max(style.width - middle - right, 0))
    for name, bound, outside in rows:
        if len(name) >= width:
            yield name
        head = name if len(name) < width else ""
        yield f"{head:<{width}}{bound:<{middle}}{outside}".rstrip()


def _constraints(verification: Verification) -> Iterator[tuple[str, str, str]]:
    seen: dict[str, dict[str, list[str]]] = {}
    others = _others(verification)
    for row in verification.coverage:
        if row.count:
            found = f"{row.observed} {row.count:,}"
            if row.observed == "other":
                found = others.get((row.constraint, row.polarity), found)
            seen.setdefault(row.constraint, {}).setdefault(row.polarity, []).append(found)
    for constraint, by_polarity in seen.items():
        bound, outside = (_cell(polarity, by_polarity.get(polarity, [])) for polarity in _SAYS)
        yield constraint, bound, outside


def _cell(polarity: str, found: list[str]) -> str:
    differs = any(not observed.startswith(_RIGHT[polarity]) for observed in found)
    return f"{', '.join(found)}{_DIFFERS if differs else ''}"


def _others(verification: Verification) -> Mapping[_Key, str]:
    """The replies of each constraint that neither accept nor refuse, such as `no reply 4`."""
    found: dict[_Key, Counter[str]] = {}
    for result in verification.results:
        last = result.exchanges[-1] if result.exchanges else None
        if result.portable and last is not None and last.outcome not in {"completed", "invalid"}:
            key = result.constraint, result.polarity
            found.setdefault(key, Counter())[_status(last)] += 1
    return {
        key: ", ".join(f"{status} {number:,}" for status, number in counted.items())
        for key, counted in found.items()
    }


def _probes(verification: Verification) -> Iterator[tuple[str, str, str]]:
    for result in verification.results:
        if result.phase == "envelope":
            yield result.name, _answer(result), ""


def _answer(result: CaseResult) -> str:
    if not result.exchanges:
        return f"not sent: {result.reason}"
    answer = _status(result.exchanges[-1])
    broken = {finding.rule for finding in result.findings}
    if broken and broken <= _FORM:
        return f"{answer}, not in the documented form"
    return f"{answer}{_DIFFERS if broken else ''}"


def _status(exchange: Exchange) -> str:
    return "no reply" if exchange.status is None else str(exchange.status)
