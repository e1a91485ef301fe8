"""`app documents …` and `app search`."""

import asyncio
import json
import sys
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Sequence

    from app.rag.adding import Outcome
    from app.rag.estimating import Estimate
    from app.rag.files import Place
    from app.rag.pipeline import Progress
    from app.rag.repository import Listed
    from app.rag.retrieval import Hit

T = TypeVar("T")
P = ParamSpec("P")

cli = typer.Typer()
documents = typer.Typer(help="Documents: what is searched and cited.", no_args_is_help=True)
cli.add_typer(documents, name="documents")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", help="NAME=VALUE of a field that RAG_FIELDS names. Once for each."),
]


@documents.command(epilog="Example: uv run app documents add handbook/ prices.xlsx --field year=2026")
def add(
    places: Annotated[list[str], typer.Argument(help="Files, folders, and URLs (RAG_ALLOWED_HOSTS).")],
    owner: Annotated[
        str, typer.Option(help="Who may find them: everyone, key:ID, or group:NAME.")
    ] = "everyone",
    field: Fields = None,
    wait: Annotated[bool, typer.Option(help="Wait until they can be found; else workers index them.")] = True,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: take what changes, remove what goes. Ctrl-C ends it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would take, also in dollars.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add files, folders and URLs, and wait until they can be found. What has not changed is left alone."""
    if dry_run:
        _show_estimate(run_with_database(_estimate, places), as_json=as_json)
        return
    fields = _parse_fields(field or [])
    outcomes = run_with_database(_add, places, owner, fields, wait=wait, watch=watch, quiet=as_json)
    if as_json:
        typer.echo(json.dumps({"documents": [_outcome(each) for each in outcomes]}, ensure_ascii=False))
    if any(each.error for each in outcomes):
        raise typer.Exit(1)


async def _add(
    given: list[str], owner: str, fields: dict[str, Any], *, wait: bool, watch: bool, quiet: bool
) -> "list[Outcome]":
    from app.rag.extensions import STARTERS
    from app.rag.files import find_places
    from app.rag.pipeline import resume
    from app.rag.urls import is_url

    if watch and any(map(is_url, given)):
        raise InvalidInput("A URL cannot be watched.", hint="Add it again when it has changed.")
    places = find_places(given)
    if not places and not watch:
        raise InvalidInput("There is no file to add.", hint="Hidden ones are left out.")
    if wait and not STARTERS.names():  # else workers go on with what was interrupted
        await resume()
    outcomes = await _add_places(places, owner, fields, wait=wait, quiet=quiet)
    if watch:
        await _watch([Path(name) for name in given], owner, fields, wait=wait)
    return outcomes


async def _add_places(
    places: "Sequence[Place]", owner: str, fields: dict[str, Any], *, wait: bool, quiet: bool
) -> "list[Outcome]":
    from app.rag.adding import add_files
    from app.rag.extensions import STARTERS
    from app.rag.workflows import start_ingest

    if not wait and not STARTERS.names():
        raise InvalidInput("This project has no workers.", hint="Leave --no-wait out.")
    outcomes: list[Outcome] = []
    with _progress(quiet=quiet) as shown:
        async for outcome in add_files(
            places, owner=owner, fields=fields, start=None if wait else start_ingest, progress=shown
        ):
            outcomes.append(outcome)
            if not quiet:
                _show(outcome, len(outcomes), len(places))
    return outcomes


@contextmanager
def _progress(*, quiet: bool) -> "Generator[Callable[[Place], Progress] | None, None, None]":
    """Show a bar for each document that is indexed, where somebody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:

        def of(place: "Place") -> "Progress":
            bar = bars.add_task(str(place)[-60:], total=None)

            def advance(done: int, parts: int) -> None:
                bars.update(bar, completed=done, total=parts, visible=done < parts)

            return advance

        yield of


async def _watch(paths: list[Path], owner: str, fields: dict[str, Any], *, wait: bool) -> None:
    from app.rag import repository
    from app.rag.files import source_of
    from app.rag.pipeline import remove_document
    from app.rag.watching import changes

    typer.secho("Watching. Ctrl-C ends it.", dim=True, err=True)
    async for changed, gone in changes(paths):
        if changed:
            await _add_places(changed, owner, fields, wait=wait, quiet=False)
        for document in await repository.find_by_source([source_of(path) for path in gone], owner):
            await remove_document(document.id)
            typer.echo(f"removed: {document.source}")


async def _estimate(given: list[str]) -> "Estimate":
    from app.rag.estimating import estimate_files
    from app.rag.files import find_places

    return await estimate_files(find_places(given))


def _show_estimate(estimate: "Estimate", *, as_json: bool) -> None:
    if as_json:
        document = {name: str(v) if name.endswith("cost") else v for name, v in vars(estimate).items()}
        typer.echo(json.dumps(document))
        return
    typer.echo(f"{estimate.files} files, {estimate.unreadable} of them unreadable, {estimate.chunks} chunks")
    cost = _dollars(estimate.embedding_cost)
    typer.echo(f"embedding: {estimate.embedded_tokens} tokens, {cost} ({estimate.embedder})")
    if estimate.model:
        tokens_in, tokens_out = estimate.context_tokens
        cost = _dollars(estimate.context_cost)
        typer.echo(f"contexts: {tokens_in} + {tokens_out} tokens, {cost} at most ({estimate.model})")


def _dollars(cost: Decimal | None) -> str:
    return "price unknown" if cost is None else f"${cost:.4f}"


def _show(outcome: "Outcome", number: int, files: int) -> None:
    color = "red" if outcome.error else "green" if outcome.state == "indexed" else None
    typer.secho(f"[{number}/{files}] {outcome.state}", fg=color, nl=False)
    typer.echo(f": {outcome.place}{f': {outcome.error}' if outcome.error else ''}")


def _outcome(outcome: "Outcome") -> dict[str, object]:
    error = outcome.error
    return {
        "id": outcome.id,
        "source": str(outcome.place),
        "state": outcome.state,
        "error": {"code": error.code, "detail": error.detail, "hint": error.hint} if error else None,
    }


def _parse_fields(given: list[str]) -> dict[str, Any]:
    """Return fields, each read as its type: `year=2026` is a number if RAG_FIELDS says so."""
    from app.rag.settings import RagSettings

    types = RagSettings.load().fields
    fields: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise InvalidInput(f"--field {text!r} is not NAME=VALUE.")
        try:
            fields[name] = json.loads(value) if types.get(name) in {"number", "flag"} else value
        except ValueError:
            fields[name] = value  # said to be wrong, with the name of the field, where it is checked
    return fields


@documents.command("list", epilog="Example: uv run app documents list --json")
def list_documents(as_json: Json = False) -> None:
    """List the documents, the newest first."""
    found = run_with_database(_all_documents)
    if as_json:
        typer.echo(json.dumps({"documents": [_listed(each) for each in found]}, ensure_ascii=False))
        return
    for each in found:
        _show_listed(each)
    if not found:
        typer.echo("There is no document yet. Add some: uv run app documents add FOLDER")


async def _all_documents() -> "list[Listed]":
    from app.rag import repository

    found: list[Listed] = []
    while page := await repository.list_documents(None, 500, found[-1].document.id if found else None):
        found += page
    return found


def _show_listed(listed: "Listed") -> None:
    document, entry = listed.document, listed.entry
    typer.secho(document.state, fg="red" if document.state == "failed" else "green", nl=False)
    typer.echo(f" {document.id} {document.source}", nl=False)
    typer.echo(f" ({entry.chunks} chunks)" if entry else "")
    if document.error:
        typer.echo(f"    {document.error['detail']} {document.error.get('hint') or ''}".rstrip())


def _listed(listed: "Listed") -> dict[str, object]:
    from app.rag.schemas import DocumentView

    return DocumentView.of(listed).model_dump(mode="json")


@documents.command(epilog="Example: uv run app documents remove handbook/old.pdf")
def remove(
    names: Annotated[list[str], typer.Argument(help="Ids, or files and folders as they were added.")],
) -> None:
    """Delete documents, and all that was made of them."""
    for source in run_with_database(_remove, names):
        typer.echo(f"Removed {source}.")


async def _remove(names: list[str]) -> list[str]:
    from app.rag.files import source_of
    from app.rag.pipeline import remove_document

    known = [listed.document for listed in await _all_documents()]
    chosen = {}
    for name in names:
        path = source_of(Path(name))
        found = [
            document
            for document in known
            if name in {str(document.id), document.source}
            or document.source == path
            or document.source.startswith(f"{path}/")
        ]
        if not found:
            raise InvalidInput(f"There is no document {name!r}.", hint="`app documents list` shows them.")
        chosen.update({document.id: document.source for document in found})
    for document_id in chosen:
        await remove_document(document_id)
    return list(chosen.values())


@documents.command(epilog="Example: uv run app documents reindex")
def reindex() -> None:
    """Build the index anew, as the settings say; the old one is searched until the new one is complete."""
    index = run_with_database(_reindex)
    typer.echo(f"Now searched: index {index.id} of {index.embedder}, chunks {index.chunking}.")


async def _reindex() -> Any:
    from app.rag.pipeline import reindex as build

    def progress(done: int, documents: int) -> None:
        typer.echo(f"[{done}/{documents}] documents", err=True)

    return await build(progress)


@cli.command(epilog="Example: uv run app search 'When may I return a lamp?' --json")
def search(
    query: Annotated[str, typer.Argument(help="What is looked for.")],
    profile: Annotated[
        str | None, typer.Option(help="How to search: hybrid, dense, keyword … \\[default: RAG_PROFILE]")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Passages that are shown.")] = 8,
    filter_: Annotated[
        str | None, typer.Option("--filter", help='JSON, such as {"format": "pdf", "page": {"lte": 3}}.')
    ] = None,
    as_json: Json = False,
) -> None:
    """Search the documents, and show each passage with its scores."""
    hits = run_with_database(_search, query, profile, limit, filter_)
    if as_json:
        typer.echo(json.dumps({"hits": [_hit(each) for each in hits]}, ensure_ascii=False))
        return
    for number, each in enumerate(hits, 1):
        _show_hit(number, each)
    if not hits:
        typer.echo("Nothing was found.")


async def _search(query: str, profile: str | None, limit: int, filter_: str | None) -> "list[Hit]":
    from app.rag.filters import parse_filter
    from app.rag.retrieval import search as find

    try:
        wanted = json.loads(filter_) if filter_ else {}
    except ValueError as error:
        raise InvalidInput(f"--filter is not JSON: {error}.") from None
    if not isinstance(wanted, dict):
        raise InvalidInput("--filter must be a JSON object.", hint='Such as {"format": "pdf"}.')
    return await find(query, readers=None, profile=profile, limit=limit, conditions=parse_filter(wanted))


def _show_hit(number: int, hit: "Hit") -> None:
    scores = ", ".join(f"{name} {score:.3f}" for name, score in hit.scores.items())
    page = f", page {hit.page}" if hit.page else ""
    typer.secho(f"{number}. {hit.source}{page}", bold=True, nl=False)
    typer.echo(f"  {hit.score:.4f} ({scores})")
    if hit.headings:
        typer.secho(f"   {' > '.join(hit.headings)}", dim=True)
    text = " ".join(hit.text.split())
    typer.echo(f"   {text[:300]}{'…' if len(text) > 300 else ''}\n")


def _hit(hit: "Hit") -> dict[str, object]:
    from app.rag.schemas import HitView

    return HitView.of(hit).model_dump(mode="json")


def run_with_database(
    work: "Callable[P, Coroutine[Any, Any, T]]", *arguments: P.args, **options: P.kwargs
) -> T:
    """Run with the features open. On a developer's machine the tables are brought up to date first."""
    from app.core.lifespan import open_features
    from app.core.settings import AppSettings
    from app.db import upgrade

    if AppSettings.load().environment == "development":
        upgrade()

    async def opened() -> T:
        async with open_features():
            return await work(*arguments, **options)

    return asyncio.run(opened())
