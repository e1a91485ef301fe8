"""The parts of an agent loop: ask the model, call its tools, check its answer.

The model calls go through `app.llm`, so retries, fallback, budgets and cost are those of every other call.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.agents.base import ANSWER, BaseAgent, HandOff, Work
from app.agents.errors import BadAnswer, TooManySteps
from app.agents.tools import format_errors
from app.core.errors import available
from app.llm import Message, Reply, TextDelta, Tool, ToolCall, chat

T = TypeVar("T")

_REASON = {"type": "object", "properties": {"reason": {"type": "string"}}, "required": ["reason"]}


async def ask(agent: BaseAgent[Any], work: Work) -> AsyncGenerator[TextDelta | Reply[str], None]:
    """Ask the model what is to be done next: pieces of text, then the reply, which joins the transcript.

    Raises `TooManySteps` at the agent's limit.
    """
    if work.steps >= agent.limits.steps:
        raise TooManySteps(f"{agent.name} has not answered after {agent.limits.steps} steps.")
    asked = chat(
        work.transcript,
        instructions=agent.instructions,
        tools=_offered(agent, work),
        model=agent.model,
        budget=work.budget,
        streaming=work.streaming,
    )
    async with aclosing(asked) as events:
        async for event in events:
            if isinstance(event, Reply):
                work.count(event)
                event.answered()
                work.transcript.append(Message("assistant", event.output, event.tool_calls))
            yield event


def _offered(agent: BaseAgent[Any], work: Work) -> list[Tool]:
    offered = [tool.definition() for tool in work.tools.values()]
    for name, other in agent.hand_offs.items():
        offered.append(Tool(name, f"Hand the conversation over. {other.description}".strip(), _REASON))
    if agent.output_type is not str:
        schema = cast("type[BaseModel]", agent.output_type).model_json_schema()
        offered.append(Tool(ANSWER, "Give the final answer.", schema))
    return offered


def hand_off_in(agent: BaseAgent[T], reply: Reply[str], work: Work) -> HandOff[T] | None:
    """Return the hand-off that the model asks for; each call is answered, as providers want it."""
    wanted = next((call for call in reply.tool_calls if call.name in agent.hand_offs), None)
    if wanted is None:
        return None
    for call in reply.tool_calls:
        said = "Handed over." if call is wanted else "Not done: the conversation was handed over."
        work.transcript.append(Message("tool", said, tool_call_id=call.id))
    return HandOff(agent.hand_offs[wanted.name], wanted.arguments)


def tools_in(reply: Reply[str]) -> bool:
    """Whether the model wants tools to be called before it answers."""
    return any(call.name != ANSWER for call in reply.tool_calls)


async def call_tools(agent: BaseAgent[Any], reply: Reply[str], work: Work) -> list[tuple[ToolCall, str]]:
    """Call the tools at the same time. What they say joins the transcript, in the order of the calls."""
    said = await asyncio.gather(*(_call_tool(agent, call, work) for call in reply.tool_calls))
    for call, text in zip(reply.tool_calls, said, strict=True):
        work.transcript.append(Message("tool", text, tool_call_id=call.id))
    return list(zip(reply.tool_calls, said, strict=True))


async def _call_tool(agent: BaseAgent[Any], call: ToolCall, work: Work) -> str:
    if call.name == ANSWER:
        return "Not yet: look at what the tools said first, then answer."
    if call.name not in work.tools:
        return f"There is no tool {call.name!r}. {available(work.tools)}"
    return await work.tools[call.name].call(call.arguments, agent.tool_context(work))


def check_answer(agent: BaseAgent[T], reply: Reply[str], work: Work) -> T:
    """Return the answer. Raises `ValueError` that says what is wrong with it."""
    if agent.output_type is str:
        if not reply.output.strip():
            raise ValueError("it is empty")
        return cast("T", reply.output)
    if not reply.tool_calls:
        raise ValueError(f"give it by calling {ANSWER!r}")
    try:
        answer = TypeAdapter(agent.output_type).validate_json(reply.tool_calls[0].arguments)
    except ValidationError as error:
        raise ValueError(format_errors(error)) from None
    # providers refuse a conversation in which a call has no result: it may go on after this
    work.transcript += [Message("tool", "Done.", tool_call_id=call.id) for call in reply.tool_calls]
    return answer


def correct(
    agent: BaseAgent[Any], reply: Reply[str], problem: ValueError, corrections: int
) -> Sequence[Message]:
    """Return the correction that the model gets. Raises `BadAnswer` when there were enough of them."""
    if corrections > agent.limits.corrections:
        raise BadAnswer(f"{agent.name} gave no usable answer: {problem}.")
    text = f"The answer is wrong: {problem}. Correct it."
    if not reply.tool_calls:
        return [Message("user", text)]
    return [Message("tool", text, tool_call_id=call.id) for call in reply.tool_calls]
