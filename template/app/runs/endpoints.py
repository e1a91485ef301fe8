"""`/v1/runs`."""

import hashlib
import re
from collections.abc import AsyncIterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api import Principal, problem_responses, require
from app.core.errors import FieldError, InvalidInput
from app.runs import repository
from app.runs.decide import decide
from app.runs.errors import RunConflict, RunNotFound
from app.runs.follow import follow_run
from app.runs.models import Run, Status
from app.runs.schemas import DecisionRequest, RunEventView, RunPage, RunRequest, RunView
from app.runs.send import send
from app.runs.start import start_run

router = APIRouter(prefix="/v1/runs", tags=["runs"])

READ, WRITE, DECIDE = require("runs:read"), require("runs:write"), require("runs:decide")

_EVENT_ID = re.compile(r"[0-9]{1,18}")

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key gives the same run, however often it is sent.",
    ),
]


async def existing_run(run_id: UUID) -> Run:
    """Return the run of the path."""
    run = await repository.get_run(run_id)
    if run is None:
        raise RunNotFound(f"There is no run {run_id}.")
    return run


ExistingRun = Annotated[Run, Depends(existing_run)]


@router.post("", status_code=202, responses=problem_responses(400, 401, 403, 409, 413, 415, 422, 503))
async def create_run(
    request: RunRequest,
    response: Response,
    caller: Annotated[Principal, WRITE],
    idempotency_key: IdempotencyKey = None,
) -> RunView:
    """Accept a run. It is stored when this answers; follow it at the URL in `Location`."""
    run = await start_run(
        request.workflow,
        request.input,
        priority=request.priority,
        callback_url=request.callback_url,
        # keys of other clients are others
        idempotency_key=f"{caller.id} {idempotency_key}" if idempotency_key else None,
    )
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return RunView.of(run)


@router.get("", dependencies=[READ], responses=problem_responses(401, 403, 422, 503))
async def list_runs(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before.")] = None,
    status: Status | None = None,
    workflow: Annotated[str | None, Query(max_length=200)] = None,
) -> RunPage:
    """List runs, the newest first."""
    if workflow and "\0" in workflow:
        raise InvalidInput("A query parameter is wrong.", fields=[FieldError("query.workflow", "no NUL")])
    found = await repository.list_runs(repository.Page(limit + 1, cursor, status, workflow))
    runs = [RunView.of(run) for run in found[:limit]]
    return RunPage(runs=runs, next_cursor=str(runs[-1].id) if len(found) > limit else None)


@router.get(
    "/{run_id}",
    response_model=RunView,
    dependencies=[READ],
    responses={304: {}, **problem_responses(401, 403, 404, 422, 503)},
)
async def get_run(run: ExistingRun, request: Request) -> Response:
    """Return a run and, once it has finished, its result. `ETag` and `If-None-Match` save the repetition."""
    view = RunView.of(run)
    body = view.model_dump_json().encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


@router.get(
    "/{run_id}/events",
    response_class=EventSourceResponse,
    dependencies=[READ],
    responses=problem_responses(401, 403, 404, 422, 503),
)
async def stream_events(
    run: ExistingRun, last_event_id: Annotated[str | None, Header()] = None
) -> AsyncIterable[ServerSentEvent]:
    """Stream what happens to a run, from its beginning or after `Last-Event-ID`, until it ends."""
    after = int(last_event_id) if last_event_id and _EVENT_ID.fullmatch(last_event_id) else 0
    async for event in follow_run(run.id, after):
        yield ServerSentEvent(
            id=str(event.id), event=event.type, data=RunEventView.of(event).model_dump(mode="json")
        )


@router.post(
    "/{run_id}/cancel",
    status_code=202,
    dependencies=[WRITE],
    responses=problem_responses(401, 403, 404, 409, 422, 503),
)
async def cancel_run(run: ExistingRun) -> RunView:
    """Cancel a run. One that is running is stopped within moments, in the middle of its step."""
    if Status(run.status).is_final and run.status != Status.cancelled:
        raise RunConflict(f"The run has {run.status} already.")
    await repository.cancel(run.id)
    return RunView.of(await existing_run(run.id))


@router.post(
    "/{run_id}/decision",
    status_code=202,
    responses=problem_responses(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
async def decide_run(
    caller: Annotated[Principal, DECIDE], run: ExistingRun, request: DecisionRequest
) -> RunView:
    """Decide what a waiting run asks: it goes on. The same decision twice is taken once."""
    data = request.model_dump(exclude={"step"})
    await decide(run, data, step=request.step, by=caller.id)
    return RunView.of(await existing_run(run.id))


@router.post(
    "/{run_id}/retry",
    status_code=202,
    dependencies=[WRITE],
    responses=problem_responses(401, 403, 404, 409, 422, 503),
)
async def retry_run(run: ExistingRun) -> RunView:
    """Queue a run again that has failed or was cancelled. It continues after its last finished step."""
    if not await repository.start_again(run.id):
        raise RunConflict(f"The run is {run.status}.", hint="Only a failed or cancelled run can be retried.")
    again = await existing_run(run.id)
    if await send(again):
        await repository.mark_sent(again.id)
    return RunView.of(again)
