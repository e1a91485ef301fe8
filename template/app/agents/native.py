"""An agent framework in one page: what the others do, without what hides it.

    ask the model ──► it asks for tools ──► call them, tell it what they said ──► ask again …
                 └──► it answers ──► does the answer fit? ──► no: say why, ask again
                                                         └──► yes: done

The model calls go through `app.llm`, so retries, fall-back, budgets and cost are those of every other call.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.agents.agent import AgentEvent, AgentResult, Limits
from app.agents.errors import BadAnswer, TooManySteps
from app.agents.tools import FunctionTool
from app.llm import Budget, Message, Reply, Tool, ToolCall, chat

T = TypeVar("T")

_ANSWER = "answer"
"""The tool by which a structured answer is given."""


class NativeAgent(Generic[T]):
    """A model with instructions, tools and an output type: `str`, or a Pydantic model."""

    def __init__(
        self,
        name: str,
        instructions: str,
        *,
        output_type: type[T],
        tools: Sequence[FunctionTool] = (),
        model: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self._instructions = instructions
        self._output_type = output_type
        self._tools = {tool.name: tool for tool in tools}
        self._model = model
        self._limits = limits or Limits()

    async def run(
        self, prompt: str, *, history: Sequence[Message] = (), budget: Budget | None = None
    ) -> AgentResult[T]:
        """Answer. Raises `AgentError` with the transcript, or an `LLMError`."""
        async with aclosing(self.stream(prompt, history=history, budget=budget)) as events:
            async for event in events:
                if isinstance(event, AgentResult):
                    return event
        raise AssertionError("a stream ends with a result")

    async def stream(
        self, prompt: str, *, history: Sequence[Message] = (), budget: Budget | None = None
    ) -> AsyncGenerator[AgentEvent | AgentResult[T], None]:
        """Yield what the agent does as it does it, and last the result."""
        transcript = [*history, Message("user", prompt)]
        budget = budget or Budget.from_settings()
        cost: Decimal | None = Decimal(0)
        corrections = 0
        for step in range(1, self._limits.steps + 1):
            reply: Reply[str] | None = None
            async with aclosing(self._ask(transcript, budget)) as events:
                async for event in events:
                    if isinstance(event, Reply):
                        reply = event
                    else:
                        yield AgentEvent("text", event.text)
            assert reply is not None
            cost = None if cost is None or reply.cost is None else cost + reply.cost
            transcript.append(Message("assistant", reply.output, reply.tool_calls))
            if self._uses_tools(reply):
                for call, said in await self._call_tools(reply.tool_calls):
                    yield AgentEvent("tool_call", call.arguments, call.name)
                    yield AgentEvent("tool_result", said, call.name)
                    transcript.append(Message("tool", said, tool_call_id=call.id))
                continue
            try:
                output = self._answer(reply)
            except ValueError as error:
                corrections += 1
                if corrections > self._limits.corrections:
                    raise BadAnswer(f"{self.name}: {error}", transcript=transcript) from None
                transcript += self._correction(reply, str(error))
                continue
            yield AgentResult(output=output, transcript=transcript, steps=step, cost=cost)
            return
        raise TooManySteps(
            f"{self.name} has not answered after {self._limits.steps} steps.", transcript=transcript
        )

    def _ask(self, transcript: Sequence[Message], budget: Budget) -> AsyncGenerator[Any, None]:
        offered = [tool.definition() for tool in self._tools.values()]
        if self._output_type is not str:
            schema = cast("type[BaseModel]", self._output_type).model_json_schema()
            offered.append(Tool(_ANSWER, "Give the final answer.", schema))
        return chat(
            transcript, instructions=self._instructions, tools=offered, model=self._model, budget=budget
        )

    def _uses_tools(self, reply: Reply[str]) -> bool:
        return any(call.name != _ANSWER for call in reply.tool_calls)

    async def _call_tools(self, calls: Sequence[ToolCall]) -> list[tuple[ToolCall, str]]:
        """Call the tools at the same time. An answer given beside them is too early: the model is told so."""
        return list(zip(calls, await asyncio.gather(*map(self._call_tool, calls)), strict=True))

    async def _call_tool(self, call: ToolCall) -> str:
        if call.name == _ANSWER:
            return "Not yet: look at what the tools said first, then answer."
        tool = self._tools.get(call.name)
        if tool is None:
            return f"There is no tool {call.name!r}. There is: {', '.join(self._tools) or 'none'}."
        return await tool.call(call.arguments, self._limits.tool_seconds)

    def _answer(self, reply: Reply[str]) -> T:
        """Return the answer. Raises `ValueError` that says what is wrong with it."""
        if self._output_type is str:
            if not reply.output.strip():
                raise ValueError("the answer is empty")
            return cast("T", reply.output)
        if not reply.tool_calls:
            raise ValueError(f"answer by calling {_ANSWER!r}")
        try:
            return TypeAdapter(self._output_type).validate_json(reply.tool_calls[0].arguments)
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, p['loc'])) or 'it'}: {p['msg']}" for p in error.errors())
            raise ValueError("; ".join(problems)) from None

    def _correction(self, reply: Reply[str], problem: str) -> list[Message]:
        """Return what is said to the model about its answer."""
        text = f"The answer is wrong: {problem}. Correct it."
        if not reply.tool_calls:
            return [Message("user", text)]
        return [Message("tool", text, tool_call_id=call.id) for call in reply.tool_calls]
