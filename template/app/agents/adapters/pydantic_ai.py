"""Agents of PydanticAI (https://ai.pydantic.dev): the loop, the tools and the validation are the library's.

The library's model is a function of ours that calls `app.llm`: so retries, fallback, budgets and cost are
those of every other call.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, create_model
from pydantic_ai import Agent, ModelRetry, RunContext, Tool, ToolOutput, UsageLimits
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelMessage,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel
from pydantic_ai.run import AgentRunResultEvent

from app.agents.agent import AgentEvent
from app.agents.base import ANSWER, Answer, BaseAgent, HandOff, Work
from app.agents.errors import BadAnswer, TooManySteps
from app.agents.tools import AgentTool, ToolContext
from app.llm import Message, Reply, TextDelta, chat, from_pydantic_ai, to_pydantic_ai
from app.llm import Tool as ToolDefinition

T = TypeVar("T")


class _Reason(BaseModel):
    model_config = ConfigDict(extra="ignore")

    reason: str


class PydanticAgent(BaseAgent[T]):
    """An agent of PydanticAI."""

    async def work(self, work: Work) -> AsyncGenerator[AgentEvent | Answer[T] | HandOff[T], None]:
        """Let the library's agent run, and pass on what it does."""
        reasons = {create_model(name, __base__=_Reason): name for name in self.hand_offs}
        context = self.tool_context(work)
        agent: Agent[None, Any] = Agent(
            FunctionModel(stream_function=_Model(self, work).respond),
            output_type=[*self._answers(), *(self._hand_off(type_, name) for type_, name in reasons.items())],
            tools=[_tool(tool, context) for tool in work.tools.values()],
            retries={"tools": self.limits.steps, "output": self.limits.corrections},
        )
        agent.output_validator(_after(work.tools))
        run = agent.run_stream_events(
            message_history=to_pydantic_ai(work.transcript),
            usage_limits=UsageLimits(request_limit=max(0, self.limits.steps - work.steps)),
        )
        try:
            async with run as events:
                async for event in events:
                    if shown := _shown(event):
                        yield shown
                    if isinstance(event, FunctionToolResultEvent):
                        said = event.part.model_response_str()
                        work.transcript.append(Message("tool", said, tool_call_id=event.part.tool_call_id))
                    if isinstance(event, AgentRunResultEvent):
                        work.transcript[:] = from_pydantic_ai(event.result.all_messages())
                        output = event.result.output
                        if isinstance(output, _Reason):
                            yield HandOff(self.hand_offs[reasons[type(output)]], output.reason)
                        else:
                            yield Answer(output)
        except UsageLimitExceeded:
            raise TooManySteps(f"{self.name} has not answered after {self.limits.steps} steps.") from None
        except UnexpectedModelBehavior as error:
            raise BadAnswer(f"{self.name} gave no usable answer: {error.__cause__ or error}") from None

    def _answers(self) -> Sequence[Any]:
        if self.output_type is str:
            return [str]
        return [ToolOutput(self.output_type, name=ANSWER, description="Give the final answer.")]

    def _hand_off(self, reason: type[_Reason], name: str) -> ToolOutput[_Reason]:
        description = f"Hand the conversation over. {self.hand_offs[name].description}".strip()
        return ToolOutput(reason, name=name, description=description)


def _after(tools: Collection[str]) -> Callable[[RunContext[None], Any], Any]:
    """Return a check: an answer beside calls of tools is too early, the model has not seen what they say."""

    def check(context: RunContext[None], output: Any) -> Any:
        last = context.messages[-1]
        if isinstance(last, ModelResponse) and any(call.tool_name in tools for call in last.tool_calls):
            raise ModelRetry("Not yet: look at what the tools said first, then answer.")
        return output

    return check


def _tool(tool: AgentTool, context: ToolContext) -> Tool[None]:
    definition = tool.definition()

    async def call(**arguments: Any) -> str:
        return await tool.call(json.dumps(arguments), context)

    return Tool.from_schema(call, tool.name, definition.description, dict(definition.parameters))


def _shown(event: object) -> AgentEvent | None:
    if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart) and event.part.content:
        return AgentEvent("text", event.part.content)
    if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
        return AgentEvent("text", event.delta.content_delta)
    if isinstance(event, FunctionToolCallEvent):
        return AgentEvent("tool_call", event.part.args_as_json_str(), event.part.tool_name)
    if isinstance(event, FunctionToolResultEvent):
        return AgentEvent("tool_result", event.part.model_response_str(), event.part.tool_name)
    return None


class _Model:
    """What the library takes for a model: each of its requests is a call of `app.llm`."""

    def __init__(self, agent: BaseAgent[Any], work: Work) -> None:
        self._agent = agent
        self._work = work

    async def respond(
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | DeltaToolCalls]:
        """Yield the model's text, then the tools that it asks for."""
        self._work.transcript[:] = from_pydantic_ai(messages)
        asked = chat(
            self._work.transcript,
            instructions=self._agent.instructions,
            tools=[
                ToolDefinition(tool.name, tool.description, tool.parameters_json_schema)
                for tool in (*info.function_tools, *info.output_tools)
            ],
            model=self._agent.model,
            budget=self._work.budget,
            streaming=self._work.streaming,
        )
        async with aclosing(asked) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    yield event.text
                else:
                    self._work.count(event)
                    event.answered()
                    self._work.transcript.append(Message("assistant", event.output, event.tool_calls))
                    for piece in _pieces(event, streamed=self._work.streaming):
                        yield piece


def _pieces(reply: Reply[str], *, streamed: bool) -> list[str | DeltaToolCalls]:
    """Return what is left to be said of a reply."""
    text = [] if streamed and reply.output else [reply.output]
    ids = [call.id for call in reply.tool_calls]
    calls = {
        index: DeltaToolCall(
            call.name,
            _as_object(call.arguments),
            # the library refuses an id that comes twice
            tool_call_id=call.id if ids.index(call.id) == index else f"{call.id}-{index}",
        )
        for index, call in enumerate(reply.tool_calls)
    }
    return [*text, calls] if calls else list(text)


def _as_object(arguments: str) -> str:
    """Return arguments that the library can pass on: other JSON than an object is refused by the tool."""
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        return arguments
    return arguments if isinstance(value, dict) else json.dumps({"no_object": value})


AGENT = PydanticAgent
