"""`app runs …`."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

cli = typer.Typer()
runs = typer.Typer(help="The runs that are stored.", no_args_is_help=True)
cli.add_typer(runs, name="runs")


@runs.command(epilog="Example: uv run app runs prune --dry-run")
def prune(
    dry_run: Annotated[bool, typer.Option(help="Only count what would be deleted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Delete what is older than RUNS_KEEP_…_DAYS. `app beat` does the same every hour."""
    found = asyncio.run(_prune(dry_run=dry_run))
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "deleted": dict(found)}))
        return
    for kind, count in found.items():
        typer.echo(f"{'Would delete' if dry_run else 'Deleted'} {count} {kind}.")
    if not found:
        typer.echo("Everything is kept: RUNS_KEEP_SUCCEEDED_DAYS and the like are not set.")


@runs.command(epilog="Example: uv run app runs schedules --json")
def schedules(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the workflows that are started by a schedule, and when each is due next."""
    from app.runs.schedules import next_time
    from app.runs.settings import RunsSettings

    now = datetime.now(UTC)
    found = [
        {
            "name": schedule.name,
            "workflow": schedule.workflow,
            "cron": schedule.cron,
            "next_at": next_time(schedule, now).isoformat(timespec="minutes"),
        }
        for schedule in RunsSettings.load().schedules
    ]
    if as_json:
        typer.echo(json.dumps({"schedules": found}, ensure_ascii=False))
        return
    for line in found:
        typer.echo(f"{line['name']}: {line['workflow']}, {line['cron']}, next at {line['next_at']}")
    if not found:
        typer.echo("No schedules: RUNS_SCHEDULES is not set.")


async def _prune(*, dry_run: bool) -> Mapping[str, int]:
    from app.db import dispose
    from app.runs.retention import count_old, prune

    try:
        return await (count_old() if dry_run else prune())
    finally:
        await dispose()
