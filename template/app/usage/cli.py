"""`app usage`."""

import asyncio
import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from app.usage.columns import DEFAULT, Column

if TYPE_CHECKING:
    from app.usage.schemas import Usage

cli = typer.Typer()


@cli.command(epilog="Example: uv run app usage --days 7 --by day --by caller")
def usage(
    days: Annotated[int, typer.Option(min=1, max=3660, help="The last so many, today included (UTC).")] = 30,
    by: Annotated[
        list[Column] | None, typer.Option(help="Can be repeated. \\[default: day and model]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what models have taken: requests, tokens and US dollars; and how far the budgets are used."""
    columns = [column for column in Column if column in (by or DEFAULT)]
    found = asyncio.run(_report(days, columns))
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
        return
    for row in _rows(found, columns):
        typer.echo("  ".join(row).rstrip())
    if not found.items:
        typer.secho("No request or run has asked a model.", dim=True, err=True)
    for budget in found.budgets:
        typer.echo(
            f"Budget of {budget.name or 'all'}: ${budget.spent:.4f} of ${budget.limit} are spent today, "
            f"${budget.reserved:.4f} reserved."
        )


async def _report(days: int, by: Collection[Column]) -> "Usage":
    from app.db import dispose
    from app.usage.budgets import configured_budgets
    from app.usage.reports import report

    today = datetime.now(UTC).date()
    try:
        return await report(
            today - timedelta(days=days - 1), today, by, caller=None, budgets=configured_budgets()
        )
    finally:
        await dispose()


def _rows(usage: "Usage", columns: Sequence[Column]) -> list[list[str]]:
    """Return a table, its columns aligned: names to the left, numbers to the right."""
    rows = [[*columns, "requests", "tokens in", "tokens out", "US dollars"]]
    for item in usage.items:
        names = ["-" if (value := getattr(item, name)) == "" else str(value) for name in columns]
        unpriced = f" (+{item.unpriced} unpriced)" if item.unpriced else ""
        numbers = [f"{item.requests}", f"{item.input_tokens}", f"{item.output_tokens}"]
        rows.append([*names, *numbers, f"{item.cost:.6f}{unpriced}"])
    widths = [max(len(row[number]) for row in rows) for number in range(len(rows[0]))]
    return [
        [
            cell.ljust(width) if number < len(columns) else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]
