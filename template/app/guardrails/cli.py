"""`app eval guardrails`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.guardrails.evaluation import Score

cli = typer.Typer()
evals = typer.Typer(help="How good the answers are.", no_args_is_help=True)
cli.add_typer(evals, name="eval")

_TOLERANCE = 0.02
_MEASURES = {"precision": 1, "recall": 1, "false_positive_rate": -1}
"""What is compared with a baseline; -1: less is better."""


@evals.callback()
def _group() -> None:
    """Keep `app eval guardrails` a command of its own where it is the only one."""


@evals.command(epilog="Example: uv run app eval guardrails --mistakes")
def guardrails(
    part: Annotated[
        str, typer.Option(help="held_out, or tuning: whoever writes rules looks at this one alone.")
    ] = "held_out",
    corpus: Annotated[
        Path | None, typer.Option(help="A folder of your own like app/guardrails/corpus.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            help="An earlier --json: worse by more than 0.02 is exit code 1. \\[default: the shipped one]"
        ),
    ] = None,
    mistakes: Annotated[bool, typer.Option(help="Show what was missed or wrong (tuning only).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure on labelled texts what guards find, what they miss, and how long they take."""
    from app.guardrails.evaluation import CORPUS, digest_of, evaluate

    if part not in {"held_out", "tuning"}:
        raise InvalidInput(f"--part {part!r} is not held_out or tuning.")
    if mistakes and part == "held_out":
        raise InvalidInput(
            "The held-out texts are not shown: rules must not be written for them.", hint="--part tuning"
        )
    folder = corpus or CORPUS
    scores = evaluate("tuning" if part == "tuning" else "held_out", folder)
    document = {
        "part": part,
        "digest": digest_of(sorted((folder / part).glob("*.yml"))),
        "guards": [score.as_dict() for score in scores],
    }
    if baseline is None and corpus is None:
        baseline = CORPUS / f"baseline_{part}.json"
    problems = _worse(document, _read(baseline)) if baseline else []
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _show(scores, mistakes=mistakes)
    for problem in problems:
        typer.secho(problem, fg="red", err=True)
    if problems:
        raise typer.Exit(1)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The baseline {path} cannot be read: {error}.") from None
    if not isinstance(document, dict):
        raise InvalidInput(f"The baseline {path} is no document of `app eval guardrails --json`.")
    return document


def _worse(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Return what has become worse than in an earlier document of the same texts."""
    if (before.get("digest"), before.get("part")) != (now["digest"], now["part"]):
        return ["The baseline is of other texts: make a new one with --json."]
    earlier = {each["guard"]: each for each in before["guards"]}
    return [
        f"{each['guard']}: {name} is {each[name]:.3f}; it was {old[name]:.3f}."
        for each in now["guards"]
        if (old := earlier.get(each["guard"]))
        for name, direction in _MEASURES.items()
        if direction * (old[name] - each[name]) > _TOLERANCE
    ]


def _show(scores: "Sequence[Score]", *, mistakes: bool) -> None:
    head = f"{'guard':<16}{'precision':>10}{'recall':>10}{'false positives':>18}{'ms/1,000 chars':>18}"
    typer.secho(head, bold=True)
    for score in scores:
        row = score.as_dict()
        typer.echo(
            f"{score.guard:<16}{score.precision:>10.3f}{score.recall:>10.3f}{score.false_positive_rate:>18.3f}"
            f"{row['milliseconds_per_1000_characters']:>18.2f}"
        )
    for score in scores:
        kinds = ", ".join(f"{kind} {found} of {of}" for kind, (found, of) in sorted(score.kinds.items()))
        typer.echo(f"{score.guard}: {kinds}")
        for what, text in score.mistakes if mistakes else ():
            typer.echo(f"  {what}: {' '.join(text.split())[:300]}")
