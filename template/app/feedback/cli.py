"""`app feedback`."""

import asyncio
import json
from typing import Annotated, Any

import typer

cli = typer.Typer()


@cli.command(epilog="Example: uv run app feedback --not-helpful")
def feedback(
    helpful: Annotated[
        bool | None, typer.Option("--helpful/--not-helpful", help="Only these. \\[default: all]")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List what people have said of runs and answers, the newest first."""
    rows = asyncio.run(_latest(limit, helpful))
    if as_json:
        typer.echo(json.dumps({"feedback": rows}, ensure_ascii=False))
        return
    for row in rows:
        mark = "+" if row["helpful"] else "-"
        about = " ".join(filter(None, (row["subject"], row["subject_id"], row["workflow"])))
        typer.echo(f"{mark} {row['created_at'][:16]}  {about}  {_one_line(row['comment'])}".rstrip())
    if not rows:
        typer.secho("Nobody has said anything.", dim=True, err=True)


def _one_line(text: str) -> str:
    """Return what a stranger wrote without what a terminal would act on."""
    return "".join(each if each.isprintable() else " " for each in text)


async def _latest(limit: int, helpful: bool | None) -> list[dict[str, Any]]:
    from app.db import dispose
    from app.feedback.repository import latest

    names = ("subject", "subject_id", "workflow", "caller", "helpful", "comment")
    try:
        found = await latest(limit, helpful=helpful)
        return [
            {**{name: getattr(row, name) for name in names}, "created_at": row.created_at.isoformat()}
            for row in found
        ]
    finally:
        await dispose()
