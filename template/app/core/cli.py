"""`app init`, `app doctor`, `app features` and `app workflows …`."""

import asyncio
import json
import re
import sys
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.errors import AppError, InvalidInput, TimedOut

if TYPE_CHECKING:
    from app.core.workflow import Workflow

cli = typer.Typer()
workflows = typer.Typer(help="The workflows of this project.", no_args_is_help=True)
cli.add_typer(workflows, name="workflows")

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


@workflows.command("list", epilog="Example: uv run app workflows list --json")
def list_workflows(as_json: Json = False) -> None:
    """List the workflows, and when they run by themselves."""
    from app.core.registry import load_features, load_workflows

    columns = {
        name: about.load()() for feature in load_features() for name, about in feature.about_workflows.items()
    }
    found = [
        {"name": name, "summary": lazy.load().summary}
        | {column: list(said.get(name, ())) for column, said in columns.items()}
        for name, lazy in sorted(load_workflows().items())
    ]
    if as_json:
        typer.echo(json.dumps({"workflows": found}, ensure_ascii=False))
        return
    for workflow in found:
        typer.secho(f"{workflow['name']}", bold=True, nl=False)
        typer.echo(f": {workflow['summary']}")
        for column in columns:
            for line in workflow[column]:
                typer.echo(f"    {column}: {line}")
    if not found:
        typer.echo("There is no workflow yet. AGENTS.md says how to add a feature that brings one.")


@workflows.command("run", epilog="Example: uv run app workflows run echo_summary --input input.json")
def run_workflow(
    name: Annotated[str, typer.Argument(help="The workflow, as `app workflows list` names it.")],
    source: Annotated[
        str | None, typer.Option("--input", help="A JSON file; - reads standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="A file as it is, such as a PDF, for a workflow that takes one.", exists=True),
    ] = None,
    decision: Annotated[
        list[str] | None,
        typer.Option(help='What a person decides at a step: STEP={"approved": true}. Once for each.'),
    ] = None,
) -> None:
    """Run a workflow here and now, and print its output as JSON. Nothing is queued or stored."""
    from app.core.lifespan import open_features
    from app.core.registry import get_workflow
    from app.core.workflow import DecisionNeeded, ReportedSteps

    workflow = get_workflow(name)
    if (source is None) == (file is None):
        raise InvalidInput("Give either --input or --file.")
    data = workflow.validate(_read_file(workflow, file) if file else _read_json(source or "-"))

    decisions = dict(map(_read_decision, decision or ()))
    _check_decisions(workflow, decisions)
    steps = ReportedSteps(lambda step: typer.secho(f"[{step}]", dim=True, err=True), decisions)

    async def run() -> dict[str, object]:
        deadline = asyncio.timeout(workflow.time_limit)
        try:
            async with open_features(), deadline:
                output: dict[str, object] = (await workflow.run(data, steps)).model_dump(mode="json")
                return output
        except TimeoutError:
            if not deadline.expired():  # a time-out of the workflow's own
                raise
            raise TimedOut(f"{name} took longer than its {workflow.time_limit:g} seconds.") from None

    try:
        output = asyncio.run(run())
    except AppError as error:
        asked = error.question if isinstance(error, DecisionNeeded) else error.details
        if asked:
            typer.secho(json.dumps(asked, ensure_ascii=False, indent=2), dim=True, err=True)
        raise
    for step in steps.unused_decisions:
        typer.secho(f"No step {step!r} has asked for its decision.", fg="yellow", err=True)
    typer.echo(json.dumps(output, ensure_ascii=False, indent=2))


def _check_decisions(workflow: "Workflow[Any, Any]", steps: Iterable[str]) -> None:
    """Raise `InvalidInput` for a decision at a step that the workflow does not have."""
    known = workflow.decisions
    for step in steps:
        if known and re.sub(r"\[\d+\]", "", step) not in known:
            raise InvalidInput(
                f"{workflow.name} has no step {step!r} that waits for a person.",
                hint=f"Available: {', '.join(known)}.",
            )


def _read_file(workflow: "Workflow[Any, Any]", path: Path) -> dict[str, object]:
    """Return the input that has a file in Base64."""
    fields = workflow.input.model_fields
    if "content" not in fields:
        raise InvalidInput(f"{workflow.name} takes no file: give --input.")
    data: dict[str, object] = {"content": b64encode(path.read_bytes()).decode()}
    return {**data, "filename": path.name} if "filename" in fields else data


def _read_decision(text: str) -> tuple[str, dict[str, object]]:
    step, _, decided = text.partition("=")
    try:
        data = json.loads(decided)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise InvalidInput(
            f"--decision {text!r} is not STEP=JSON.", hint="Such as 'approve={\"approved\": true}'."
        )
    return step, data


def _read_json(source: str) -> dict[str, object]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8-sig")
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{'Standard input' if source == '-' else source} is not JSON: {error}.") from None
    if not isinstance(data, dict):
        raise InvalidInput("The input must be a JSON object.", hint='Such as {"text": "Hello"}.')
    return data
