"""`app eval answers`."""

import asyncio
import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from app.core.paths import ROOT

if TYPE_CHECKING:
    from app.graphs.evals import CaseReport

cli = typer.Typer()
evals = typer.Typer(help="How good the answers are.", no_args_is_help=True)
cli.add_typer(evals, name="eval")


@evals.callback()
def _group() -> None:
    """Keep `app eval answers` a command of its own, though it is the only one."""


@evals.command(epilog="Example: uv run app eval answers document_processing --limit 5")
def answers(
    system: Annotated[str, typer.Argument(help="The workflow whose labelled cases are run.")],
    model: Annotated[
        str | None, typer.Option(help="The model, `provider:name`. \\[default: LLM_MODEL]")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first cases.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run the labelled cases of a system with the configured model: this may cost money."""
    if model:
        os.environ["LLM_MODEL"] = model
    from app.core.lifespan import open_features
    from app.graphs.evals import CaseReport, evaluate, load_labelled, rates, save
    from app.llm import check_configured, default_model

    check_configured(default_model())
    labelled = load_labelled(system)

    async def run() -> list[CaseReport]:
        reports = []
        async with open_features():
            for case in labelled.cases[:limit]:
                reports.append(await evaluate(labelled, case))
                if not as_json:
                    typer.echo(_line(reports[-1]))
        return reports

    reports = asyncio.run(run())
    found = {field: {"right": right, "of": all_} for field, (right, all_) in rates(reports).items()}
    document: dict[str, object] = {
        "system": system,
        "model": default_model(),
        "cases": [report.as_dict() for report in reports],
        "fields": found,
        "cost": str(sum((report.cost for report in reports), Decimal(0))),
    }
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = save(ROOT / ".data" / "evals", f"{system}-{moment}", document)
    if as_json:
        typer.echo(json.dumps({**document, "report": str(path)}, ensure_ascii=False))
        return
    typer.echo("\n".join(f"{field}: {rate['right']} of {rate['of']}" for field, rate in found.items()))
    typer.echo(f"{default_model()}, ${document['cost']}, kept in {path}")


def _line(report: "CaseReport") -> str:
    wrong = [field for field, is_right in report.scores.items() if not is_right]
    said = report.error or (f"wrong: {', '.join(wrong)}" if wrong else "right")
    return f"{'✗' if wrong or report.error else '✓'} {report.name}: {said}"
