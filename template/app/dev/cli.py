"""`app dev`."""

from typing import Annotated

import typer

cli = typer.Typer()


@cli.command(epilog="Example: uv run app dev --port 8080")
def dev(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the API. \\[default: API_PORT]")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete .data first: begin with no data.")] = False,
) -> None:
    """Run everything: database, broker, API, worker and beat, until Ctrl-C."""
    import asyncio
    import signal

    from app.dev.run import run

    # a script that starts this in the background lets it ignore Ctrl-C, by which it is to be stopped
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asyncio.run(run(port, fresh=fresh))
