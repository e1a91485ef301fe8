"""Agents and tools for tests."""

import asyncio
import json
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

from app.agents import AgentResult, Limits, make_agent, tool
from app.agents.base import BaseAgent
from app.agents.extensions import TOOLSETS
from app.core.errors import AppError
from tests.llm.fake_provider import Calls


class City(BaseModel):
    name: str
    people: int = Field(ge=0)


async def weather(city: str, days: int = 1) -> str:
    """Tell the weather."""
    return f"sunny in {city} for {days}"


def broken() -> str:
    """Break."""
    raise RuntimeError("a secret inside")


async def endless() -> str:
    """Never end."""
    await asyncio.sleep(60)
    return ""


def agent_of(output_type: type[Any] = str, **limits: Any) -> BaseAgent[Any]:
    tools = [tool(weather), tool(broken), tool(endless)]
    return make_agent("test", "Be brief.", output_type=output_type, tools=tools, limits=Limits(**limits))


def call(tool_name: str, /, **arguments: object) -> Calls:
    return Calls((tool_name, json.dumps(arguments)))


def kept(error: AppError) -> list[dict[str, Any]]:
    transcript: list[dict[str, Any]] = error.details["transcript"]
    return transcript


@dataclass(frozen=True)
class External:
    """A tool of another feature."""

    name: str
    description: str = "Look a word up."
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    seconds: float = 1.0
    is_irreversible: bool = False

    async def call(self, arguments: Mapping[str, Any]) -> str:
        return f"{self.name} says {arguments}"


@contextmanager
def offered(*tools: External) -> Generator[None, None, None]:
    @asynccontextmanager
    async def opened() -> AsyncGenerator[list[External], None]:
        yield list(tools)

    with TOOLSETS.override({"test": opened}):
        yield


def said(result: AgentResult[Any], role: str = "tool") -> list[str]:
    return [message.text for message in result.transcript if message.role == role]
