"""The table of a server's verification: what the contract says, what the server does."""

from __future__ import annotations

from collections.abc import Iterator

from aleph_contract.core.results import CaseResult, Verification

_SAYS = {"valid": "accept on the bound", "violating": "refuse outside"}
_RIGHT = {"valid": "accepted", "violating": "refused"}


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
    for row in verification.coverage:
        if row.count:
            found = f"{row.observed} {row.count:,}"
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


def _probes(verification: Verification) -> Iterator[tuple[str, str, str]]:
    for result in verification.results:
        if result.phase == "envelope":
            yield result.name, "refuse", _answer(result)


def _answer(result: CaseResult) -> str:
    if not result.exchanges:
        return f"not sent: {result.reason}"
    status = result.exchanges[-1].status
    answer = "no reply" if status is None else str(status)
    return f"{answer}{'  <- differs' if result.findings else ''}"
