"""`app ask` and `app chat`."""

import asyncio
import json
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer

from app.core.registry import load_features

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.llm.calls import Event, Message, Reply

cli = typer.Typer()


def _has_documents() -> bool:
    """Whether a feature answers from documents. Imports none: `app --help` stays fast."""
    return any("documents" in feature.extensions("llm.answerers") for feature in load_features())


Model = Annotated[str | None, typer.Option(help="The model, `provider:name`. \\[default: LLM_MODEL]")]


@cli.command(epilog="Example: uv run app ask 'What is a vector database?'")
def ask(
    prompt: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    model: Model = None,
    documents: Annotated[
        bool,
        typer.Option(
            "--documents",
            help="Answer from the documents alone, with citations.",
            hidden=not _has_documents(),
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Ask the model one question."""
    from app.core.errors import InvalidInput

    text = sys.stdin.read() if prompt == "-" else prompt
    if not text.strip():
        raise InvalidInput("The question is empty.", hint="Type it after `ask`, in quotation marks.")
    reply = asyncio.run(_answer(text, [], model, documents=documents, quiet=as_json))
    if as_json:
        typer.echo(json.dumps(_document(reply), ensure_ascii=False))


@cli.command(epilog="Example: uv run app chat --model anthropic:claude-haiku-4-5")
def chat(model: Model = None) -> None:
    """Talk with the model; an empty line or Ctrl-D ends it."""
    from app.core.errors import AppError
    from app.llm.calls import Message

    history: list[Message] = []
    with asyncio.Runner() as runner:  # the prompt waits outside of it: so Ctrl-C ends it at once
        while text := _next_line():
            try:
                reply = runner.run(_answer(text, history, model))
            except AppError as error:
                typer.secho(f"Error: {error}", fg="red", err=True)
                continue
            history += [Message("user", text), Message("assistant", reply.output)]


def _next_line() -> str:
    try:
        return input("you> " if sys.stdin.isatty() else "").strip()
    except EOFError:
        if sys.stdin.isatty():
            typer.echo()  # the shell's prompt begins a line
        return ""
    except KeyboardInterrupt:
        typer.echo()
        raise


def _events(text: str, history: "list[Message]", model: str | None) -> "AsyncGenerator[Event, None]":
    from app.llm.facade import stream
    from app.llm.prompts import load_prompt

    instructions = load_prompt("llm.chat").render()
    return stream(text, instructions=instructions, history=history, model=model)


async def _events_of_documents(text: str, model: str | None) -> "AsyncGenerator[Event, None]":
    from app.core.errors import InvalidInput
    from app.core.lifespan import open_features
    from app.llm.calls import Call, Message
    from app.llm.extensions import ANSWERERS
    from app.llm.providers import default_model

    answer = ANSWERERS.get("documents")
    if answer is None:
        raise InvalidInput("This project has no documents.", hint="The stage rag brings them.")
    call = Call(messages=(Message("user", text),), model=model or default_model())
    async with open_features(), aclosing(answer(call)) as events:
        async for event in events:
            yield event


async def _answer(
    text: str,
    history: "list[Message]",
    model: str | None,
    *,
    documents: bool = False,
    quiet: bool = False,
) -> "Reply[str]":
    """Print the answer as it comes, and on standard error what it took."""
    from app.core.errors import AppError
    from app.llm.calls import Reply

    reply: Reply[str] | None = None
    is_broken_off = False
    events = _events_of_documents(text, model) if documents else _events(text, history, model)
    try:
        async with aclosing(events):  # also when the reader of our output leaves in the middle
            async for event in events:
                if isinstance(event, Reply):
                    reply = event.answered()
                elif not quiet:
                    is_broken_off = True
                    typer.echo(event.text, nl=False)
    except AppError:
        if is_broken_off:
            typer.echo()  # the error stands in a line of its own
        raise
    assert reply is not None
    if not quiet:
        typer.echo()
        typer.secho(_took(reply), dim=True, err=True)
        if reply.finish_reason != "stop":
            typer.secho(f"[The answer is not complete: {reply.finish_reason}.]", fg="yellow", err=True)
    return reply


def _took(reply: "Reply[str]") -> str:
    cost = "price unknown" if reply.cost is None else f"${reply.cost:.6f}"
    tokens = f"{reply.input_tokens} + {reply.output_tokens} tokens"
    line = f"[{reply.model} · {tokens} · {cost} · {reply.seconds:.1f} s]"
    if reply.model.startswith("offline:"):
        line += " A scripted answer: put a provider's key in .env for a real one."
    return line


def _document(reply: "Reply[str]") -> dict[str, object]:
    return {
        "answer": reply.output,
        "model": reply.model,
        "requests": reply.requests,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "cost": None if reply.cost is None else str(reply.cost),
        "seconds": round(reply.seconds, 3),
        "cached": reply.cached,
    }
