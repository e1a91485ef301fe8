"""`app workflows …`."""

import asyncio
import json
import re
import sys
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.errors import AppError, InvalidInput, available

if TYPE_CHECKING:
    from app.workflows.workflow import Workflow

cli = typer.Typer()
workflows = typer.Typer(help="The workflows of this project.", no_args_is_help=True)
cli.add_typer(workflows, name="workflows")


@workflows.command("list", epilog="Example: uv run app workflows list --json")
def list_workflows(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the workflows."""
    from app.workflows.extensions import WORKFLOWS

    found = [
        {"name": name, "summary": workflow.summary} for name, workflow in sorted(WORKFLOWS.load().items())
    ]
    if as_json:
        typer.echo(json.dumps({"workflows": found}, ensure_ascii=False))
        return
    for workflow in found:
        typer.secho(workflow["name"], bold=True, nl=False)
        typer.echo(f": {workflow['summary']}")
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
    from app.core.scope import in_scope
    from app.core.spans import span
    from app.workflows import DecisionNeeded, ReportedSteps, get_workflow

    workflow = get_workflow(name)
    if (source is None) == (file is None):
        raise InvalidInput("Give either --input or --file.")
    data = workflow.validate(_read_file(workflow, file) if file else _read_json(source or "-"))

    decisions = dict(map(_read_decision, decision or ()))
    _check_decisions(workflow, decisions)
    steps = ReportedSteps(lambda step: typer.secho(f"[{step}]", dim=True, err=True), decisions)

    async def run() -> dict[str, object]:
        async with open_features():
            with in_scope(workflow=name), span("run"):
                result = await workflow.execute(data, steps)
            output: dict[str, object] = result.model_dump(mode="json")
            return output

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
                hint=available(known),
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


@workflows.command(epilog="Example: uv run app workflows diagram NAME --svg workflow.svg")
def diagram(
    name: Annotated[str, typer.Argument(help="The workflow, as `app workflows list` names it.")],
    svg: Annotated[Path | None, typer.Option(help="Write an SVG file; needs Graphviz.")] = None,
    into: Annotated[
        Path | None, typer.Option(help="Put it into a Markdown file, in the place of its Mermaid block.")
    ] = None,
) -> None:
    """Draw a workflow from its graph: as Mermaid on standard output or in a document, or as SVG."""
    from app.workflows import get_workflow

    draw = get_workflow(name).diagram
    if draw is None:
        raise InvalidInput(f"Workflow {name!r} is not a graph: it has no diagram.")
    if into is not None:
        into.write_text(_replaced(into, draw("mermaid")), encoding="utf-8")
        typer.echo(f"Wrote {into}.")
        return
    if svg is None:
        typer.echo(draw("mermaid"), nl=False)
        return
    _write_svg(draw("dot"), svg)
    typer.echo(f"Wrote {svg}.")


def _replaced(path: Path, drawn: str) -> str:
    """Return a document with its Mermaid block replaced."""
    before, opened, rest = path.read_text(encoding="utf-8").partition("```mermaid\n")
    if not opened:
        raise InvalidInput(f"{path} has no block that begins with ```mermaid.", hint="Put an empty one in.")
    return f"{before}{opened}{drawn}```{rest.partition('```')[2]}"


def _write_svg(dot: str, path: Path) -> None:
    import shutil
    import subprocess

    program = shutil.which("dot")
    if program is None:
        raise InvalidInput("Graphviz is not installed.", hint="Install it, or leave --svg out for Mermaid.")
    drawn = subprocess.run([program, "-Tsvg"], input=dot, capture_output=True, text=True, check=True)
    path.write_text(drawn.stdout, encoding="utf-8")
