"""`app mcp …`."""

import asyncio
import json
from typing import Annotated

import typer

cli = typer.Typer()
mcp = typer.Typer(help="Tools of the MCP servers in mcp.json.", no_args_is_help=True)
cli.add_typer(mcp, name="mcp")


@mcp.callback()
def _group() -> None:
    """Keep `app mcp tools` a command of its own, though it is the only one."""


@mcp.command(epilog="Example: uv run app mcp tools --json")
def tools(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Connect to the servers in mcp.json and list their tools."""
    from app.mcp.remote import open_remote_tools

    async def find() -> list[dict[str, object]]:
        async with open_remote_tools() as found:
            return [
                {
                    "server": tool.server,
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                }
                for tool in found
            ]

    found = asyncio.run(find())
    if as_json:
        typer.echo(json.dumps({"tools": found}, ensure_ascii=False))
        return
    for tool in found:
        typer.echo(f"{tool['server']}: {tool['name']}: {tool['description']}")
    if not found:
        typer.echo("There is no tool: mcp.json names no server that has one.")
