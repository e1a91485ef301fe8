"""What MCP clients see of us: each workflow is a tool, each prompt file a prompt; features add theirs.

A tool call is a durable run: it is queued, done by a worker and kept. A client that goes away leaves it be.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from mcp import MCPError
from mcp.server import Server, ServerRequestContext
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    TextContent,
    TextResourceContents,
    Tool,
)
from starlette.requests import Request

from app.api import Principal, check_allowed, declare_scope
from app.core.errors import AppError
from app.core.project import about_project
from app.core.scope import in_scope
from app.llm import load_prompt, prompt_files
from app.mcp.server.extensions import LIBRARIES, TOOLS, ServedResource, ServedTool
from app.runs import Run, follow_run, get_run, start_run
from app.workflows import WORKFLOWS

PROMPTS_READ = declare_scope("prompts:read")

Context = ServerRequestContext[Any, Request]


def build_server() -> Server[Any]:
    """Return the server."""
    project = about_project()
    return Server(
        project.name,
        version=project.version,
        instructions=project.description,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


async def list_tools(context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
    """Return the workflows, and what features answer at once."""
    _require(context, "runs:read")
    workflows = list(WORKFLOWS.load().values())
    served = [
        Tool(name=tool.name, description=tool.description, input_schema=dict(tool.parameters))
        for tool in TOOLS.load().values()
    ]
    return ListToolsResult(
        tools=served
        + [
            Tool(
                name=workflow.name,
                description=workflow.summary,
                input_schema=workflow.input.model_json_schema(),
                output_schema=workflow.output.model_json_schema(mode="serialization"),
            )
            for workflow in workflows
        ]
    )


async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
    """Run a workflow and return its output. What is wrong with the input is said to the model."""
    served = {tool.name: tool for tool in TOOLS.load().values()}
    if params.name in served:
        return await _call_served(context, served[params.name], params.arguments or {})
    _require(context, "runs:write")
    if params.name not in WORKFLOWS.names():
        raise MCPError(INVALID_PARAMS, f"There is no tool {params.name!r}.")
    try:
        with as_caller(context) as caller:
            run = await start_run(params.name, params.arguments or {}, caller=caller.id)
    except AppError as error:
        return _said(str(error), is_error=True)
    # a client that cancels the call can still find the run
    await context.session.report_progress(0, message=f"run {run.id}")
    happened = 0
    async for event in follow_run(run.id):
        happened += 1
        await context.session.report_progress(happened, message=event.data.get("name", event.type))
        if event.type == "waiting":
            return _said(f"The run {run.id} waits for a person's decision at {event.data['step']!r}.")
    return _result(await get_run(run.id))


async def _call_served(context: Context, tool: ServedTool, arguments: dict[str, Any]) -> CallToolResult:
    try:
        with as_caller(context):
            return _said(await tool.call(arguments))
    except AppError as error:
        return _said(str(error), is_error=True)


def _result(run: Run | None) -> CallToolResult:
    assert run is not None
    if run.output is None:
        detail = run.error["detail"] if run.error else "It has no result."
        return _said(f"Run {run.id} ended with status {run.status}. {detail}", is_error=True)
    text = TextContent(type="text", text=json.dumps(run.output, ensure_ascii=False))
    return CallToolResult(content=[text], structured_content=run.output)


def _said(text: str, *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error)


async def list_prompts(context: Context, _params: PaginatedRequestParams | None) -> ListPromptsResult:
    """Return the prompt files; none to a caller who may not read them: they are the application's own."""
    if not _caller(context).may(PROMPTS_READ):
        return ListPromptsResult(prompts=[])
    prompts = [load_prompt(name) for name in prompt_files()]
    return ListPromptsResult(
        prompts=[
            Prompt(
                name=prompt.name,
                arguments=[PromptArgument(name=name, required=True) for name in prompt.variables],
            )
            for prompt in prompts
        ]
    )


async def get_prompt(context: Context, params: GetPromptRequestParams) -> GetPromptResult:
    """Return a prompt with its variables filled in."""
    _require(context, PROMPTS_READ)
    try:
        rendered = load_prompt(params.name).render(**(params.arguments or {}))
    except AppError as error:
        raise MCPError(INVALID_PARAMS, str(error)) from None
    content = TextContent(type="text", text=rendered.text)
    return GetPromptResult(messages=[PromptMessage(role="user", content=content)])


async def list_resources(context: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
    """Return the resources that the caller may read."""
    scheme, _, cursor = (params.cursor if params and params.cursor else "").partition(":")
    libraries = list(LIBRARIES.load().values())
    names = [library.scheme for library in libraries]
    place = names.index(scheme) if scheme in names else 0
    if not libraries:
        return ListResourcesResult(resources=[])
    with as_caller(context):
        found, following = await libraries[place].page(cursor or None)
    after = f"{names[place]}:{following}" if following else None
    if after is None and place + 1 < len(libraries):
        after = f"{names[place + 1]}:"
    return ListResourcesResult(resources=[_resource(each) for each in found], next_cursor=after)


def _resource(served: ServedResource) -> Resource:
    return Resource(
        uri=served.uri, name=served.name, description=served.description, mime_type=served.media_type
    )


async def read_resource(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    """Return the text of a resource."""
    uri = str(params.uri)
    scheme = uri.partition(":")[0]
    library = next((each for each in LIBRARIES.load().values() if each.scheme == scheme), None)
    if library is None:
        raise MCPError(INVALID_PARAMS, f"There is no resource {uri!r}.")
    try:
        with as_caller(context):
            text = await library.read(uri)
    except AppError as error:
        raise MCPError(INVALID_PARAMS, str(error)) from None
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, text=text, mime_type="text/plain")])


@contextmanager
def as_caller(context: Context) -> Generator[Principal, None, None]:
    """Do what follows for the caller: a session's tasks are not begun by the request."""
    caller = _caller(context)
    with in_scope(caller=caller.id, rights=caller.scopes, groups=caller.groups):
        yield caller


def _caller(context: Context) -> Principal:
    assert context.request is not None
    caller: Principal = context.request.state.caller
    return caller


def _require(context: Context, scope: str) -> None:
    try:
        check_allowed(_caller(context), scope)
    except AppError as error:
        raise MCPError(INVALID_PARAMS, str(error)) from None
