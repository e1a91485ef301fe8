"""An answer as server-sent events: `text` for each piece, and last `answer`, or `problem`."""

import json
from collections.abc import AsyncGenerator

from fastapi import Request
from fastapi.responses import StreamingResponse

from app.api import while_connected
from app.core.errors import AppError
from app.core.streams import in_own_task
from app.llm import TextDelta
from app.rag import Answered
from app.rag.http.schemas import AnswerView

Event = TextDelta | Answered


async def stream(request: Request, events: AsyncGenerator[Event, None]) -> StreamingResponse:
    """Answer with a stream. An error before the first event is raised, so that it has its status."""
    events = in_own_task(events)
    try:
        first = await while_connected(request, _first(events))
    except BaseException:
        await events.aclose()
        raise
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nginx would hold it back
    return StreamingResponse(_frames(first, events), media_type="text/event-stream", headers=headers)


async def _first(events: AsyncGenerator[Event, None]) -> Event:
    return await anext(events)


async def _frames(first: Event, events: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
    try:
        yield _frame(first)
        async for event in events:
            yield _frame(event)
    except AppError as error:
        problem = {"status": error.status, "code": error.code, "detail": str(error)}
        yield f"event: problem\ndata: {json.dumps(problem, ensure_ascii=False)}\n\n"
    finally:
        await events.aclose()


def _frame(event: Event) -> str:
    if isinstance(event, TextDelta):
        return f"event: text\ndata: {json.dumps({'text': event.text}, ensure_ascii=False)}\n\n"
    return f"event: answer\ndata: {AnswerView.of(event).model_dump_json()}\n\n"
