"""`app db …`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

cli = typer.Typer()
db = typer.Typer(help="Database migrations.", no_args_is_help=True)
cli.add_typer(db, name="db")

OneFeature = Annotated[str | None, typer.Option("--feature", help="Only this feature.")]


@db.command(epilog="Example: uv run app db upgrade")
def upgrade(
    target: Annotated[str, typer.Argument(help="A revision.")] = "head", feature: OneFeature = None
) -> None:
    """Bring the tables of all features up to date."""
    from app.db import migrate

    _print(migrate.upgrade(target, feature))


@db.command(
    epilog="Example: uv run app db downgrade -1 --feature runs",
    context_settings={"ignore_unknown_options": True},
)
def downgrade(
    target: Annotated[str, typer.Argument(help="A revision, -1 for one step, or 'base' for none.")],
    feature: OneFeature = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Revert migrations. Data in dropped tables is lost."""
    from app.db import migrate

    if not yes:
        typer.confirm(f"Downgrade {feature or 'ALL features'} to {target}? Data is lost.", abort=True)
    _print(migrate.downgrade(target, feature))


@db.command(epilog="Example: uv run app db revision notes 'add a title'")
def revision(
    feature: Annotated[str, typer.Argument(help="The feature whose models changed.")],
    message: Annotated[str, typer.Argument(help="What the migration does.")],
) -> None:
    """Write a migration from what changed in a feature's models.

    One of yours for a feature of the template never meets the template's next one: it has a name of its own.
    """
    from app.db import migrate

    typer.echo(f"Wrote {migrate.revision(feature, message)}. Read it before you apply it.")


@db.command(epilog="Example: uv run app db status --json")
def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Show which migrations are applied. Fails if some are not."""
    from app.db import migrate

    found = migrate.status()
    if as_json:
        typer.echo(json.dumps({"features": [asdict(s) for s in found], "leftovers": migrate.leftovers()}))
    else:
        for s in found:
            typer.echo(str(s))
        for name in migrate.leftovers():
            typer.echo(f"{name}: not in the project any more; its tables and their data are still here")
    if not all(s.is_current for s in found):
        raise typer.Exit(1)


def _print(lines: list[str]) -> None:
    for line in lines or ["Nothing to do."]:
        typer.echo(line)
