"""Options that several commands share."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fake_server.port import ADMIN_TOKEN_VARIABLE, FAKE_VARIABLE

if TYPE_CHECKING:
    from decimal import Decimal

    from aleph_contract.contract import Contract
    from aleph_contract.contract.contract_set import ContractSet

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

#: Seconds of the longest time limit: a day. The timers of the system refuse waits of centuries.
MAX_SECONDS = 86_400

#: Calls that may be in flight; with --stdio each is a process.
MAX_JOBS = 256

_STRICT = "aleph_contract.strict"

_contract_files = click.option(
    "--contract",
    "contract_files",
    metavar="FILE|DIR",
    multiple=True,
    help="Catalog entry of a model, or a folder of entries. Repeatable.",
)


class Number(click.FloatRange):
    """A number in a range. click lets `nan` pass in every range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Convert the text of an option."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


#: A time limit in seconds.
TIME_LIMIT = Number(min=0, min_open=True, max=MAX_SECONDS)


def _keep_strict(context: click.Context, _: click.Parameter, strict: bool) -> None:
    context.meta[_STRICT] = strict


_strict = click.option(
    "--strict",
    is_flag=True,
    expose_value=False,
    callback=_keep_strict,
    help="With a folder: exit with 2 if an entry in it is bad.",
)


def contract_option(command: Decorated) -> Decorated:
    """Add `--contract`, and `--strict` for its folders; `load_contracts` reads both."""
    return _contract_files(_strict(command))


model_option = click.option(
    "--model", metavar="ID", help="Model to choose, where --contract names several."
)
profile_option = click.option(
    "--profile",
    type=click.Choice(["documented", "live"]),
    default="documented",
    show_default=True,
    help="Form of successful replies: as documented, or as the live service sends them.",
)
host_option = click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
)
port_option = click.option(
    "--port", default=0, show_default=True, help="Port; 0 chooses a free one."
)
intercept_option = click.option(
    "--intercept",
    is_flag=True,
    help="Lead calls to https://api.cloudflare.com to the fake: for clients with that URL written "
    "into them.",
)
allow_host_option = click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="HOST[:PORT]",
    help="With --intercept: let connections to this host through, unread. Repeatable.",
)


def admin_token_in(variable: str) -> str | None:
    """The token of the control API that a variable holds, if any.

    Raises:
        click.UsageError: The user named the variable, and it holds none.
    """
    token = os.environ.get(variable) or None
    if token is None and variable != ADMIN_TOKEN_VARIABLE:
        raise click.UsageError(f"--admin-token-env {variable}: the variable holds no token")
    return token


def _remote(ctx: click.Context, _: click.Parameter, url: str | None) -> Any:
    if url is None:
        return None
    from aleph_contract.verify.fakes import RemoteFake

    return RemoteFake(url, admin_token_in(ctx.meta["admin_token_env"]))


def _remember(ctx: click.Context, param: click.Parameter, value: str) -> None:
    ctx.meta[str(param.name)] = value


