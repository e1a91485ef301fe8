"""`POST /v1/responses` as OpenAI has it: the same models, conversations and checks as chat completions."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from app.api import Principal, require, while_connected
from app.conversations import find_answers
from app.openai.answer import answer, last_reply, recall
from app.openai.problems import OpenAIRoute, error_responses
from app.openai.responses_schemas import ResponseRequest
from app.openai.responses_wire import ResponseWriter, new_response_id, read_turn, referenced_responses
from app.openai.sse import stream_answer

_EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["event", "data"],
}
"""Of a stream: `data` is an event as OpenAI has it."""

router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)


@router.post(
    "/responses",
    response_model=None,
    responses={
        200: {
            "description": "A response as OpenAI has it; with `stream` its events.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/event-stream": {"itemSchema": _EVENT},
            },
        },
        **error_responses(400, 401, 403, 404, 413, 429, 502, 503, 504),
    },
)
async def create_response(
    request: Request, body: ResponseRequest, caller: Annotated[Principal, require("runs:write")]
) -> dict[str, Any] | StreamingResponse:
    """Answer an input; with `stream` piece by piece. A later request may go on from it by its id."""
    response_id = new_response_id()
    answers = await find_answers(caller.id, referenced_responses(body))
    turn = read_turn(body, caller.id, response_id, answers)
    events = answer(turn, await recall(turn))
    writer = ResponseWriter(body, response_id)
    if body.stream:
        return await stream_answer(request, events, writer)
    return writer.document(await while_connected(request, last_reply(events)))
