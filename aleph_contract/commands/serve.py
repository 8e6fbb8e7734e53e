"""`aleph-contract serve`: run the fake until it is interrupted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.commands import serve_terminal as terminal
from aleph_contract.commands.answer_source import AnswerSource, source_options
from aleph_contract.commands.options import (
    MAX_SECONDS,
    Number,
    admin_token_in,
    contract_option,
    fake_options,
    load_contracts,
    speed_option,
)
from fake_server.port import ADMIN_TOKEN_VARIABLE, DEFAULT_PORT

if TYPE_CHECKING:
    from aleph_contract.core.clock import Clock
    from fake_server.http.app import App
    from fake_server.tls.serving import ServerTls


@click.command("serve", epilog="Example: aleph-contract serve --port 0")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    envvar="ALEPH_CONTRACT_PORT",
    show_envvar=True,
    help="Port; 0 chooses a free one.",
)
@click.option(
    "--profile",
    type=click.Choice(["documented", "live"]),
    default="documented",
    show_default=True,
    help="Form of successful REST replies.",
)
@click.option("--token", "tokens", multiple=True, help="Accept only this API token. Repeatable.")
@fake_options
@speed_option
@click.option(
    "--spend-limit-lag", default=0, metavar="N", help="Runs let through after the limit.  [0]"
)
@click.option(
    "--presigned", type=int, metavar="SECONDS", help="Sign result URLs; they expire after this."
)
@click.option("--background", is_flag=True, help="Allow background runs with a webhook.")
@click.option(
    "--journal",
    default="memory",
    metavar="memory|sqlite:PATH|postgresql://…",
    help="Storage of the exchanges; PostgreSQL also stores accounts, for several fakes.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="AGE|COUNT",
    help="With PostgreSQL: delete exchanges older than 7d, or beyond the newest 10000 of an "
    "account. Repeatable.",
)
@click.option(
    "--durability",
    type=click.Choice(["sync", "async"]),
    default="sync",
    show_default=True,
    help="With PostgreSQL: whether each response waits until its exchange is on disk.",
)
@click.option(
    "--media",
    "samples",
    multiple=True,
    metavar="FILE",
    help="Serve this file at result URLs of its family, such as video. Repeatable.",
)
@contract_option
@source_options
@click.option(
    "--uds", metavar="PATH", help="Listen on a Unix domain socket instead of host and port."
)
@click.option("--tls", is_flag=True, help="Serve https with a certificate of a CA for this run.")
@click.option("--cert", metavar="FILE", help="Serve https with this certificate chain, in PEM.")
@click.option("--key", metavar="FILE", help="The private key of --cert, in PEM.")
@click.option(
    "--drain",
    type=Number(0, MAX_SECONDS),
    default=0.0,
    metavar="SECONDS",
    help="After SIGTERM, wait so long for open requests.  [0]",
)
@click.option("--metrics", is_flag=True, help="Count runs for Prometheus at /__aleph__/metrics.")
@click.option("--spans", is_flag=True, help="Emit a span for each run with OpenTelemetry.")
@click.option(
    "--log",
    type=click.Choice(["none", "short", "json"]),
    help="A line on standard error for each call.  [short on a terminal, else none]",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    help="Form of all log records; json also logs calls.  [json with --log json, else text]",
)
@click.option("--open", "open_", is_flag=True, help="Open the inspector in a browser.")
@click.option(
    "--admin-token-env",
    default=ADMIN_TOKEN_VARIABLE,
    show_default=True,
    metavar="VAR",
    help="Variable with the token that callers of the control API on other machines need.",
)
@click.option("--expose", is_flag=True, help="Let other machines connect, also to the control API.")
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Additional host name for the control API. Repeatable.",
)
def command(
    host: str,
    port: int,
    contract_files: tuple[str, ...],
    allow_hosts: tuple[str, ...],
    *,
    uds: str | None,
    tls: bool,
    cert: str | None,
    key: str | None,
    admin_token_env: str,
    expose: bool,
    speed: float | None,
    metrics: bool,
    spans: bool,
    drain: float,
    log: str | None,
    log_format: str | None,
    open_: bool,
    **options: Any,
) -> None:
    """Run the fake until it is interrupted.

    When it accepts connections, it prints one JSON line with its addresses; on a
    terminal it shows them to copy, and then a line for each call. Every account id of
    32 hexadecimal digits works, with any token; a request with the token `fault-NAME`
    gets that fault. With --speed the JSON line holds the environment variables of a
    client on the faster clock, as client_environment.
    """
    _pause_gc()
    log, as_json = _chosen_log(log, log_format)
    secured = _tls((host, *allow_hosts), tls=tls, cert=cert, key=key)
    from fake_server.control.origin_guard import is_loopback
    from fake_server.http.factory import create_app
    from fake_server.server import Server

    contracts = load_contracts(contract_files)
    source = AnswerSource.chosen(options, contracts, as_json=as_json)
    with _clock(speed) as (clock, client), secured as security, source.capture() as capture:
        admin_token = admin_token_in(admin_token_env)
        app = create_app(
            contracts,
            hosts=(host, *allow_hosts),
            clock=clock,
            admin_token=admin_token,
            replay=source.replay,
            upstream=source.upstream,
            **options,
        )
        _observe(app, metrics=metrics, spans=spans)
        if capture is not None:
            app.journal.listen(capture.write)
        context = None if security is None else security.context
        server = Server(app, host, port, expose=expose, uds=uds, tls=context, drain=drain)
        if uds is None and not is_loopback(host):
            terminal.warn(_warning(host, admin_token_env, admin_token), as_json=as_json)
        if security is not None:
            terminal.warn(security.advice, as_json=as_json)
        _reduce_gc()
        document = _ready(server, client, None if security is None else security.ca)

        def ready() -> None:
            person = terminal.on_terminal() and not as_json
            if person:
                terminal.banner(server, app, client)
            if not (person and sys.stdout.isatty()):
                click.echo(json.dumps(document, separators=(",", ":")))
            if open_:  # in a thread: a browser may start slowly, and the fake serves meanwhile
                Thread(
                    target=terminal.open_inspector, args=(server.inspector,), daemon=True
                ).start()

        with terminal.call_log(app, log):
            server.serve(ready=ready)
        source.report_spending()


def _chosen_log(log: str | None, log_format: str | None) -> tuple[str, bool]:
    """The log of calls, and whether all log records are JSON."""
    as_json = log_format == "json" or (log_format is None and log == "json")
    if as_json:
        from fake_server.observe.json_logging import log_as_json

        log_as_json()
    if log is None or (log == "short" and as_json):
        log = "json" if as_json else "short" if terminal.on_terminal() else "none"
    return log, as_json


@contextmanager
def _clock(speed: float | None) -> Iterator[tuple[Clock, Mapping[str, str]]]:
    """The clock of the clients, and the environment variables of a client on it."""
    from aleph_contract.core.clock import WALL_CLOCK

    if speed == 1:
        yield WALL_CLOCK, {}
        return
    from aleph_contract.drivers.faster_clock import FasterClock  # takes 10 ms

    with FasterClock(speed) as faster:
        yield faster.clock, faster.environment


def _tls(
    names: tuple[str, ...], *, tls: bool, cert: str | None, key: str | None
) -> AbstractContextManager[ServerTls | None]:
    """The TLS that the options choose."""
    if tls and (cert or key):
        raise click.UsageError("choose one of --tls and --cert FILE --key FILE")
    if (cert is None) != (key is None):
        raise click.UsageError("--cert and --key go together")
    if cert is None or key is None:
        return _own_tls(names) if tls else nullcontext()
    from fake_server.tls.serving import user_certificate

    return user_certificate(cert, key)


def _own_tls(names: tuple[str, ...]) -> AbstractContextManager[ServerTls]:
    from fake_server.http.listening import reachable_host
    from fake_server.tls.serving import local_ca

    return local_ca(map(reachable_host, names))


def _observe(app: App, *, metrics: bool, spans: bool) -> None:
    """Start what monitoring systems read."""
    if metrics:
        from fake_server.observe.metrics import Metrics

        app.metrics = Metrics(app.journal)
    if spans:
        from fake_server.observe.spans import emit_spans

        emit_spans(app.journal)


def _warning(host: str, variable: str, token: str | None) -> str:
    """What other machines can do."""
    text = f"warning: other machines can reach {host}; they can make runs"
    if token is not None:
        return text
    return (
        f"{text}, and at /__aleph__/ read all prompts and replies and change the replies of other "
        f"clients; to demand a token there, set {variable}"
    )


def _pause_gc() -> None:
    """Collect no garbage during the start: that takes 25 ms of CPU and frees little memory."""
    import gc

    gc.set_threshold(200_000)


def _reduce_gc() -> None:
    """Exempt loaded modules from garbage collection, and collect less often.

    The journal keeps what a request leaves behind, so that a collection frees little: at Python's
    thresholds it takes a tenth of the CPU of a run. A full journal is a large old generation, and
    each collection of it delays a request.
    """
    import gc

    gc.freeze()
    gc.set_threshold(10_000, 10, 100)


def _ready(server: Any, client: Mapping[str, str], ca: Path | None) -> dict[str, Any]:
    return {
        "event": "ready",
        "base_url": server.base_url,
        "inspector": server.inspector,
        "binding_address": server.binding_address,
        **({} if server.uds is None else {"uds": server.uds}),
        **({"client_environment": client} if client else {}),
        **({} if ca is None else {"ca": str(ca)}),
    }
