"""`offline:demo`: a model without a key, an account or a network, for development and tests.

It is deterministic. A package scripts what is said to its own prompts in an `offline.py` beside its
`prompts/`: a function `answer(question: Question) -> Answer`: a text, a structure, or the `Use` of a tool.
Where that gives None, or there is none, a text call is answered with its prompt, and a structured one with
the smallest value that fits.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias
from uuid import uuid4

from pydantic import BaseModel
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.tools import ToolDefinition

NAME = "offline:demo"

_ANSWER = "answer"
"""The tool by which agents want a structure."""


@dataclass(frozen=True)
class Question:
    """What a script gets to see of a call."""

    prompt: str
    """What the user said last."""
    prompt_name: str | None
    """The prompt file of the instructions, such as `summaries.echo_summary`."""
    instructions: str | None
    output_type: type[Any]
    earlier: tuple[str, ...] = ()
    """What the user said before."""
    tools: tuple[str, ...] = ()
    """The tools that may be used."""
    results: tuple[str, ...] = ()
    """What tools have said since the user spoke."""


@dataclass(frozen=True)
class Use:
    """The model asks for a tool."""

    tool: str
    arguments: Mapping[str, Any]


Answer: TypeAlias = "str | BaseModel | Use | None"
Script = Callable[[Question], Answer]


def offline_model(prompt_name: str | None, output_type: type[Any]) -> Model:
    """Return a model that answers by the script of the package that `prompt_name` belongs to."""
    script = _script(prompt_name)

    def parts(messages: list[ModelMessage], info: AgentInfo) -> list[TextPart | ToolCallPart]:
        question = _question(messages, info, prompt_name, output_type)
        part = _part(script(question), question.prompt, info)
        if output_type is dict and isinstance(part, TextPart):
            return [TextPart(json.dumps({"answer": part.content}, ensure_ascii=False))]
        return [part]

    async def respond(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts(messages, info))

    async def respond_piecewise(
        messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | DeltaToolCalls]:
        for part in parts(messages, info):
            if isinstance(part, TextPart):
                for word in re.findall(r"\s*\S+", part.content):
                    yield word
            else:
                arguments = part.args_as_json_str()
                yield {0: DeltaToolCall(part.tool_name, arguments, tool_call_id=part.tool_call_id)}

    return FunctionModel(respond, stream_function=respond_piecewise, model_name=NAME)


def _question(
    messages: list[ModelMessage], info: AgentInfo, prompt_name: str | None, output_type: type[Any]
) -> Question:
    sent = [part for m in messages if isinstance(m, ModelRequest) for part in m.parts]
    said = [index for index, part in enumerate(sent) if isinstance(part, UserPromptPart)]
    since = sent[said[-1] :] if said else sent
    prompts = [_words(part) for part in sent if isinstance(part, UserPromptPart)]
    return Question(
        prompt=prompts[-1] if prompts else "",
        prompt_name=prompt_name,
        instructions=info.instructions,
        output_type=output_type,
        earlier=tuple(prompts[:-1]),
        tools=tuple(tool.name for tool in info.function_tools),
        results=tuple(part.model_response_str() for part in since if isinstance(part, ToolReturnPart)),
    )


def _words(part: UserPromptPart) -> str:
    if isinstance(part.content, str):
        return part.content
    return " ".join(item for item in part.content if isinstance(item, str))


def _part(answer: Answer, prompt: str, info: AgentInfo) -> TextPart | ToolCallPart:
    if isinstance(answer, Use):
        return ToolCallPart(answer.tool, dict(answer.arguments), tool_call_id=f"offline-{uuid4().hex}")
    wanted = _answer_tool(info)
    if wanted is None:
        text = answer.model_dump_json() if isinstance(answer, BaseModel) else answer
        return TextPart(text or f"This is the offline model. You said: {prompt}")
    if isinstance(answer, BaseModel):
        return ToolCallPart(wanted.name, answer.model_dump(mode="json"))
    return ToolCallPart(wanted.name, TestModel().gen_tool_args(wanted))


def _answer_tool(info: AgentInfo) -> ToolDefinition | None:
    """Return the tool by which a structure is wanted, if one is."""
    by_name = (tool for tool in info.function_tools if tool.name == _ANSWER)
    return next(iter(info.output_tools), None) or next(by_name, None)


def _script(prompt_name: str | None) -> Script:
    """Find `app.<package of the prompt>.offline:answer`."""
    package = f"app.{prompt_name.rpartition('.')[0]}" if prompt_name else None
    if package is None or package == __package__ or find_spec(f"{package}.offline") is None:
        return lambda _question: None
    script: Script = import_module(f"{package}.offline").answer
    return script
