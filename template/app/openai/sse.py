"""Answers as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Any, Protocol

import structlog
from fastapi import Request
from fastapi.responses import StreamingResponse

from app.api import while_connected
from app.core.errors import AppError
from app.core.streams import in_own_task
from app.llm import Reply, TextDelta

log = structlog.get_logger(__name__)

Event = TextDelta | Reply[Any]

_PATIENCE_SECONDS = 10.0
"""So long a status waits for the first event: an error after it can only be a part of the stream."""
_HEARTBEAT_SECONDS = 15.0
"""Proxies close connections on which nothing comes for a minute or less."""


class Frames(Protocol):
    """Writes one answer as frames."""

    def begin(self) -> Iterable[str]:
        """Return what comes before the first event."""
        ...

    def write(self, event: Event) -> Iterable[str]:
        """Return the frames of an event; those of the `Reply` end the stream."""
        ...

    def fail(self, error: Exception) -> Iterable[str]:
        """Return what ends a stream that breaks off."""
        ...


async def stream_answer(
    request: Request, events: AsyncGenerator[Event, None], frames: Frames
) -> StreamingResponse:
    """Answer with a stream. An error before the first event is raised, so that it has its status.

    When the client leaves, the call of the model ends.
    """
    events = in_own_task(events)
    first = asyncio.ensure_future(anext(events))
    try:
        await while_connected(request, _wait(first, _PATIENCE_SECONDS))
        if first.done():
            first.result()
    except BaseException:
        await _end(first, events)
        raise
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nginx would hold it back
    body = _body(first, events, frames)
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


async def _body(
    pending: "asyncio.Future[Event]", events: AsyncGenerator[Event, None], frames: Frames
) -> AsyncGenerator[str, None]:
    try:
        for frame in frames.begin():
            yield frame
        while True:
            while not await _wait(pending, _HEARTBEAT_SECONDS):
                yield ": still there\n\n"
            event = pending.result()
            for frame in frames.write(event):
                yield frame
            if isinstance(event, Reply):
                await anext(events, None)  # what comes after it, such as the end of a call, is done too
                return
            pending = asyncio.ensure_future(anext(events))
    except AppError as error:
        log.warning("chat.broken_off", code=error.code, detail=error.detail)
        for frame in frames.fail(error):
            yield frame
    except Exception as error:
        log.exception("chat.broken_off")
        for frame in frames.fail(error):
            yield frame
    finally:
        await _end(pending, events)


async def _wait(future: "asyncio.Future[Any]", seconds: float) -> bool:
    """Wait for a future, but no longer; say whether it is done."""
    done, _ = await asyncio.wait({future}, timeout=seconds)
    return bool(done)


async def _end(pending: "asyncio.Future[Any]", events: AsyncGenerator[Event, None]) -> None:
    pending.cancel()
    await asyncio.wait({pending})
    await events.aclose()
