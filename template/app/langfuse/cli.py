"""`app prompts list`, `push` and `pull`."""

import json
import re
from difflib import unified_diff
from typing import TYPE_CHECKING, Annotated

import typer

from app.core.errors import ConfigurationError, InvalidInput, NotFound, available

if TYPE_CHECKING:
    from app.llm import Prompt

cli = typer.Typer()
prompts = typer.Typer(help="Prompts: their files, and those of Langfuse.", no_args_is_help=True)
cli.add_typer(prompts, name="prompts")

_Label = Annotated[str, typer.Option(help="The label in Langfuse.")]
_Name = Annotated[str, typer.Argument(help="Such as summaries.echo_summary: see `app prompts list`.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@prompts.command("list", epilog="Example: uv run app prompts list --json")
def list_prompts(
    label: _Label = "production",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the prompts, their versions, and what Langfuse has under a label if its keys are set."""
    from app.langfuse.api import get_prompt
    from app.langfuse.prompts import parse_local
    from app.llm import prompt_files
    from app.observability import LangfuseSettings

    is_used = LangfuseSettings.load().is_used()
    rows = []
    for name in prompt_files():
        local = parse_local(name)
        remote = get_prompt(name, label) if is_used else None
        same = remote is not None and remote.prompt.strip() == local.template.strip()
        rows.append(
            {"name": name, "version": local.version, "langfuse": remote and remote.version, "same": same}
        )
    if as_json:
        typer.echo(json.dumps({"prompts": rows}, ensure_ascii=False))
        return
    for row in rows:
        there = (
            ""
            if row["langfuse"] is None
            else f"  {label}: {row['langfuse']}{'' if row['same'] else ' (differs)'}"
        )
        typer.echo(f"{row['name']}  {row['version']}{there}")


@prompts.command(epilog="Example: uv run app prompts push summaries.echo_summary --label staging")
def push(name: _Name, label: _Label = "production", yes: _Yes = False) -> None:
    """Make a prompt's file the next version in Langfuse; shows before what changes there."""
    from app.langfuse.api import create_prompt, get_prompt

    local = _checked(name)
    remote = get_prompt(name, label)
    if not _confirmed(name, remote.prompt if remote else "", local.template, yes=yes):
        return
    created = create_prompt(name, local.template.strip(), [label])
    typer.echo(f"Version {created.version} of {name} is {label} now.")


@prompts.command(epilog="Example: uv run app prompts pull summaries.echo_summary")
def pull(name: _Name, label: _Label = "production", yes: _Yes = False) -> None:
    """Write what Langfuse has into a prompt's file, as its next version; shows before what changes."""
    from app.langfuse.api import get_prompt
    from app.langfuse.prompts import as_local
    from app.llm import prompt_files

    local = _checked(name)
    remote = get_prompt(name, label)
    if remote is None:
        raise NotFound(f"Langfuse has no {name!r} with the label {label!r}.")
    as_local(local, remote.version, remote.prompt)  # raises, if its variables are others
    if not _confirmed(name, local.template, remote.prompt, yes=yes):
        return
    path = prompt_files()[name]
    header, _, _ = path.read_text(encoding="utf-8").removeprefix("---\n").partition("---\n")
    header = re.sub(r"(?m)^version:.*$", f"version: {local.version + 1}", header, count=1)
    path.write_text(f"---\n{header}---\n{remote.prompt.strip()}\n", encoding="utf-8")
    typer.echo(f"Wrote {path}.")


def _checked(name: str) -> "Prompt":
    from app.langfuse.prompts import parse_local
    from app.llm import prompt_files
    from app.observability import LangfuseSettings

    if not LangfuseSettings.load().is_used():
        raise ConfigurationError(
            "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set.", hint="Set both in .env."
        )
    if name not in prompt_files():
        raise InvalidInput(f"There is no prompt {name!r}.", hint=available(prompt_files()))
    return parse_local(name)


def _confirmed(name: str, before: str, after: str, *, yes: bool) -> bool:
    """Show what changes, and ask."""
    lines = list(
        unified_diff(
            before.strip().splitlines(), after.strip().splitlines(), f"{name} before", "after", lineterm=""
        )
    )
    if not lines:
        typer.echo(f"{name} is the same already.")
        return False
    typer.echo("\n".join(lines))
    return yes or typer.confirm("Go on?")
