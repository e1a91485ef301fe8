"""A workflow as a model of the OpenAI-compatible endpoint: the last message goes in, a text comes out."""

import time
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.core.deadlines import deadline
from app.core.errors import FieldError, InvalidInput, field_errors
from app.graphs.errors import DefinitionError
from app.graphs.graph import Graph
from app.llm import Call, Event, Handler, Reply, TextDelta
from app.workflows import Steps

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)


def as_chat_model(
    graph: Graph[In, Out], *, read: Callable[[str], In], write: Callable[[Out], str]
) -> Handler:
    """Return a model for `openai.models`. `read` makes the workflow's input of what the user says last.

    Its own limits hold, not those of the caller. It is not a durable run: nothing is kept, and no person can
    decide in it. The caller's instructions and what was said earlier are not looked at.
    """

    if graph.decisions:
        raise DefinitionError(f"Workflow {graph.name!r} waits for people: it cannot be a model.")

    async def answer(call: Call) -> AsyncGenerator[Event, None]:
        started = time.perf_counter()
        try:
            data = read(call.messages[-1].text)
        except ValidationError as error:
            fields = [FieldError("messages", wrong.message) for wrong in field_errors(error)]
            raise InvalidInput(f"{graph.name} cannot work on this message.", fields=fields) from None
        async with deadline(graph.time_limit, f"Workflow {graph.name!r}"):
            output, context = await graph.run_with_context(data, Steps())
        text = write(output)
        yield TextDelta(text)
        spent = context.budget.spent
        yield Reply(
            output=text,
            model=graph.name,
            requests=spent.requests,
            input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens,
            cost=context.cost,
            seconds=time.perf_counter() - started,
        )

    return answer
