"""`app eval add`."""

import asyncio
import json
from typing import Annotated
from uuid import UUID

import typer

cli = typer.Typer()
evals = typer.Typer(help="How good the answers are.", no_args_is_help=True)
cli.add_typer(evals, name="eval")


@evals.command(epilog="Example: uv run app eval add 0190f3c2-…")
def add(
    run: Annotated[UUID, typer.Argument(help="The id of a run.")],
    expect: Annotated[
        str | None, typer.Option(help="What has to come out, as JSON: the fields that `scoring.py` knows.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Make a labelled case of a run: its input, without personal data, and what was said of it."""
    from app.db import dispose
    from app.evals.production.adding import add_case

    async def work() -> dict[str, object]:
        try:
            return await add_case(run, expect)
        finally:
            await dispose()

    added = asyncio.run(work())
    if as_json:
        typer.echo(json.dumps(added, ensure_ascii=False))
        return
    typer.echo(f"Added {added['name']!r} to {added['file']}.")
    if not expect:
        typer.echo(
            "Write into its `expected` what has to come out: until then only that it does not fail counts."
        )
