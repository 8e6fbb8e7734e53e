"""`aleph-contract judge`: judge recorded traffic."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aleph_contract.commands.options import (
    contract_option,
    detail_options,
    fail_on_option,
    load_contracts,
    report_options,
    rule_option,
    skip_rule_option,
)
from aleph_contract.commands.signals import stoppable, terminable

if TYPE_CHECKING:
    from aleph_contract.core.results import Level
    from aleph_contract.reports import TerminalDetail

#: The values of --format: `auto`, and the keys of `recordings.FORMATS`, which are loaded on use.
FORMAT_NAMES = ("auto", "har", "vcr", "journal", "gateway-log", "capture")

#: Name of the copy of standard input.
_COPY = "standard input"

#: The argument that stands for standard input.
STDIN = "-"


@click.command("judge", epilog="Example: aleph-contract judge session.har")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMAT_NAMES),
    default="auto",
    show_default=True,
    help="Format of the files; auto looks at the content of each.",
)
@contract_option
@rule_option
@skip_rule_option
@fail_on_option
@report_options
@detail_options
@click.argument("files", nargs=-1, required=True, metavar="FILE|-...")
def command(
    *,
    file_format: str,
    contract_files: tuple[str, ...],
    only: tuple[str, ...],
    skip_rule: tuple[str, ...],
    fail_on: Level,
    report: tuple[str, ...],
    detail: TerminalDetail,
    files: tuple[str, ...],
) -> int:
    """Judge the client and the server in recordings, without calling any server.

    Reads HAR 1.2, VCR cassettes (YAML needs the extra `recordings`), logs of
    AI Gateway, captures of `verify server` and SQLite journals of `serve`.
    Only rules that need neither the intended input nor the client's report are
    judged. A note names each rule that a recording cannot show. Tokens are
    removed. Ctrl-C and SIGTERM end with a report of the calls that were read.
    Exit code: 0 if the traffic conforms, 1 if it does not, 2 if no file is a
    recording, 3 if one is not, ends early, or holds no call, or after Ctrl-C.
    """
    from aleph_contract import reports
    from aleph_contract.rules import RULES
    from aleph_contract.rules.server_table import SERVER_RULES
    from aleph_contract.verify.recorded_traffic import judge_recordings
    from aleph_contract.verify.rule_selection import RuleSelection

    rules = RuleSelection(only, skip_rule, (*RULES, *SERVER_RULES))
    contracts = load_contracts(contract_files)
    with (
        terminable(),
        reports.open_reports(report, detail=detail) as outputs,
        _on_disk(files) as paths,
    ):
        with stoppable() as stopped:
            run = judge_recordings(paths, contracts, file_format=file_format, stopped=stopped)
        run = replace(
            run,
            results=tuple(map(rules.apply, run.results)),
            trouble=tuple(map(_without_folder, run.trouble)),
            fail_on=fail_on,
        )
        outputs.write(run)
    return run.exit_code


@contextmanager
def _on_disk(files: Sequence[str]) -> Iterator[list[Path]]:
    """The files as paths; standard input is copied to a file, because it is read twice."""
    from aleph_contract.core.private_folder import PrivateFolder
    from aleph_contract.errors import RecordingError

    with PrivateFolder() as folder:
        copy = folder.path / _COPY
        if STDIN in files:
            _copy_input(copy)
        try:
            yield [copy if name == STDIN else Path(name) for name in files]
        except RecordingError as error:
            raise RecordingError(_without_folder(str(error))) from None


def _copy_input(path: Path) -> None:
    from aleph_contract.core import reading
    from aleph_contract.errors import ArgumentError

    try:
        reading.copy_stream(sys.stdin.buffer, path, _COPY)
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise ArgumentError(
            f"{_COPY} is longer than {reading.MAX_FILE >> 20} MiB; give the name of a file, which "
            "may be of any length"
        ) from None


def _without_folder(text: str) -> str:
    """A message in which the copy of standard input is called so, without its folder."""
    from aleph_contract.core.private_folder import PREFIX

    return re.sub(rf"\S*/{PREFIX}\w+/{_COPY}", _COPY, text)
