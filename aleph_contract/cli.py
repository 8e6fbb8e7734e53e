"""The command line: a table of commands, each imported only when it is used."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

from aleph_contract.commands.standard_streams import discard_unwritable, open_missing, printing
from aleph_contract.errors import AlephContractError, ArgumentError, CouldNotRun
from aleph_contract.version import __version__

#: Every command: its module in `aleph_contract.commands`, and its line of help. The help is
#: repeated here so that `--help` does not import the commands.
COMMANDS = {
    "init": ("init", "Write an adapter, a first test and a CI job into a project."),
    "serve": ("serve", "Run the fake until it is interrupted."),
    "exec": ("exec_", "Run a command against a fresh fake and judge the traffic it made."),
    "verify": ("verify", "Prove that a client, or a server, keeps the contract."),
    "judge": (
        "judge",
        "Judge the client and the server in recordings, without calling any server.",
    ),
    "mutate": ("mutate", "Find the changes to its calls that a test suite does not notice."),
    "check": ("check", "Validate inputs or complete request bodies."),
    "diff": ("diff", "Classify the changes between the catalog entries OLD and NEW."),
    "cases": ("cases", "Print the catalogue of certified cases."),
    "rules": ("rules", "List the rules that judge a client, or a server."),
    "explain": (
        "explain",
        "Explain a rule, a fault or an outcome of the fake, or show a contract.",
    ),
    "mcp": ("mcp", "Offer the checks and the fake to an AI agent, as an MCP server."),
    "workers": ("workers", "Show how to run a Worker's env.AI against the fake."),
}

_INTERNAL_ERROR = "internal error, unrelated to your client; please report it"


class LazyGroup(click.Group):
    """A group that imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"aleph_contract.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; the error for an unknown one names the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:  # click looks for near names in its own table
            import difflib  # only when used

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    epilog="Example: aleph-contract verify client --per-case -- sh my-client.sh",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, prog_name="aleph-contract")
def cli() -> None:
    """Develop and verify clients of Cloudflare's runwayml/aleph-2, offline."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an invalid argument gets no traceback."""
    try:
        code = cli.main(arguments, prog_name="aleph-contract", standalone_mode=False)
    except click.exceptions.Abort:
        return _ended("interrupted", 130)
    except SystemExit:  # click's answer to a reader of the output that has ended
        return CouldNotRun.exit_code
    except click.ClickException as error:
        with printing():
            error.show()
        return error.exit_code
    except AlephContractError as error:
        return _ended(str(error), error.exit_code)
    except OSError as error:
        if _folder_is_gone():
            return _ended(
                "the current folder was deleted; change to another", ArgumentError.exit_code
            )
        if error.errno != errno.ENOSPC:
            return _internal_error()
        discard_unwritable()
        name = error.filename or "standard output"
        return _ended(f"cannot write {name}: {error.strerror}", CouldNotRun.exit_code)
    except Exception:  # noqa: BLE001 - an internal error must not count as a failure of the client
        return _internal_error()
    return code if isinstance(code, int) else 0


def _folder_is_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib takes milliseconds to import
    except FileNotFoundError:
        return True
    return False


def _internal_error() -> int:
    """Print the traceback of the exception that is handled, and return the exit code."""
    with printing():
        click.echo(traceback.format_exc(), err=True, nl=False)
    return _ended(_INTERNAL_ERROR, CouldNotRun.exit_code)


def _ended(message: str, code: int) -> int:
    """Print why the command ended, and return the exit code."""
    from aleph_contract.core.escaping import printable

    with printing():
        click.echo(printable(f"aleph-contract: {message}"), err=True)
    return code


def main() -> None:
    """Run the command of this process; exits with its code."""
    open_missing()
    sys.exit(run())