def remote_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name a fake that runs elsewhere, as the parameter `remote`."""
    url = click.option(
        "--fake",
        "remote",
        metavar="URL",
        envvar=FAKE_VARIABLE,
        show_envvar=True,
        callback=_remote,
        help="Use a fake that runs already, such as http://fake.example:8790.",
    )
    token = click.option(
        "--admin-token-env",
        default=ADMIN_TOKEN_VARIABLE,
        show_default=True,
        metavar="VAR",
        is_eager=True,
        expose_value=False,
        callback=_remember,
        help="With --fake: variable with the token of its control API.",
    )
    return url(token(command))


fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(["must", "advice"]),
    default="must",
    show_default=True,
    help="Findings that give exit code 1: those of must rules, or advice too.",
)
rule_option = click.option(
    "--rule", "only", metavar="GLOB", multiple=True, help="Judge only these rules. Repeatable."
)
skip_rule_option = click.option(
    "--skip-rule", metavar="GLOB", multiple=True, help="Leave these rules out. Repeatable."
)
report_option = click.option(
    "--report",
    metavar="FORMAT[:PATH]",
    multiple=True,
    default=["terminal"],
    help="terminal, json, junit, html, github or sarif; without PATH to standard output. "
    "Repeatable.",
)


def report_options(function: Decorated) -> Decorated:
    """Add --report, and --json for commands that write nothing else to standard output."""

    @wraps(function)
    def command(*args: Any, as_json: bool, report: tuple[str, ...], **options: Any) -> Any:
        if as_json:
            report = (*(entry for entry in report if entry != "terminal"), "json")
        return function(*args, report=report, **options)

    as_json = click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object: --report json."
    )
    return report_option(as_json(command))  # type: ignore[return-value]


def detail_options(function: Decorated) -> Decorated:
    """Add -v and -q, which become `detail` of the terminal report."""

    @wraps(function)
    def command(*args: Any, verbose: bool, quiet: bool, **options: Any) -> Any:
        if verbose and quiet:
            raise click.UsageError("choose one of -v and -q")
        detail = "verbose" if verbose else "quiet" if quiet else "normal"
        return function(*args, detail=detail, **options)

    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Print the verdict alone."),
        click.option(
            "-v", "--verbose", is_flag=True, help="Print the table of all rules and all evidence."
        ),
    ):
        command = option(command)
    return command  # type: ignore[return-value]


def check_interception(*, intercept: bool, allow_hosts: Sequence[str]) -> None:
    """Check that `--allow-host` stands beside `--intercept`.

    Raises:
        click.UsageError: It does not.
    """
    if allow_hosts and not intercept:
        raise click.UsageError("--allow-host needs --intercept: without it no host is refused")


def amount_of(ctx: click.Context, param: click.Parameter, value: str | None) -> Decimal | None:  # noqa: ARG001 - click's signature
    """Parse the amount in USD that an option holds."""
    from fake_server.state.billing import amount

    return None if value is None else amount(f"--{param.name}".replace("_", "-"), value)


def _speed(ctx: click.Context, param: click.Parameter, value: str) -> float | None:  # noqa: ARG001 - click's signature
    from aleph_contract.core.clock import checked_speed
    from aleph_contract.errors import ArgumentError

    if value == "auto":
        return None
    try:
        speed = float(value)
    except ValueError:
        raise ArgumentError(f"--speed is a number from 1, or auto; not {value!r}") from None
    return checked_speed(speed)


speed_option = click.option(
    "--speed",
    default="1",
    metavar="N|auto",
    callback=_speed,
    help="Run the client's clock N times faster, by libfaketime: time-outs of minutes take "
    "seconds. auto: the highest N that is safe on this machine.  [1]",
)

_FAKE_OPTIONS = (
    click.option(
        "--latency", default=0.0, metavar="SECONDS", help="Duration of a successful run.  [0]"
    ),
    click.option("--credits", metavar="USD", callback=amount_of, help="Credits of each account."),
    click.option(
        "--spend-limit", metavar="USD", callback=amount_of, help="Spend limit of the gateway."
    ),
    click.option("--max-body", type=int, metavar="BYTES", help="Maximum size of a body.  [32 MiB]"),
)


def fake_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options about the fake that several commands share; see `fake_server.create_app`."""
    for option in reversed(_FAKE_OPTIONS):
        command = option(command)
    return command


def chosen_contract(files: Sequence[str], model: str | None = None) -> Contract:
    """The contract that `--contract` and `--model` choose; the shipped one without them.

    Raises:
        ArgumentError: `files` hold several models and none is chosen, or not that one.
        ContractError: An entry cannot be used.
    """
    return load_contracts(files).choose(model)


def load_contracts(files: Sequence[str]) -> ContractSet:
    """The contracts that `--contract` and `--strict` name; the shipped one without them.

    Raises:
        ContractError: An entry cannot be used.
    """
    from aleph_contract.contract.contract_set import ContractSet

    return ContractSet.load(files, strict=click.get_current_context().meta.get(_STRICT, False))
