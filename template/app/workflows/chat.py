"""A workflow as a model of the chat door: the last message goes in, a text comes out."""

import time
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.core.errors import FieldError, InvalidInput
from app.core.workflow import Steps
from app.llm import Call, Event, Handler, Reply, TextDelta
from app.workflows.errors import DefinitionError
from app.workflows.flow import Flow, carry_out

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)


def as_chat_model(flow: Flow[In, Out], *, read: Callable[[str], In], write: Callable[[Out], str]) -> Handler:
    """Return what `Feature.chat_models` takes. `read` makes the workflow's input of what the user says last.

    Its own limits hold, not those of the caller. It is no durable run: nothing is kept, and no person can
    decide in it. The caller's instructions and what was said earlier are not looked at.
    """

    if flow.as_workflow().decisions:
        raise DefinitionError(
            f"Workflow {flow.name!r} waits for people: it cannot be a model of the chat door."
        )

    async def answer(call: Call) -> AsyncGenerator[Event, None]:
        started = time.perf_counter()
        try:
            data = read(call.messages[-1].text)
        except ValidationError as error:
            fields = [FieldError("messages", problem["msg"]) for problem in error.errors()]
            raise InvalidInput(f"{flow.name} cannot work on this message.", fields=fields) from None
        output, context = await carry_out(flow, data, Steps())
        text = write(output)
        yield TextDelta(text)
        spent = context.budget.spent
        yield Reply(
            output=text,
            model=flow.name,
            requests=spent.requests,
            input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens,
            cost=context.cost,
            seconds=time.perf_counter() - started,
        )

    return answer
