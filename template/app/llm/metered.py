"""A model whose requests are counted before they are made, and paid for when they are done.

pydantic-ai counts them when they are done: several at the same time would all find room for one. While it
streams, it also adds up the whole answer at each piece: a long answer would cost its length squared.
"""

import json
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from pydantic_ai import ModelSettings, RunContext
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import BinaryContent, ModelMessage, ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

from app.core.spans import Span, span
from app.llm import offline
from app.llm.budget import Budget
from app.llm.errors import BrokenAnswer
from app.llm.messages import clean_response, from_pydantic_ai
from app.llm.metering import BYTES_PER_TOKEN, MeteredRequest, Taken, meter_request


class Metered(WrapperModel):
    """Lets through as many requests as a budget allows, and adds to it what each has taken.

    The answers are clean: none holds a character that could not be stored or sent on.
    """

    def __init__(self, wrapped: Model, name: str, budget: Budget, **fields: object) -> None:
        """`name` is `provider:name`; `fields` are those of the span of each request, such as the prompt."""
        super().__init__(wrapped)
        self._name = name
        self._budget = budget
        self._fields = {"model": wrapped.model_name, "provider": wrapped.system, **fields}

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Make a request. Raises `BudgetExceeded` instead if there is no room for it, or after it."""
        async with self._metered(messages, model_settings, model_request_parameters) as request:
            with span("model_call", **self._fields) as piece:
                piece.say(messages=list(messages), settings=model_settings)
                try:
                    with _broken_answers(self.model_name):
                        response = await super().request(messages, model_settings, model_request_parameters)
                except BaseException:
                    self._budget.undo_request()
                    raise
                request.taken = self._add(response, piece)
        self._budget.check()
        return clean_response(response)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse, None]:
        """The same for an answer in pieces: it counts once it has begun, also if it breaks off."""
        begun: StreamedResponse | None = None
        async with self._metered(messages, model_settings, model_request_parameters) as request:
            with span("model_call", **self._fields) as piece:
                piece.say(messages=list(messages), settings=model_settings)
                try:
                    with _broken_answers(self.model_name):
                        async with super().request_stream(
                            messages, model_settings, model_request_parameters, run_context
                        ) as begun:
                            yield begun
                except BaseException:
                    if begun is None:
                        self._budget.undo_request()
                    else:
                        request.taken = self._add(_with_usage(begun.get(), request), piece)
                    raise
                request.taken = self._add(begun.get(), piece)
        self._budget.check()

    @asynccontextmanager
    async def _metered(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
    ) -> AsyncGenerator[MeteredRequest, None]:
        """Count a request, and let the features' meters stand around it."""
        request = MeteredRequest(
            self._name,
            partial(_count_bytes, messages, parameters),
            (settings or ModelSettings()).get("max_tokens"),
        )
        async with meter_request(request):
            self._budget.begin_request()
            yield request

    def _add(self, response: ModelResponse, piece: Span) -> Taken:
        usage, cost = response.usage, cost_of(response)
        taken = Taken(usage.input_tokens, usage.output_tokens, cost)
        self._budget.add(input_tokens=taken.input_tokens, output_tokens=taken.output_tokens, cost=cost)
        piece.set(input_tokens=taken.input_tokens, output_tokens=taken.output_tokens, cost=cost)
        piece.say(response=response)
        return taken


_MESSAGE_BYTES = 30
"""What a message is charged for beside its text, about 10 tokens: who says it, and where it ends."""
_PICTURE_BYTES = 6000
"""What a large picture is charged for, about 2,000 tokens, whatever its file has."""


def _count_bytes(messages: list[ModelMessage], parameters: ModelRequestParameters) -> int:
    """Return about how many bytes of text are sent, with the tools that are offered."""
    instructions = [message.instructions or "" for message in messages if isinstance(message, ModelRequest)]
    said = from_pydantic_ai(messages)
    texts = [*instructions[-1:], *(message.text for message in said)]
    texts += [call.arguments for message in said for call in message.tool_calls]
    tools = [*parameters.function_tools, *parameters.output_tools]
    texts += [f"{tool.description}{json.dumps(tool.parameters_json_schema)}" for tool in tools]
    prompts = [part.content for m in messages for part in m.parts if isinstance(part, UserPromptPart)]
    pictures = [item for prompt in prompts for item in prompt if isinstance(item, BinaryContent)]
    more = len(messages) * _MESSAGE_BYTES + len(pictures) * _PICTURE_BYTES
    return sum(len(text.encode()) for text in texts) + more


def _with_usage(response: ModelResponse, request: MeteredRequest) -> ModelResponse:
    """Return an answer that broke off, with what it has taken: most providers say that only at the end."""
    if response.usage.has_values():
        return response
    output = len((response.text or "").encode()) // BYTES_PER_TOKEN + 1
    return replace(response, usage=RequestUsage(input_tokens=request.input_tokens, output_tokens=output))


@contextmanager
def _broken_answers(model: str) -> Generator[None]:
    """Tell an answer that cannot be read, which is the provider's fault, from one that does not fit."""
    try:
        yield
    except UnexpectedModelBehavior as error:
        reason = str(error).partition("\n")[0].rstrip(".:")
        raise BrokenAnswer(
            f"The provider sent a broken answer for {model}: {reason}.", hint="Try again later."
        ) from error


def cost_of(response: ModelResponse) -> Decimal | None:
    """Return US dollars; None if no price is known for the model, or it did not say what it used."""
    if response.model_name == offline.NAME:
        return Decimal(0)
    try:
        return response.cost().total_price
    except (LookupError, ValueError):
        return None
