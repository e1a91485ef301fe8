"""`app eval answers`."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.errors import InvalidInput
from app.core.paths import ROOT

if TYPE_CHECKING:
    from app.graphs.evals import Case, CaseReport, Labelled
    from app.graphs.unfinished import Unfinished
    from app.llm import Prompt

cli = typer.Typer()
evals = typer.Typer(help="How good the answers are.", no_args_is_help=True)
cli.add_typer(evals, name="eval")

_REPORTS = ROOT / ".data" / "evals"


@evals.callback()
def _group() -> None:
    """Keep `app eval answers` a command of its own, though it is the only one."""


@evals.command(epilog="Example: uv run app eval answers document_processing --limit 5")
def answers(
    system: Annotated[str, typer.Argument(help="The workflow whose labelled cases are run.")],
    model: Annotated[
        str | None, typer.Option(help="The model, `provider:name`. \\[default: LLM_MODEL]")
    ] = None,
    prompt: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE: another version of a prompt. Once for each.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first cases.")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Cases at the same time.")] = 4,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0, help="US dollars: if the estimate is above, nothing is run."),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Begin anew what was interrupted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run the labelled cases of a system with the configured model: this may cost money.

    What was interrupted goes on where it was, as long as cases, model and prompts are the same.
    """
    from app.graphs.estimating import Watched, choose_model
    from app.graphs.evals import load_labelled, rates
    from app.graphs.unfinished import Unfinished
    from app.llm import check_configured, default_model, with_prompts

    if model:
        choose_model(model)
    check_configured(default_model())
    variants = dict(map(_variant, prompt or []))
    with with_prompts(variants):
        labelled = load_labelled(system)
        cases = labelled.cases[:limit]
        unfinished = Unfinished(
            _REPORTS, system, labelled.digest, default_model(), str(limit), *_depended_on(labelled.folder)
        )
        if fresh:
            unfinished.forget()
        watched = Watched()
        reports = asyncio.run(_run(labelled, cases, unfinished, watched, parallel, max_cost, quiet=as_json))
    found = {field: {"right": right, "of": all_} for field, (right, all_) in rates(reports).items()}
    document: dict[str, Any] = {
        "system": system,
        "model": default_model(),
        "digest": labelled.digest,
        "prompts": unfinished.prompts,
        "cases": [report.model_dump(mode="json") for report in reports],
        "fields": found,
        "cost": str(sum((report.cost for report in reports), Decimal(0))),
    }
    path = _write(document)
    unfinished.forget()
    if as_json:
        typer.echo(json.dumps({**document, "report": str(path)}, ensure_ascii=False))
        return
    typer.echo("\n".join(f"{field}: {rate['right']} of {rate['of']}" for field, rate in found.items()))
    typer.echo(f"{default_model()}, ${document['cost']}, kept in {path}")


def _depended_on(folder: Path) -> list[str]:
    """Return what reports depend on besides the cases: how they are scored, and all prompts."""
    from app.llm import load_prompt, prompt_files

    files = [folder / "checks.yml", folder.parent / "scoring.py"]
    texts = [path.read_text(encoding="utf-8") for path in files if path.exists()]
    return [*texts, *(f"{name}{load_prompt(name).template}" for name in sorted(prompt_files()))]


def _variant(text: str) -> "tuple[str, Prompt]":
    from app.core.errors import available
    from app.llm import parse_prompt, prompt_files

    name, separator, path = text.partition("=")
    if not separator:
        raise InvalidInput(f"--prompt {text!r} is not NAME=FILE.")
    if name not in prompt_files():
        raise InvalidInput(f"There is no prompt {name!r}.", hint=available(prompt_files()))
    try:
        return name, parse_prompt(Path(path).read_text(encoding="utf-8"), name)
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.") from None


async def _run(
    labelled: "Labelled",
    cases: "Sequence[Case]",
    unfinished: "Unfinished",
    watched: Any,
    parallel: int,
    max_cost: float | None,
    *,
    quiet: bool,
) -> "list[CaseReport]":
    from app.core.lifespan import open_features
    from app.core.spans import watched_by
    from app.graphs.evals import evaluate_all
    from app.graphs.unfinished import in_order

    names = [case.name for case in cases]
    reports = [report for report in unfinished.load() if report.name in names]
    done = {report.name for report in reports}
    left = [case for case in cases if case.name not in done]
    async with open_features():
        if done and not quiet:
            typer.echo(f"Going on: {len(done)} of {len(cases)} cases were done before.")
        await _check_cost(labelled, left, max_cost, quiet=quiet)
        with watched_by(watched):
            async for report in evaluate_all(labelled, left, parallel):
                unfinished.add(report, watched.prompts)
                reports.append(report)
                if not quiet:
                    typer.echo(_line(report))
    return in_order(reports, names)


async def _check_cost(
    labelled: "Labelled", cases: "Sequence[Case]", max_cost: float | None, *, quiet: bool
) -> None:
    """Say what it will cost. Raises `InvalidInput` if that is more than it may."""
    from app.graphs.estimating import OFFLINE, estimate_cost
    from app.llm import default_model

    if default_model() == OFFLINE:
        return
    cost = await estimate_cost(labelled, cases, default_model())
    if cost is None:
        said = f"The price of {default_model()} is not known."
        if max_cost is not None:
            raise InvalidInput(said, hint="Leave out --max-cost, or choose a model whose price is known.")
    else:
        said = f"About ${cost:.4f} for {len(cases)} cases (as the offline model uses tokens)."
        if max_cost is not None and cost > Decimal(str(max_cost)):
            raise InvalidInput(said, hint=f"--max-cost is ${max_cost}: nothing was run.")
    if not quiet:
        typer.echo(said)


def _write(document: dict[str, Any]) -> Path:
    from app.graphs.evals import save

    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return save(_REPORTS, f"{document['system']}-{moment}", document)


def _line(report: "CaseReport") -> str:
    wrong = [field for field, is_right in report.scores.items() if not is_right]
    said = report.error or (f"wrong: {', '.join(wrong)}" if wrong else "right")
    return f"{'✗' if wrong or report.error else '✓'} {report.name}: {said}"
