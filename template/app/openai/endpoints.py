"""`/v1/models` and `/v1/chat/completions` as OpenAI has them."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.convertors import PathConvertor, register_url_convertor

from app.api import Principal, require, while_connected
from app.openai.answer import answer, last_reply, recall
from app.openai.available import available_models, require_available
from app.openai.errors import NotSupported
from app.openai.problems import OpenAIRoute, error_responses
from app.openai.responses import router as responses
from app.openai.schemas import (
    Completion,
    CompletionRequest,
    ConversationState,
    Model,
    ModelList,
)
from app.openai.sse import stream_answer
from app.openai.wire import Writer, read_turn

READ, WRITE = require("runs:read"), require("runs:write")

_EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
"""Of a stream: `data` is a chunk as OpenAI has it, or `[DONE]`."""


class _NameConvertor(PathConvertor):
    """A name of a model: it may hold slashes, and what is none must not lead to another route's errors."""

    regex = "(?s:.+)"


register_url_convertor("name", _NameConvertor())

openai = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)


@openai.get("/models", dependencies=[READ], responses=error_responses(401, 403, 429))
async def list_models() -> ModelList:
    """List the models that can be asked for."""
    return ModelList(data=[_model(name) for name in available_models()])


@openai.get("/models/{model:name}", dependencies=[READ], responses=error_responses(401, 403, 404, 429))
async def get_model(model: str) -> Model:
    """Return one of the models."""
    return _model(require_available(model))


def _model(name: str) -> Model:
    provider, _, rest = name.partition(":")
    return Model(id=name, owned_by=provider if rest else "app")


@openai.post(
    "/chat/completions",
    response_model=Completion,
    response_model_exclude_none=True,
    responses={
        200: {"content": {"text/event-stream": {"itemSchema": _EVENT}}},
        **error_responses(400, 401, 403, 404, 413, 429, 502, 503, 504),
    },
)
async def create_completion(
    request: Request, body: CompletionRequest, caller: Annotated[Principal, WRITE]
) -> Completion | StreamingResponse:
    """Continue a conversation; with `stream` piece by piece."""
    turn = read_turn(body, caller.id)
    recalled = await recall(turn)
    state = None
    if turn.conversation:
        state = ConversationState(id=turn.conversation, dropped_messages=recalled.history.dropped)
    writer = Writer(body, state)
    events = answer(turn, recalled)
    if body.stream:
        return await stream_answer(request, events, writer)
    return writer.completion(await while_connected(request, last_reply(events)))


_NOT_HERE = (
    "assistants", "audio/speech", "audio/transcriptions", "batches", "completions", "embeddings", "files",
    "images/generations", "moderations", "threads", "vector_stores",
)  # fmt: skip
"""Routes of OpenAI that are not here. SDKs show the message of an error only in OpenAI's shape."""


async def refuse() -> None:
    """Say that a part of OpenAI's API is not here."""
    raise NotSupported(
        "This part of OpenAI's API is not here.",
        hint="Available: /v1/chat/completions, /v1/responses and /v1/models.",
    )


for _path in _NOT_HERE:
    openai.add_api_route(
        f"/{_path}", refuse, methods=["GET", "POST"], dependencies=[READ], include_in_schema=False
    )

router = APIRouter()
router.include_router(openai)
router.include_router(responses)
