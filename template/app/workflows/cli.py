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
    into: Annotated[
        Path | None, typer.Option(help="Put it into a Markdown file, in the place of its Mermaid block.")
    ] = None,
) -> None:
    """Draw a workflow from its graph: as Mermaid on standard output or in a document, or as SVG."""
    from app.core.registry import get_workflow

    draw = get_workflow(name).diagram
    if draw is None:
        raise InvalidInput(f"Workflow {name!r} is no graph of nodes: it has no diagram.")
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
