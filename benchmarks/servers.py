"""Verify servers with one defect each, and lawful ones; print what is caught, and the CPU time.

    python benchmarks/servers.py [--check] [--max-examples N]

Every server is served on a free port of 127.0.0.1 and verified whole, as by `verify server`. There
is one server without each constraint, two for each bound (too loose, too strict; numbers by less
than one), and one or more for each server rule. A faulty server is caught if its rule is among the
broken ones; a lawful one is accused if any rule of level must is broken. The CPU time is that of
the verifying thread; the cases are built before the first server, and their time is printed apart.

`--check` exits 1 if a faulty server is missed, a lawful one is accused, or the median CPU time is
above `BAR` seconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

from server_specimens import FAULTY, LAWFUL, generated  # noqa: E402 - the path is set above
from stub_server import CONTRACT, TOKEN, Stub, serving  # noqa: E402

from aleph_contract.verify.server.plan import plan  # noqa: E402
from aleph_contract.verify.server.runner import ServerSettings, verify_server  # noqa: E402
from aleph_contract.verify.server.target import Target  # noqa: E402

#: CPU seconds for one server.
BAR = 1.5


@dataclass(frozen=True)
class Row:
    """The verification of one server; `rule` is the rule that it breaks, empty if it is lawful."""

    name: str
    rule: str
    broken: frozenset[str]
    cpu: float
    found: str = ""

    @property
    def right(self) -> bool:
        """Whether the server was caught by its rule, or not accused."""
        return self.rule in self.broken if self.rule else not self.broken


def verified(name: str, stub: Stub, rule: str, settings: ServerSettings) -> Row:
    """Verify one server over a socket."""
    with serving(stub) as served:
        target = Target.parse(served.url, token=TOKEN)
        begun = time.thread_time()
        found = verify_server(target, CONTRACT, settings)
        cpu = time.thread_time() - begun
    findings = [(r.name, f) for r in found.results for f in r.broken]
    broken = frozenset(finding.rule for _, finding in findings)
    first = next((f"{case}: {f.rule}, {f.message}" for case, f in findings), "no finding")
    return Row(name, rule, broken, cpu, "; ".join([first, *found.trouble]))


def servers() -> Iterator[tuple[str, Stub, str]]:
    """Name, server and broken rule of every server."""
    yield from ((name, stub, rule) for name, (stub, rule) in FAULTY.items())
    yield from generated()
    yield from ((name, stub, "") for name, stub in LAWFUL.items())


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
    parser.add_argument("--max-examples", type=int, default=20, metavar="N")
    options = parser.parse_args()
    settings = ServerSettings(max_examples=options.max_examples)
    begun = time.thread_time()
    plan(Target.parse("http://127.0.0.1:1"), CONTRACT, max_examples=options.max_examples)
    print(f"cases built in {time.thread_time() - begun:.2f} s of CPU")
    print(f"{'server':<48} {'its defect breaks':<22} {'CPU s':>6}  verdict")
    rows = []
    for name, stub, rule in servers():
        row = verified(name, stub, rule, settings)
        rows.append(row)
        verdict = ("caught" if row.rule else "not accused") if row.right else f"WRONG: {row.found}"
        print(f"{row.name:<48} {row.rule or '-':<22} {row.cpu:>6.2f}  {verdict}", flush=True)
    return _summary(rows, check=options.check)


def _summary(rows: list[Row], *, check: bool) -> int:
    faulty = [row for row in rows if row.rule]
    lawful = [row for row in rows if not row.rule]
    median = statistics.median(row.cpu for row in rows)
    print(f"caught: {sum(row.right for row in faulty)} of {len(faulty)} faulty servers")
    print(f"accused: {sum(not row.right for row in lawful)} of {len(lawful)} lawful servers")
    print(f"CPU per server: median {median:.2f} s, most {max(row.cpu for row in rows):.2f} s")
    return int(check and (not all(row.right for row in rows) or median > BAR))


if __name__ == "__main__":
    sys.exit(main())
