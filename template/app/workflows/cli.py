"""`app workflows diagram`, beside the commands that every project has."""

from pathlib import Path
from typing import Annotated

import typer

from app.core.cli import workflows
from app.core.errors import InvalidInput

cli = typer.Typer()


@workflows.command(epilog="Example: uv run app workflows diagram NAME --svg workflow.svg")
def diagram(
    name: Annotated[str, typer.Argument(help="The workflow, as `app workflows list` names it.")],
    svg: Annotated[Path | None, typer.Option(help="Write an SVG file; needs Graphviz.")] = None,
) -> None:
    """Draw a workflow from its graph: as Mermaid on standard output, or as SVG."""
    from app.core.registry import get_workflow

    draw = get_workflow(name).diagram
    if draw is None:
        raise InvalidInput(f"Workflow {name!r} is no graph of nodes: it has no diagram.")
    if svg is None:
        typer.echo(draw("mermaid"), nl=False)
        return
    _write_svg(draw("dot"), svg)
    typer.echo(f"Wrote {svg}.")


def _write_svg(dot: str, path: Path) -> None:
    import shutil
    import subprocess

    program = shutil.which("dot")
    if program is None:
        raise InvalidInput("Graphviz is not installed.", hint="Install it, or leave --svg out for Mermaid.")
    drawn = subprocess.run([program, "-Tsvg"], input=dot, capture_output=True, text=True, check=True)
    path.write_text(drawn.stdout, encoding="utf-8")
