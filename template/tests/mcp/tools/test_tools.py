"""Tools of other servers: a real one is started as a process, and ours is called over HTTP."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from app.core.errors import ConfigurationError
from app.core.redaction import redact_text
from app.core.registry import load_features
from app.mcp.tools import configuration, open_remote_tools
from app.mcp.tools.configuration import load_servers
from app.mcp.tools.errors import McpServerUnavailable
from app.mcp.tools.remote import probe_servers
from tests.api.fixtures import Served

pytestmark = pytest.mark.slow

SERVER = """
from mcp.server import MCPServer

server = MCPServer("test")


@server.tool()
def add(first: int, second: int) -> int:
    "Add two numbers."
    return first + second


@server.tool()
def fail() -> str:
    "Fail."
    raise ValueError("it is broken")


server.run("stdio")
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `mcp.json` of the test's own."""
    path = tmp_path / "mcp.json"
    monkeypatch.setattr(configuration, "FILE", path)
    return path


def write(file: Path, **servers: object) -> None:
    file.write_text(json.dumps({"mcpServers": servers}))


async def test_tools_of_a_server_that_is_started_can_be_called(file: Path, tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    write(file, calculator={"command": sys.executable, "args": [str(script)]})

    async with open_remote_tools() as tools:
        by_name = {tool.name: tool for tool in tools}
        total = await by_name["add"].call({"first": 2, "second": 3})
        failed = await by_name["fail"].call({})

    assert (by_name["add"].server, by_name["add"].description) == ("calculator", "Add two numbers.")
    assert set(by_name["add"].parameters["properties"]) == {"first", "second"}
    assert set(by_name["add"].parameters["properties"]) == {"first", "second"}
    assert total == "5"
    assert failed.startswith("The tool failed:")


def test_they_are_offered_to_agents() -> None:
    (feature,) = (feature for feature in load_features() if feature.name == "mcp.tools")

    assert feature.extends["agents.toolsets"] == ["app.mcp.tools.remote:open_remote_tools"]


async def test_tools_of_a_server_at_a_url_can_be_called(
    file: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", served.key("runs:*"))
    write(file, other={"url": f"{served.url}/mcp", "headers": {"Authorization": "Bearer ${OTHER_KEY}"}})

    async with open_remote_tools() as tools:
        (tool,) = (tool for tool in tools if tool.name == "echo_summary")
        answer = await tool.call({"text": "One two three", "max_words": 1})

    assert json.loads(answer)["summary"] == "One"


def test_a_value_from_the_environment_is_kept_out_of_logs(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", 'a "quoted"\nsecret')
    headers = {"Authorization": "${OTHER_KEY}"}
    write(file, other={"type": "http", "url": "http://127.0.0.1:1/mcp", "headers": headers})

    assert load_servers()["other"].headers == {"Authorization": 'a "quoted"\nsecret'}
    assert "quoted" not in redact_text('it said a "quoted"\nsecret')


@pytest.mark.parametrize(
    "server",
    [{"url": "http://127.0.0.1:1/mcp"}, {"command": "/nonexistent/program"}, {"command": sys.executable}],
)
async def test_a_server_that_does_not_answer_is_named(server: dict[str, str], file: Path) -> None:
    write(file, broken={**server, **({"args": ["-c", "pass"]} if server.get("command") else {})})

    with pytest.raises(McpServerUnavailable, match="'broken'"):
        await probe_servers()


def test_without_the_file_there_are_no_servers(file: Path) -> None:
    assert load_servers() == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "JSON"),
        ("{}", "mcpServers"),
        ('{"mcpServers": {"a": {}}}', "either a url or a command"),
        ('{"mcpServers": {"a": {"url": "x", "command": "y"}}}', "either a url or a command"),
        ('{"mcpServers": {"a": {"url": ""}}}', "mcpServers.a.url"),
        ('{"mcpServers": {"a": {"url": 1}}}', "mcpServers.a.url"),
        ('{"mcpServers": {"a": {"url": "${NOT_SET}"}}}', "NOT_SET"),
    ],
)
def test_a_wrong_file_is_a_message(text: str, message: str, file: Path) -> None:
    file.write_text(text)

    with pytest.raises(ConfigurationError, match=r"mcp\.json") as caught:
        load_servers()

    assert message in str(caught.value)


PICTURES = """
from mcp.server import MCPServer
from mcp.types import EmbeddedResource, ImageContent, ResourceLink, TextResourceContents

server = MCPServer("pictures")


@server.tool()
def show() -> list[ImageContent | ResourceLink | EmbeddedResource]:
    "Show things."
    return [
        ImageContent(type="image", data="aGk=", mime_type="image/png"),
        ResourceLink(type="resource_link", name="Report", uri="file:///report.pdf"),
        EmbeddedResource(type="resource", resource=TextResourceContents(uri="file:///a.txt", text="Inside")),
    ]


server.run("stdio")
"""


def started(folder: Path, source: str) -> dict[str, object]:
    """Return the settings of a server that runs this program."""
    script = folder / f"{hash(source)}.py"
    script.write_text(source)
    return {"command": sys.executable, "args": [str(script)]}


async def test_what_a_model_cannot_read_is_named(file: Path, tmp_path: Path) -> None:
    write(file, pictures=started(tmp_path, PICTURES))

    async with open_remote_tools() as (tool, *_):
        said = await tool.call({})

    assert said.splitlines() == [
        "[image/png: not shown]",
        "[link to file:///report.pdf: Report]",
        "[file:///a.txt]",
        "Inside",
    ]


async def test_a_server_that_is_down_takes_only_its_own_tools(file: Path, tmp_path: Path) -> None:
    write(file, calculator=started(tmp_path, SERVER), broken={"command": "/nonexistent/program"})

    async with open_remote_tools() as tools:
        assert {tool.name for tool in tools} == {"add", "fail"}
    with pytest.raises(McpServerUnavailable, match=r"2 tools; but: .*'broken'"):
        await probe_servers()


async def test_a_connection_is_kept_for_the_next_use_and_opened_anew_when_its_server_died(
    file: Path, tmp_path: Path
) -> None:
    write(file, calculator=started(tmp_path, f"import os\n{SERVER.replace('first + second', 'os.getpid()')}"))

    async def process() -> int:
        async with open_remote_tools() as (tool, *_):
            return int(await tool.call({"first": 0, "second": 0}))

    first = await process()
    assert await process() == first
    os.kill(first, signal.SIGKILL)
    assert await process() != first


async def test_an_error_of_ours_passes_through_as_it_is(file: Path, tmp_path: Path) -> None:
    write(file, calculator=started(tmp_path, SERVER))

    with pytest.raises(ConfigurationError, match="ours"):
        async with open_remote_tools():
            raise ConfigurationError("ours")


async def test_only_secrets_are_kept_out_of_logs(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDER", "/srv/data/reports")
    monkeypatch.setenv("SEARCH_TOKEN", "a-secret-of-the-search")
    write(file, a={"command": "x", "args": ["${FOLDER}"], "env": {"T": "${SEARCH_TOKEN}"}})

    load_servers()

    assert redact_text("/srv/data/reports") == "/srv/data/reports"
    assert redact_text("a-secret-of-the-search") == "[redacted]"
