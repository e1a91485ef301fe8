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


@cli.command(epilog="Example: uv run app features --json")
def features(as_json: Json = False) -> None:
    """List what is plugged in, and what each part brings."""
    from app.core.registry import Feature, load_features

    def brings(feature: Feature) -> dict[str, object]:
        return {
            "name": feature.name,
            "stage": feature.stage,
            "summary": feature.summary,
            "requires": list(feature.requires),
            "workflows": list(feature.workflows),
            "checks": list(feature.checks),
            "schedules": list(feature.schedules),
            "commands": feature.cli is not None,
            "routes": feature.router is not None,
        }

    found = [brings(feature) for feature in load_features()]
    if as_json:
        typer.echo(json.dumps({"features": found}, ensure_ascii=False))
        return
    for feature in found:
        typer.secho(f"{feature['name']}", bold=True, nl=False)
        typer.echo(f" ({feature['stage']}): {feature['summary']}")
        for key in ("requires", "workflows", "checks", "schedules"):
            if value := feature[key]:
                typer.echo(f"    {key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
