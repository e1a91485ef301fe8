"""`app traces`."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.observability.local import KeptSpan

cli = typer.Typer()
traces = typer.Typer(help="What ran on this machine, as trees of spans.", no_args_is_help=True)
cli.add_typer(traces, name="traces")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@traces.command("list", epilog="Example: uv run app traces list --limit 5")
def list_traces(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 20,
    as_json: Json = False,
) -> None:
    """List traces, the newest first: when, how long, how many spans, tokens, cost."""
    from app.observability.local import read_traces
    from app.observability.settings import TracesSettings

    found = [_summary(spans) for spans in read_traces(TracesSettings.load().file, limit)]
    if as_json:
        typer.echo(json.dumps({"traces": found}, ensure_ascii=False))
        return
    for trace in found:
        failed = "  failed" if trace["failed"] else ""
        typer.secho(f"{trace['trace_id'][:16]}  ", bold=True, nl=False)
        typer.echo(
            f"{trace['started'][:19]}  {trace['seconds']:8.2f} s  {trace['spans']:4} spans  "
            f"{trace['tokens']:6} tokens  ${trace['cost']:.4f}  {_printable(trace['title'])}{failed}"
        )
    if not found:
        typer.secho(_NONE, dim=True, err=True)


_NONE = "There are no traces: in development each request, run and call of a model leaves one."


@traces.command(epilog="Example: uv run app traces show 4bf92f35 --contents")
def show(
    trace: Annotated[str, typer.Argument(help="The beginning of its id, or the id of a run or a request.")],
    contents: Annotated[
        bool, typer.Option("--contents", help="Also what people, models and tools said.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a trace as a tree: what called what, how long it took, what it cost."""
    from app.observability.local import read_trace
    from app.observability.settings import TracesSettings
    from app.observability.tree import describe, draw

    spans = read_trace(TracesSettings.load().file, trace)
    if not spans:
        raise InvalidInput(f"There is no trace {trace!r}.", hint="`uv run app traces list` shows those kept.")
    if as_json:
        typer.echo(
            json.dumps({**_summary(spans), "tree": [_span(each) for each in spans]}, ensure_ascii=False)
        )
        return
    for branches, span in draw(spans):
        typer.secho(branches, dim=True, nl=False)
        typer.secho(
            _printable(span.title), fg="red" if span.error is not None else None, bold=not branches, nl=False
        )
        typer.secho(f"  {describe(span)}", dim=True)
        indent = " " * len(branches)
        if span.error:
            typer.secho(f"{indent}   {_printable(span.error)}", fg="red")
        if contents:
            _show_contents(span, indent)


def _show_contents(span: "KeptSpan", indent: str) -> None:
    from app.observability.attributes import CONTENTS
    from app.observability.conventions import SAID

    for name in sorted(span.attributes):
        if name in CONTENTS or name.startswith(SAID):
            typer.secho(f"{indent}   {_printable(name)}: ", dim=True, nl=False)
            typer.echo(_printable(span.attributes[name]))


def _printable(text: str) -> str:
    """Return a text that commands nothing to the terminal: others have written it."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def _summary(spans: "list[KeptSpan]") -> dict[str, Any]:
    from app.observability.tree import totals

    first, took = spans[0], totals(spans)
    end = max(span.started + span.nanoseconds for span in spans)
    return {
        "trace_id": first.trace_id,
        "title": first.title,
        "started": datetime.fromtimestamp(first.started / 1e9, UTC).isoformat(),
        "seconds": (end - first.started) / 1e9,
        "spans": len(spans),
        "calls": took.calls,
        "tokens": took.tokens,
        "cost": took.cost,
        "failed": any(span.error is not None for span in spans),
    }


def _span(span: "KeptSpan") -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "title": span.title,
        "started": datetime.fromtimestamp(span.started / 1e9, UTC).isoformat(),
        "seconds": span.seconds,
        "error": span.error,
        "attributes": span.attributes,
    }
