"""`app template …`. It works while other files of the project hold conflicts."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.template.edits import Report

cli = typer.Typer()
template = typer.Typer(help="Updates from the template of this project.", no_args_is_help=True)
cli.add_typer(template, name="template")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@template.command(epilog="Example: uv run app template status")
def status(as_json: Json = False) -> None:
    """Say what became of your edits in the last update. Exit code 1: some are gone, moved or in conflict."""
    from app.template.edits import examine

    report = examine()
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        _print(report)
    if not report.is_clean:
        raise typer.Exit(1)


@template.command(epilog="Example: uv run app template update -d 'stages=[design, backend]'")
def update(
    data: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", help="An answer to change: QUESTION=ANSWER. Once for each."),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option("--to", help="A version of the template, such as v0.3.0. Not set: the newest."),
    ] = None,
) -> None:
    """Update the project, let edits follow files that have moved, and say what is left to do."""
    from app.template.update import update as update_project

    report, lines = update_project(data or [], version)
    _print(report)
    for line in lines:
        typer.echo(line)
    if not report.is_clean:
        raise typer.Exit(1)


@template.command(epilog="Example: uv run app template restore app/systems/automation/rules.py")
def restore(paths: Annotated[list[str], typer.Argument(help="Files as they were called before.")]) -> None:
    """Bring edits back that the last update has left behind; into the new place, if a file has moved."""
    from app.template.restore import restore as restore_file

    for path in paths:
        typer.echo(restore_file(path))


def _print(report: "Report") -> None:
    for lost in report.lost:
        typer.secho(str(lost), fg="red")
    for path in report.not_applied:
        typer.secho(
            f"not applied: {path}: you have renamed or deleted it; the template has changed it", fg="yellow"
        )
    if report.answers_edited:
        names = ", ".join(report.answers_edited)
        typer.secho(
            f"answers: {names}: changed by hand, but the code is as before. Put them back, then type "
            "`uv run app template update -d QUESTION=ANSWER`.",
            fg="red",
        )
    if report.is_clean:
        typer.secho(f"✓ template {report.version}: no edit is lost.", fg="green")
