"""`app eval retrieval` and `app eval draft`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.rag.evaluation.datasets import Dataset
    from app.rag.evaluation.run import Find, Report

cli = typer.Typer()
evals = typer.Typer(help="How good the answers are.", no_args_is_help=True)
cli.add_typer(evals, name="eval")

_SHOWN_FAILURES = 5
"""For each profile; --json has all."""
_DEFAULT = ["dense", "keyword", "hybrid", "diverse"]


@evals.command(epilog="Example: uv run app eval retrieval --profile hybrid --fail-under ndcg=0.6")
def retrieval(
    dataset: Annotated[
        Path | None,
        typer.Option(help="Questions about your documents, as YAML. \\[default: the shipped set on SQLite]"),
    ] = None,
    profile: Annotated[
        list[str] | None, typer.Option(help="Once for each. \\[default: those that need no model]")
    ] = None,
    part: Annotated[
        str, typer.Option(help="test, tune (for choosing settings) or all: half is never used to choose.")
    ] = "test",
    k: Annotated[int, typer.Option(min=1, max=100, help="Hits that count.")] = 10,
    fail_under: Annotated[
        list[str] | None, typer.Option(help="MEASURE=VALUE, for every profile: else exit code 1.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier --json: worse by more than 0.02 is exit code 1.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Write a picture that compares the profiles.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure retrieval on labelled questions: recall, precision, MRR, nDCG, by tag, with intervals."""
    from app.rag.cli import run_with_database

    if part not in {"test", "tune", "all"}:
        raise InvalidInput(f"--part {part!r} is not test, tune or all.")
    limits = dict(map(_limit, fail_under or []))
    before = json.loads(baseline.read_text(encoding="utf-8")) if baseline else None
    questions, reports = run_with_database(_evaluate, dataset, profile or _DEFAULT, part, k)
    document = {
        "dataset": questions.name,
        "digest": questions.digest,
        "part": part,
        "profiles": [report.as_dict() for report in reports],
    }
    if svg:
        from app.rag.evaluation.picture import draw

        svg.write_text(draw(reports), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _show(reports)
    problems = [*_too_low(reports, limits), *_worse(document, before)]
    for problem in problems:
        typer.secho(problem, fg="red", err=True)
    if problems:
        raise typer.Exit(1)


async def _evaluate(
    path: Path | None, profiles: Sequence[str], part: Any, k: int
) -> "tuple[Dataset, list[Report]]":
    from app.rag.evaluation.datasets import load_dataset
    from app.rag.evaluation.run import evaluate
    from app.rag.evaluation.shipped import find_in_shipped, shipped_dataset
    from app.rag.settings import RagSettings

    for name in profiles:
        RagSettings.load().find_profile(name)
    questions = load_dataset(path) if path else shipped_dataset()
    find = _find_in_documents(k) if path else await find_in_shipped(k)
    return questions, [await evaluate(questions, name, find, k=k, part=part) for name in profiles]


def _find_in_documents(k: int) -> "Find":
    from app.rag.retrieval import search

    async def find(question: str, profile: str) -> list[tuple[str, str]]:
        hits = await search(question, readers=None, profile=profile, limit=k)
        return [(hit.source, hit.text) for hit in hits]

    return find


def _limit(text: str) -> tuple[str, float]:
    from app.rag.evaluation.metrics import MEASURES

    name, _, value = text.partition("=")
    try:
        limit = float(value)
    except ValueError:
        limit = -1.0
    if name not in MEASURES or not 0 <= limit <= 1:
        raise InvalidInput(
            f"--fail-under {text!r} is not MEASURE=VALUE.", hint=f"Measures: {', '.join(MEASURES)}."
        )
    return name, limit


def _show(reports: "Sequence[Report]") -> None:
    from app.rag.evaluation.metrics import MEASURES, interval

    k = reports[0].k
    typer.secho(
        f"{'profile':<12}" + "".join(f"{f'{name}@{k}':>24}" for name in MEASURES), bold=True, nl=False
    )
    typer.secho(f"{'p50 ms':>10}{'p95 ms':>10}", bold=True)
    for report in reports:
        typer.echo(f"{report.profile:<12}", nl=False)
        for name in MEASURES:
            low, high = interval(report.values(name))
            typer.echo(f"{f'{report.mean(name):.3f} ({low:.3f} to {high:.3f})':>24}", nl=False)
        p50, p95 = report.milliseconds()
        typer.echo(f"{p50:>10.1f}{p95:>10.1f}")
    typer.secho(f"\n{f'ndcg@{k} by tag':<24}" + "".join(f"{r.profile:>12}" for r in reports), bold=True)
    for tag in reports[0].tags():
        typer.echo(f"{tag:<24}" + "".join(f"{report.mean('ndcg', tag):>12.3f}" for report in reports))
    for report in reports:
        _show_failures(report)


def _show_failures(report: "Report") -> None:
    failed = [result for result in report.results if result.failed and result.question.relevant]
    if not failed:
        return
    typer.secho(f"\n{report.profile}: {len(failed)} questions found nothing that answers", bold=True)
    for result in failed[:_SHOWN_FAILURES]:
        expected = ", ".join(label.source for label in result.question.relevant)
        instead = ", ".join(dict.fromkeys(source for source, _ in result.found[:3]))
        typer.echo(f"  {result.question.question}\n    expected {expected}; found {instead or 'nothing'}")


def _too_low(reports: "Sequence[Report]", limits: dict[str, float]) -> list[str]:
    return [
        f"{report.profile}: {name}@{report.k} is {report.mean(name):.3f}, below {limit}."
        for report in reports
        for name, limit in limits.items()
        if report.mean(name) < limit
    ]


_TOLERANCE = 0.02


def _worse(now: dict[str, Any], before: dict[str, Any] | None) -> list[str]:
    """Return what has become worse than in an earlier document of the same dataset."""
    if before is None:
        return []
    if (before["digest"], before["part"]) != (now["digest"], now["part"]):
        return ["The baseline is of another version of the dataset, or of another part."]
    earlier = {each["profile"]: each["measures"] for each in before["profiles"]}
    return [
        f"{each['profile']}: {name} is {value['mean']:.3f}; it was {old['mean']:.3f}."
        for each in now["profiles"]
        for name, value in each["measures"].items()
        if (old := earlier.get(each["profile"], {}).get(name)) and value["mean"] < old["mean"] - _TOLERANCE
    ]


@evals.command(epilog="Example: uv run app eval draft questions.yml --questions 50")
def draft(
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    questions: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
) -> None:
    """Let a model draft labelled questions from your documents, for you to edit."""
    from app.rag.cli import run_with_database
    from app.rag.evaluation.drafting import draft as write
    from app.rag.evaluation.drafting import save

    if path.exists():
        raise InvalidInput(f"{path} exists already.", hint="Name another file.")
    drafted = run_with_database(write, questions)
    save(path, drafted)
    typer.echo(f"Wrote {len(drafted)} questions to {path}. Read and correct them: you measure by them.")
