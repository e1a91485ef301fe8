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
    """Connect to the servers in mcp.json and list their tools. Exit code 1: one does not answer."""
    from app.mcp.tools.remote import find_tools

    found, failures = asyncio.run(find_tools())
    if as_json:
        described = [
            {
                "server": tool.server,
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            }
            for tool in found
        ]
        errors = [failure.detail for failure in failures]
        typer.echo(json.dumps({"tools": described, "errors": errors}, ensure_ascii=False))
    else:
        for tool in found:
            typer.echo(f"{tool.server}: {tool.name}: {tool.description}")
        if not found and not failures:
            typer.echo("There is no tool: mcp.json names no server that has one.")
    for failure in failures:
        typer.secho(f"Error: {failure}", fg="red", err=True)
    if failures:
        raise typer.Exit(1)
