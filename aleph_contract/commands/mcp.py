"""`aleph-contract mcp`: a Model Context Protocol server over standard input and output."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from aleph_contract.commands.options import contract_option, load_contracts
from aleph_contract.core.escaping import truncate
from aleph_contract.errors import AlephContractError, ArgumentError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

#: Characters of the message of an error.
MAX_ERROR = 500

_INSTRUCTIONS = (
    "Develop and verify clients of Cloudflare's Workers AI models offline. Check inputs with "
    "check_input. Run a client against start_fake, then read read_journal and read_verdict. "
    "verify_client runs all certified cases through a client; explain tells how to fix a finding."
)


@click.command("mcp", epilog="Example: claude mcp add aleph-contract -- aleph-contract mcp")
@contract_option
def command(*, contract_files: tuple[str, ...]) -> None:
    """Offer the checks and the fake to an AI agent, as an MCP server.

    The server speaks the Model Context Protocol on standard input and output. Its
    tools check an input, list and explain rules and faults, start a fake, read its
    journal and verdict, and verify a client. It needs the package mcp:
    pip install 'aleph-contract[mcp]'. verify_client runs the command that the agent
    names, as the user who started the server.
    """
    server_type, tool_error = _library()
    from aleph_contract.commands.mcp_fake import FakeTools
    from aleph_contract.commands.mcp_tools import ContractTools
    from aleph_contract.commands.mcp_verify import VerifyTools

    contracts = load_contracts(contract_files)
    server = server_type("aleph-contract", instructions=_INSTRUCTIONS, log_level="WARNING")
    with FakeTools(contracts) as fake:
        for tool in (
            *ContractTools(contracts).tools,
            *fake.tools,
            *VerifyTools(contract_files).tools,
        ):
            server.add_tool(
                _tool(tool, tool_error),
                name=tool.__name__,
                description=inspect.getdoc(tool),
            )
        server.run("stdio")


def _library() -> tuple[type[MCPServer[Any]], type[Exception]]:
    """The server class and the tool error of the package mcp, of version 2 or of version 1."""
    try:
        import mcp  # noqa: F401 - tells a missing package from another version
    except ImportError:
        raise ArgumentError(
            "the MCP server needs the package mcp: pip install 'aleph-contract[mcp]'"
        ) from None
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:  # version 1
        from importlib import import_module

        library = import_module("mcp.server.fastmcp")
        return library.FastMCP, library.exceptions.ToolError
    return MCPServer, ToolError


def _tool(function: Callable[..., Any], tool_error: type[Exception]) -> Callable[..., Any]:
    """A tool for the library: it leaves the event loop free, and tells the agent our errors.

    The library shows an agent the text of a `ToolError` alone. It reads the parameters from the
    signature, whose annotations must be types: it evaluates strings in this module.
    """

    async def call(**arguments: Any) -> Any:
        try:
            if inspect.iscoroutinefunction(function):
                return await function(**arguments)
            return await asyncio.to_thread(function, **arguments)
        except AlephContractError as error:
            raise tool_error(truncate(str(error), MAX_ERROR)) from error

    signature = inspect.signature(function, eval_str=True)
    # Without a return type the library sends the answer once, not also as structured content.
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]  # read by inspect
        return_annotation=inspect.Signature.empty
    )
    call.__annotations__ = {
        name: parameter.annotation for name, parameter in signature.parameters.items()
    }
    return call
