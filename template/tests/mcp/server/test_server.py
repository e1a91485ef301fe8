"""The official SDK's client speaks to our server over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from httpx2 import AsyncClient, Response, post
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from app.llm import prompt_files
from app.mcp.server.extensions import TOOLS
from app.workflows import WORKFLOWS, get_workflow
from tests.api.fixtures import Served

pytestmark = pytest.mark.slow

INPUT = {"text": "One two three four", "max_words": 2}


@pytest.fixture(scope="module")
def key(served: Served) -> str:
    return served.key("runs:read", "runs:write", "prompts:read")


@asynccontextmanager
async def connected(served: Served, key: str) -> AsyncGenerator[Client, None]:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
    ):
        yield client


def ping(served: Served, path: str = "/mcp", **headers: str) -> Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accepted = {"Accept": "application/json, text/event-stream"}
    return post(f"{served.url}{path}", json=body, headers={**accepted, **headers})


async def test_every_workflow_is_a_tool_with_its_schemas(served: Served, key: str) -> None:
    async with connected(served, key) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

    assert set(tools) == {*WORKFLOWS.names(), *(tool.name for tool in TOOLS.load().values())}
    for name in WORKFLOWS.names():
        assert tools[name].input_schema == get_workflow(name).input.model_json_schema()


async def test_a_tool_call_is_a_run_that_is_kept(served: Served, key: str) -> None:
    async with connected(served, key) as client:
        result = await client.call_tool("echo_summary", INPUT)

    assert not result.is_error
    assert result.structured_content is not None
    assert (result.structured_content["summary"], result.structured_content["words"]) == ("One two", 4)
    async with AsyncClient(base_url=served.url, headers={"Authorization": f"Bearer {key}"}) as http:
        (listed, *_) = (await http.get("/v1/runs")).json()["runs"]
        run = (await http.get(f"/v1/runs/{listed['id']}")).json()
    assert (run["status"], run["input"]) == ("succeeded", INPUT)


async def test_progress_comes_step_by_step(served: Served, key: str) -> None:
    heard: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    async with connected(served, key) as client:
        await client.call_tool("echo_summary", INPUT, progress_callback=hear)

    assert "summarise" in heard


async def test_a_wrong_input_is_said_to_the_model(served: Served, key: str) -> None:
    async with connected(served, key) as client:
        result = await client.call_tool("echo_summary", {"text": "a", "max_words": "many"})

    (content,) = result.content
    assert result.is_error
    assert isinstance(content, TextContent)
    assert "input.max_words" in content.text


async def test_an_unknown_tool_is_an_error(served: Served, key: str) -> None:
    async with connected(served, key) as client:
        with pytest.raises(MCPError, match="nonsense"):
            await client.call_tool("nonsense", {})


async def test_every_prompt_file_is_a_prompt(served: Served, key: str) -> None:
    async with connected(served, key) as client:
        listed = (await client.list_prompts()).prompts
        prompt = await client.get_prompt("summaries.echo_summary", {"max_words": "7"})

    assert {prompt.name for prompt in listed} == set(prompt_files())
    (message,) = prompt.messages
    assert isinstance(message.content, TextContent)
    assert "7 words" in message.content.text


async def test_a_prompt_with_wrong_arguments_is_an_error(served: Served, key: str) -> None:
    async with connected(served, key) as client:
        with pytest.raises(MCPError, match="max_words"):
            await client.get_prompt("summaries.echo_summary", {})


async def test_a_key_may_do_no_more_than_its_scopes(served: Served) -> None:
    reader = served.key("runs:read")

    async with connected(served, reader) as client:
        assert (await client.list_tools()).tools
        assert (await client.list_prompts()).prompts == []
        with pytest.raises(MCPError, match="runs:write"):
            await client.call_tool("echo_summary", INPUT)


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic YTpi"])
def test_without_a_key_nothing_is_said(authorization: str, served: Served) -> None:
    response = ping(served, Authorization=authorization)

    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_a_slash_at_the_end_makes_no_difference(path: str, served: Served, key: str) -> None:
    assert ping(served, path, Authorization=f"Bearer {key}").status_code == 200


def test_a_foreign_web_page_is_refused(served: Served, key: str) -> None:
    response = ping(served, Authorization=f"Bearer {key}", Origin="https://evil.example.com")

    assert response.status_code == 403


def test_a_body_that_is_too_large_is_refused(served: Served, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    response = post(f"{served.url}/mcp", content=b" " * 28_000_001, headers=headers)

    assert response.status_code == 413
