"""`aleph-contract serve`: run the fake until it is interrupted."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import click


def _amount(ctx: click.Context, param: click.Parameter, value: str | None) -> Decimal | None:  # noqa: ARG001
    from fake_server.state.billing import amount

    return None if value is None else amount(f"--{param.name}".replace("_", "-"), value)


@click.command("serve", epilog="Example: aleph-contract serve --port 0")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8787,
    show_default=True,
    envvar="ALEPH_CONTRACT_PORT",
    show_envvar=True,
    help="Port; 0 picks a free one.",
)
@click.option(
    "--profile",
    type=click.Choice(["documented", "live"]),
    default="documented",
    show_default=True,
    help="Shape of successful REST replies.",
)
@click.option("--token", "tokens", multiple=True, help="Let in only this token; repeatable.")
@click.option(
    "--latency", default=0.0, metavar="SECONDS", help="How long a completed run takes.  [0]"
)
@click.option("--credits", metavar="USD", callback=_amount, help="What an account may spend.")
@click.option("--spend-limit", metavar="USD", callback=_amount, help="Where the gateway stops it.")
@click.option(
    "--journal", default="memory", metavar="memory|sqlite:PATH", help="Where exchanges are kept."
)
@click.option("--contract", metavar="FILE", help="Another catalog entry than the shipped one.")
@click.option("--max-body", type=int, metavar="BYTES", help="Largest request body.  [32 MiB]")
@click.option(
    "--expose", is_flag=True, help="Let other machines in: traffic and control API are theirs too."
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Name under which the control API may be called; repeatable.",
)
def command(
    host: str,
    port: int,
    contract: str | None,
    max_body: int | None,
    allow_hosts: tuple[str, ...],
    *,
    expose: bool,
    **options: Any,
) -> None:
    """Run the fake until it is interrupted.

    Once it accepts connections it prints one JSON line with its addresses.
    Every account id of 32 hexadecimal digits works at once, with any token; a
    token `fault-NAME` is always answered with that fault.
    """
    from aleph_contract.contract import Contract
    from fake_server.control.origin_guard import is_loopback
    from fake_server.http.app import create_app
    from fake_server.server import Server

    if max_body is not None:
        options["max_body"] = max_body
    app = create_app(Contract.load(contract), hosts=(host, *allow_hosts), **options)
    server = Server(app, host, port, expose=expose)
    if not is_loopback(host):
        click.echo(
            f"aleph-contract: {host} is reachable from other machines: whoever reaches it can "
            "make runs, read every prompt and answer at /__aleph__/, and script what others get",
            err=True,
        )
    _collect_rarely()
    server.serve(ready=lambda: click.echo(json.dumps(_ready(server), separators=(",", ":"))))


def _collect_rarely() -> None:
    """Spare the collector what lives as long as this process: modules, and a full journal."""
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 100)


def _ready(server: Any) -> dict[str, str]:
    return {
        "event": "ready",
        "base_url": server.base_url,
        "inspector": server.inspector,
        "binding_address": server.binding_address,
    }
