"""The table of a server's verification: what the contract says, what the server does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.results import CaseResult, Verification

_SAYS = {"valid": "accept on the bound", "violating": "refuse outside"}
_RIGHT = {"valid": "accepted", "violating": "refused"}

#: Rules about the form of a reply: it may be the right answer, in another form.
_FORM = {"server.error-shape", "server.reply-shape", "server.content-type"}

#: Constraint and polarity of a case.
_Key = tuple[str | None, str | None]


def server_table(verification: Verification) -> Iterator[str]:
    """One line for each constraint, then one for each envelope probe; nothing without a case."""
    lines = [*_constraints(verification), *_probes(verification)]
    if not lines:
        return
    width = max(len(line[0]) for line in lines)
    middle = max(len(line[1]) for line in lines)
    yield f"{'constraint':<{width}}  {'the contract says':<{middle}}  the server does"
    for name, says, does in lines:
        yield f"{name:<{width}}  {says:<{middle}}  {does}".rstrip()


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
        says = ", ".join(_SAYS[polarity] for polarity in by_polarity)
        does = "; ".join(", ".join(found) for found in by_polarity.values())
        wrong = any(
            not found.startswith(_RIGHT[polarity])
            for polarity, all_found in by_polarity.items()
            for found in all_found
        )
        yield constraint, says, f"{does}{'  <- differs' if wrong else ''}"


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
            yield result.name, "refuse", _answer(result)


def _answer(result: CaseResult) -> str:
    if not result.exchanges:
        return f"not sent: {result.reason}"
    answer = _status(result.exchanges[-1])
    broken = {finding.rule for finding in result.findings}
    if broken and broken <= _FORM:
        return f"{answer}, not in the documented form"
    return f"{answer}{'  <- differs' if broken else ''}"


def _status(exchange: Exchange) -> str:
    return "no reply" if exchange.status is None else str(exchange.status)
