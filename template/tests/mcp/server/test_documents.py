"""Documents over MCP, with the official SDK's client: a search tool and resources, for whom may read them."""

import json
import subprocess
from pathlib import Path

import pytest
from mcp import MCPError
from mcp.types import TextContent, TextResourceContents

from tests.api.fixtures import Served
from tests.commands import run_app
from tests.mcp.server.test_server import connected

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def added(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that everyone may read, and one of somebody else."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "rules.md").write_text("# Returns\n\nA lamp may be returned within 30 days.")
    (folder / "secret.md").write_text("The lamp of the director cost 9,917 euros.")
    for name, owner in (("rules.md", "everyone"), ("secret.md", "key:other")):
        done: subprocess.CompletedProcess[str] = run_app(
            "documents", "add", str(folder / name), "--owner", owner, **served.environment
        )
        assert done.returncode == 0, done.stderr
    return folder


async def test_the_search_tool_finds_what_the_caller_may_read(served: Served, added: Path) -> None:
    async with connected(served, served.key("runs:read", "documents:read")) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool("search_documents", {"query": "lamp"})

    (content,) = result.content
    assert isinstance(content, TextContent)
    assert "search_documents" in tools
    assert [hit["source"] for hit in json.loads(content.text)] == [str(added / "rules.md")]


@pytest.mark.usefixtures("added")
async def test_without_the_right_the_tool_says_so(served: Served) -> None:
    async with connected(served, served.key("runs:read")) as client:
        result = await client.call_tool("search_documents", {"query": "lamp"})

    assert result.is_error
    assert "documents:read" in str(result.content)


async def test_documents_are_resources(served: Served, added: Path) -> None:
    async with connected(served, served.key("runs:read", "documents:read")) as client:
        (resource,) = (await client.list_resources()).resources
        (content,) = (await client.read_resource(resource.uri)).contents

    assert resource.name == str(added / "rules.md")
    assert isinstance(content, TextResourceContents)
    assert "within 30 days" in content.text


@pytest.mark.usefixtures("added")
async def test_a_resource_of_somebody_else_is_not_there(served: Served) -> None:
    async with connected(served, served.key("runs:read", "documents:read:all")) as client:
        uris = {each.name: each.uri for each in (await client.list_resources()).resources}
    secret = next(uri for name, uri in uris.items() if name.endswith("secret.md"))

    async with connected(served, served.key("runs:read", "documents:read")) as client:
        with pytest.raises(MCPError, match="You have no document"):
            await client.read_resource(secret)
        with pytest.raises(MCPError):
            await client.read_resource("document://nonsense")
    async with connected(served, served.key("runs:read")) as client:
        assert (await client.list_resources()).resources == []
