"""`app eval compare`, `gate`, `accept`, `annotate` and `judge`, for reports of `app eval answers`."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.evals.comparing import Comparison

cli = typer.Typer()
evals = typer.Typer(help="How good the answers are.", no_args_is_help=True)
cli.add_typer(evals, name="eval")

_Report = Annotated[Path, typer.Argument(help="A report of `app eval answers`.")]
_Alpha = Annotated[
    float,
    typer.Option(min=0.0001, max=0.5, help="How likely by chance a change may be, to count as one."),
]
_Markdown = Annotated[Path | None, typer.Option(help="Write it as Markdown, for a pull request.")]
_Svg = Annotated[Path | None, typer.Option(help="Write a picture.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Model = Annotated[str | None, typer.Option(help="The judge, `provider:name`. \\[default: LLM_MODEL]")]


@evals.command(epilog="Example: uv run app eval compare before.json after.json --markdown comment.md")
def compare(
    before: _Report,
    after: _Report,
    alpha: _Alpha = 0.05,
    markdown: _Markdown = None,
    svg: _Svg = None,
    as_json: _Json = False,
) -> None:
    """Compare two reports of the same cases: what changed, and how likely that is by chance."""
    from app.evals.comparing import compare as compared
    from app.evals.reports import load_report

    _show(compared(load_report(before), load_report(after)), alpha, markdown, svg, as_json=as_json)


@evals.command(epilog="Example: uv run app eval gate .data/evals/assistant-….json")
def gate(
    report: _Report,
    baseline: Annotated[
        Path | None, typer.Option(help="\\[default: evals/baseline.json of the system]")
    ] = None,
    alpha: _Alpha = 0.05,
    strict: Annotated[
        bool,
        typer.Option(help="Stop also one case that was right and is wrong: for a model that does not vary."),
    ] = False,
    markdown: _Markdown = None,
    svg: _Svg = None,
    as_json: _Json = False,
) -> None:
    """Compare a report with the baseline. Exit code 1 if something got worse by more than noise."""
    from app.evals.comparing import compare as compared
    from app.evals.reports import load_report
    from app.graphs import evals_folder

    now = load_report(report)
    comparison = compared(load_report(baseline or evals_folder(now.system) / "baseline.json"), now)
    _show(comparison, alpha, markdown, svg, as_json=as_json)
    worse = comparison.regressions(alpha)
    problems = [f"The report lacks {each}." for each in comparison.missing]
    problems += [
        f"{row.field} was {row.before:.3f} and is {row.after:.3f} (p = {row.p:.3f})." for row in worse
    ]
    if strict:
        problems += [f"{name}: {row.field} was right." for row in comparison.rows for name in row.worse]
    for problem in problems:
        typer.secho(problem, fg="red", err=True)
    if problems:
        raise typer.Exit(1)


def _show(
    comparison: "Comparison", alpha: float, markdown: Path | None, svg: Path | None, *, as_json: bool
) -> None:
    from app.evals.writing import as_markdown, as_svg

    text = as_markdown(comparison, alpha)
    if markdown:
        markdown.write_text(text, encoding="utf-8")
    if svg:
        svg.write_text(as_svg(comparison), encoding="utf-8")
    typer.echo(json.dumps(comparison.as_dict(), ensure_ascii=False) if as_json else text)


@evals.command(epilog="Example: uv run app eval accept .data/evals/assistant-….json")
def accept(report: _Report) -> None:
    """Make a report the baseline of its system: commit the file."""
    from app.evals.reports import as_baseline, load_report
    from app.graphs import evals_folder, load_labelled

    accepted = load_report(report)
    labelled = load_labelled(accepted.system)
    if accepted.digest != labelled.digest:
        raise InvalidInput(
            "The report is of another version of the cases.", hint="Run `app eval answers` again."
        )
    if len(accepted.cases) < len(labelled.cases):
        raise InvalidInput(f"The report has {len(accepted.cases)} of {len(labelled.cases)} cases.")
    path = evals_folder(accepted.system) / "baseline.json"
    path.write_text(json.dumps(as_baseline(accepted), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    typer.echo(f"Wrote {path}.")


@evals.command(epilog="Example: uv run app eval annotate .data/evals/assistant-….json")
def annotate(report: _Report) -> None:
    """Walk through the outputs that nobody has labelled: does each one pass?"""
    from app.evals.annotations import annotate as add
    from app.evals.annotations import label_of, load_annotations
    from app.evals.reports import load_report
    from app.graphs import evals_folder

    read = load_report(report)
    path = evals_folder(read.system) / "annotations.yml"
    known = load_annotations(path)
    left = [case for case in read.cases if not label_of(known, case)]
    for number, case in enumerate(left, 1):
        typer.secho(f"\n{number} of {len(left)}: {case.name}", bold=True)
        typer.echo(f"input: {_pretty(case.input)}\noutput: {case.error or _pretty(case.output)}")
        answer = typer.prompt("Does it pass? (y)es, (n)o, (s)kip, (q)uit", default="s").strip().lower()[:1]
        if answer == "q":
            break
        if answer in {"y", "n"}:
            note = typer.prompt("Why?", default="", show_default=False)
            add(path, case, passes=answer == "y", note=note)
    known = load_annotations(path)
    labelled = sum(label_of(known, case) is not None for case in read.cases)
    typer.echo(f"{labelled} of {len(read.cases)} outputs are labelled in {path}.")


def _pretty(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


@evals.command(epilog="Example: uv run app eval judge .data/evals/assistant-….json --model openai:gpt-5-mini")
def judge(
    report: _Report,
    against: Annotated[
        Path | None, typer.Option(help="Another report: choose between the two outputs of each case instead.")
    ] = None,
    rubric: Annotated[Path | None, typer.Option(help="\\[default: evals/rubric.md of the system]")] = None,
    model: _Model = None,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Calls at the same time.")] = 4,
    as_json: _Json = False,
) -> None:
    """Let a model judge outputs by a rubric, and measure how far people agree with it (Cohen's kappa).

    What it says joins the report. The gate trusts it from the agreement on that the rubric names.
    """
    from app.evals.comparing import check_comparable
    from app.evals.judging import load_rubric
    from app.evals.reports import load_report
    from app.graphs import evals_folder

    read = load_report(report)
    rules = load_rubric(rubric or evals_folder(read.system) / "rubric.md")
    if against:
        other = load_report(against)
        check_comparable(read, other)
        said = asyncio.run(_prefer(read, other, rules, model, parallel))
    else:
        said = asyncio.run(_judge(report, read, rules, model, parallel))
    typer.echo(json.dumps(said, ensure_ascii=False) if as_json else said["text"])


async def _judge(path: Path, report: Any, rubric: Any, model: str | None, parallel: int) -> dict[str, Any]:
    from app.core.lifespan import open_features
    from app.evals.annotations import load_annotations
    from app.evals.judging import judge as ask
    from app.evals.reports import save_report
    from app.graphs import evals_folder

    labels = load_annotations(evals_folder(report.system) / "annotations.yml")
    async with open_features():
        judged = await ask(report, rubric, labels, model=model, parallel=parallel)
    report.judged = judged
    save_report(path, report)
    passed = sum(verdict.passes for verdict in judged.verdicts.values())
    text = f"{judged.model}: {passed} of {len(judged.verdicts)} pass; {judged.unusable} were no verdict.\n"
    if judged.kappa is None or judged.interval is None:
        text += "Nobody has labelled these outputs: agreement is not known, and the judge is not trusted."
    else:
        low, high = judged.interval
        trust = "trusted" if judged.trusted else f"not trusted (needs 10 labels and {rubric.trusted_from})"
        text += f"kappa {judged.kappa:.2f} ({low:.2f} to {high:.2f}) on {judged.labelled} labels: {trust}."
    return {**judged.model_dump(mode="json"), "text": text}


async def _prefer(before: Any, after: Any, rubric: Any, model: str | None, parallel: int) -> dict[str, Any]:
    from app.core.lifespan import open_features
    from app.evals.judging import prefer

    async with open_features():
        found = await prefer(before, after, rubric, model=model, parallel=parallel)
    text = (
        f"The first is better {found.first} times, the second {found.second}; {found.same} times neither "
        f"is, or not when they were swapped; {found.unusable} without a verdict. p = {found.p:.3f}"
    )
    return {**vars(found), "p": found.p, "text": text}
