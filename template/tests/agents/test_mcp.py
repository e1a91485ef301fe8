"""Agents with the tools of a real MCP server."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from app.agents import AgentEvent, AgentResult, make_agent, open_tools
from app.mcp.tools import configuration
from tests.llm.fake_provider import Calls, FakeProvider

SERVER = """
from mcp.server import MCPServer

server = MCPServer("test")


@server.tool()
def add(first: int, second: int) -> int:
    "Add two numbers."
    return first + second


server.run("stdio")
"""


@pytest.fixture
def calculator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `mcp.json` with a server that adds."""
    script, file = tmp_path / "server.py", tmp_path / "mcp.json"
    script.write_text(SERVER)
    server = {"command": sys.executable, "args": [str(script)]}
    file.write_text(json.dumps({"mcpServers": {"calculator": server}}))
    monkeypatch.setattr(configuration, "FILE", file)


@pytest.mark.usefixtures("calculator")
@pytest.mark.parametrize("close_early", [False, True])
async def test_an_agent_streams_with_tools_of_a_server_from_any_task(
    close_early: bool, provider: FakeProvider
) -> None:
    provider.answers.extend([Calls(("add", '{"first": 2, "second": 3}')), "It is five"])
    events = make_agent("test", "Add.", output_type=str, toolsets=[open_tools]).stream("2 + 3?")

    first = await asyncio.create_task(anext(events))  # a web server does so: each event in a task of its own
    if close_early:
        await asyncio.create_task(events.aclose())
        return
    rest = [event async for event in events]

    assert isinstance(first, AgentEvent)
    assert (first.kind, first.name) == ("tool_call", "add")
    assert isinstance(rest[-1], AgentResult)
    assert rest[-1].output.strip() == "It is five"
    assert "5" in [message.text for message in rest[-1].transcript if message.role == "tool"]
