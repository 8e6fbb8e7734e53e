"""`diff`: classify the changes between two versions of a contract."""

from __future__ import annotations

import click

from aleph_contract.errors import ArgumentError


@click.command("diff", epilog="Example: aleph-contract diff --known accepted.txt old.json new.json")
@click.argument("old")
@click.argument("new")
@click.option(
    "--known",
    "known_file",
    metavar="FILE",
    help="Accepted changes: on each line a pointer, a class or a glob, then  # and the reason.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: --report json.")
@click.option(
    "--report",
    metavar="FORMAT[:PATH]",
    multiple=True,
    help="terminal, json, github or sarif; without PATH to standard output. Repeatable.  "
    "[terminal]",
)
def command(
    old: str, new: str, *, known_file: str | None, as_json: bool, report: tuple[str, ...]
) -> int:
    """Classify the changes between the catalog entries OLD and NEW.

    A change of the input schema is breaking if an input that was valid is refused
    now; a change of the output schema, if a result that was not possible before is
    possible now; a price, if it is higher. A breaking change has a witness that both
    validators confirm, a compatible one a proof; any other is unproved. The entries
    of two folders are compared by model id. Exit code 0: no breaking change, or only known
    ones; 1: a breaking change; 2: an entry cannot be used.
    """
    from aleph_contract import reports
    from aleph_contract.evolution.folders import compare_paths
    from aleph_contract.evolution.known_changes import accept
    from aleph_contract.reports.diff import DIFF
    from aleph_contract.verify import known_failing

    if as_json and report:
        raise ArgumentError("--json and --report exclude each other; write --report json")
    known = known_failing.load(known_file).lines if known_file else ()
    with reports.open_reports_of(DIFF, ("json",) if as_json else report, "model") as outputs:
        diff = accept(compare_paths(old, new), known)
        outputs.write(diff)
    return diff.exit_code
