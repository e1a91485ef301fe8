"""`offline:demo`: a model without a key, an account or a network, for development and tests.

It is deterministic. A package scripts what is said to its own prompts in an `offline.py` beside its
`prompts/`: a function `answer(question: Question) -> str | BaseModel | None`. Where that gives None, or there
is none, a text call is answered with its prompt, and a structured one with the smallest value that fits.
"""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, DeltaToolCalls, FunctionModel
from pydantic_ai.models.test import TestModel

NAME = "offline:demo"


@dataclass(frozen=True)
class Question:
    """What a script gets to see of a call."""

    prompt: str
    """What the user said last."""
    prompt_name: str | None
    """The prompt file of the instructions, such as `runs.echo_summary`."""
    instructions: str | None
    output_type: type[Any]
    turn: int
    """How often the user has spoken, from 1."""


Script = Callable[[Question], str | BaseModel | None]


def offline_model(prompt_name: str | None, output_type: type[Any]) -> Model:
    """Return a model that answers by the script of the package that `prompt_name` belongs to."""
    script = _script(prompt_name)

    def ask(messages: list[ModelMessage], info: AgentInfo) -> str | BaseModel | None:
        said = _user_prompts(messages) or [""]
        return script(Question(said[-1], prompt_name, info.instructions, output_type, turn=len(said)))

    async def respond(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        answer = ask(messages, info)
        if not info.output_tools:
            return ModelResponse([TextPart(_text(answer, messages))])
        tool = info.output_tools[0]
        if isinstance(answer, BaseModel):
            arguments = answer.model_dump(mode="json")
        else:
            arguments = TestModel().gen_tool_args(tool)
        return ModelResponse([ToolCallPart(tool.name, arguments)])

    async def respond_piecewise(
        messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | DeltaToolCalls]:
        for word in re.findall(r"\s*\S+", _text(ask(messages, info), messages)):
            yield word

    return FunctionModel(respond, stream_function=respond_piecewise, model_name=NAME)


def _script(prompt_name: str | None) -> Script:
    """Find `app.<package of the prompt>.offline:answer`."""
    package = f"app.{prompt_name.rpartition('.')[0]}" if prompt_name else None
    if package is None or package == __package__ or find_spec(f"{package}.offline") is None:
        return lambda _question: None
    script: Script = import_module(f"{package}.offline").answer
    return script


def _user_prompts(messages: list[ModelMessage]) -> list[str]:
    parts = [part for m in messages if isinstance(m, ModelRequest) for part in m.parts]
    return [str(part.content) for part in parts if isinstance(part, UserPromptPart)]


def _text(answer: str | BaseModel | None, messages: list[ModelMessage]) -> str:
    if isinstance(answer, BaseModel):
        return answer.model_dump_json()
    return answer or f"This is the offline model. You said: {(_user_prompts(messages) or [''])[-1]}"
