"""`app init`, `app doctor` and `app features`."""

import asyncio
import json
from typing import Annotated

import typer

cli = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@cli.command(epilog="Example: uv run app init")
def init() -> None:
    """Write `.env` from `.env.example`, with fresh secrets. Keeps every value that is there."""
    from app.core.environment_file import write_environment_file

    for line in write_environment_file():
        typer.echo(line)


@cli.command(epilog="Example: uv run app doctor --call")
def doctor(
    as_json: Json = False,
    call: Annotated[
        bool, typer.Option(help="Also call the model; this may cost a fraction of a cent.")
    ] = False,
) -> None:
    """Check settings, model and services, and say for each problem what to do."""
    from app.core.doctor import examine

    findings = asyncio.run(examine(call=call))
    if as_json:
        typer.echo(json.dumps({"findings": [finding.as_dict() for finding in findings]}, ensure_ascii=False))
    else:
        for finding in findings:
            typer.secho(str(finding), fg=finding.color)
    if any(finding.failed for finding in findings):
        raise typer.Exit(1)


@cli.command(epilog="Example: uv run app features --graph")
def features(
    as_json: Json = False,
    graph: Annotated[bool, typer.Option(help="Draw the features as Mermaid.")] = False,
) -> None:
    """List the parts of this project, and where they extend each other."""
    from app.core.overview import describe_features, describe_points, draw_features
    from app.core.registry import load_features

    if graph:
        typer.echo(draw_features(load_features()), nl=False)
        return
    found, points = describe_features(), describe_points()
    if as_json:
        typer.echo(json.dumps({"features": found, "extension_points": points}, ensure_ascii=False))
        return
    for feature in found:
        typer.secho(feature["name"], bold=True, nl=False)
        typer.echo(f" ({feature['stage']}): {feature['summary']}")
        if feature["requires"]:
            typer.echo(f"    requires: {', '.join(feature['requires'])}")
    for point in points:
        typer.secho(f"\n{point['name']}", bold=True, nl=False)
        typer.echo(f": {point['doc']}")
        for name, target in point["extensions"].items():
            typer.echo(f"    {target}" if name == target else f"    {name}: {target}")
