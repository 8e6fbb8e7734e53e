"""`aleph-contract workers`: settings to run a Worker's env.AI against the fake."""

from __future__ import annotations

import json
import shlex

import click

from aleph_contract.commands.options import contract_option, load_contracts
from aleph_contract.commands.standard_streams import printing
from fake_server.port import DEFAULT_PORT


@click.command("workers", epilog="Example: aleph-contract workers --address 127.0.0.1:9000")
@click.option(
    "--address",
    metavar="HOST:PORT",
    default=f"127.0.0.1:{DEFAULT_PORT}",
    show_default=True,
    help="Address of the fake: the `binding_address` that `serve` prints.",
)
@contract_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print only the plugin and its options, as JSON."
)
@printing()
def command(*, address: str, contract_files: tuple[str, ...], as_json: bool) -> None:
    """Show how to run a Worker's env.AI against the fake.

    Prints the path of a Miniflare plugin, and settings for wrangler dev, vitest,
    getPlatformProxy and Miniflare. The plugin uses the client code of the Workers
    runtime; it needs no login and no network, and costs nothing.
    """
    from fake_server import workers

    load_contracts(contract_files)  # a wrong path is an error here, not only when `serve` starts
    if as_json:
        click.echo(json.dumps(workers.settings(address)))
        return
    recipes = workers.recipes(address)
    given = "".join(f" --contract {shlex.quote(path)}" for path in contract_files)
    click.echo(
        f"Plugin   {workers.PLUGIN}\n"
        f"Address  {address}, unless {workers.ADDRESS_VARIABLE} says otherwise\n"
        f"Fake     aleph-contract serve --port {address.rpartition(':')[2]}{given}\n"
        f"         or, around any command below: aleph-contract exec{given} -- COMMAND"
    )
    for recipe in recipes:
        title = f"{recipe.title}; needs Node {recipe.node} or newer"
        click.echo(f"\n# {title}\n# {recipe.file}\n\n{recipe.text}\n")
        click.echo(f"# then: {recipe.command}")
