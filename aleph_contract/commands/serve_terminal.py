"""What `serve` writes for a person: the banner and the log of calls, on standard error."""

from __future__ import annotations

import logging
import os
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.core.escaping import printable
from aleph_contract.core.terminal import terminal_width
from aleph_contract.version import __version__

if TYPE_CHECKING:
    from fake_server.http.app import App
    from fake_server.server import Server

#: Colour of a line by the first digit of its status; a connection that was cut has none.
_COLOURS = {"2": "green", "4": "yellow", "5": "red", "-": "red"}

#: Position of the status in a line.
_STATUS = 20

#: An account id for the example call.
_ACCOUNT = "0123456789abcdef0123456789abcdef"

_logger = logging.getLogger("aleph_contract")


def on_terminal() -> bool:
    """Whether a person reads standard error."""
    return sys.stderr.isatty()


def say(text: str, **style: Any) -> None:
    """Write to standard error, in colour on a terminal unless `NO_COLOR` is set."""
    color = False if os.environ.get("NO_COLOR") else None
    click.echo(click.style(text, **style) if style else text, err=True, color=color)


def warn(text: str, *, as_json: bool) -> None:
    """Write a warning or a hint to standard error, as text or as a log record in JSON."""
    if as_json:
        _logger.warning(text)
    else:
        click.echo(printable(f"aleph-contract: {text}"), err=True)


def banner(server: Server, app: App, client: Mapping[str, str]) -> None:
    """Write the addresses, ready to copy, and how to make the first call.

    Args:
        server: The running server.
        app: The fake.
        client: Further variables of a client, such as those of a faster clock.
    """
    say(f"aleph-contract {__version__} serves {_served(app)}", bold=True)
    say("")
    for name, address in (
        ("base URL", server.base_url),
        ("inspector", server.inspector),
        ("binding", server.uds or server.binding_address),
    ):
        say(f"  {name:<11}{click.style(address, fg='cyan')}")
    say("\nFor a client:\n")
    variables = {
        "CLOUDFLARE_BASE_URL": server.base_url,
        "CLOUDFLARE_ACCOUNT_ID": _ACCOUNT,
        "CLOUDFLARE_API_TOKEN": "any-token",
        **client,
    }
    if app.accounts.tokens:  # never printed: the user knows it
        variables["CLOUDFLARE_API_TOKEN"] = "<the token of --token>"  # noqa: S105 - a hint
    for name, value in variables.items():
        say(f"  export {name}={value}")
    say("\nCalls appear below; Ctrl-C ends.\n")


def _served(app: App) -> str:
    count = len(app.contracts)
    models = app.contract.model if count == 1 else f"{count} models"
    return f"{models}, profile {app.accounts.profile}"


@contextmanager
def call_log(app: App, kind: str) -> Iterator[None]:
    """Log the calls of a fake.

    Args:
        app: The fake.
        kind: `none`, `short` or `json`.
    """
    if kind == "none":
        yield
        return
    from fake_server.observe import call_log as lines

    as_json = kind == "json"
    log = lines.CallLog(
        app.journal,
        app.contracts,
        line=lines.json_line if as_json else lines.text_line,
        skipped=lines.json_skipped if as_json else lines.text_skipped,
        write=say if as_json else _say_call,
    )
    try:
        yield
    finally:
        log.close()


def _say_call(line: str) -> None:
    """Write a line of the log; on a terminal a long one is wrapped below its status."""
    width = terminal_width() if on_terminal() else len(line)
    if len(line) > width:
        wrapped = textwrap.wrap(line, width, subsequent_indent=" " * _STATUS)
        line = "\n".join(wrapped)
    say(line, fg=_COLOURS.get(line[_STATUS : _STATUS + 1]))


def open_inspector(url: str) -> None:
    """Open the inspector in the user's browser, or say that there is none."""
    import webbrowser

    try:
        opened = webbrowser.open(url)
    except webbrowser.Error:
        opened = False
    if not opened:
        say(f"aleph-contract: no browser was found; open {url}")
