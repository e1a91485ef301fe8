"""`/v1/runs`."""

import hashlib
import re
from collections.abc import AsyncIterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api import Principal, declare_scope, problem_responses, require
from app.core.errors import FieldError, InvalidInput
from app.runs import repository
from app.runs.dispatch import decide, send, start_run
from app.runs.errors import RunConflict, RunNotFound
from app.runs.events import follow_run
from app.runs.models import Run, Status
from app.runs.schemas import DecisionRequest, RunEventView, RunPage, RunRequest, RunSummary, RunView
from app.workflows import get_workflow

router = APIRouter(prefix="/v1/runs", tags=["runs"])

READ, WRITE, DECIDE = require("runs:read"), require("runs:write"), require("runs:decide")
for scope in ("runs:read:all", "runs:write:all", "runs:decide:all"):
    declare_scope(scope)

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


def _run_for(scope: str) -> Any:
    """Return the dependency that finds the run of the path, if the caller has the scope for it.

    A run belongs to the key or subject that started it; for others it does not exist, unless their key has
    the scope with `:all` behind it.
    """

    async def find(run_id: UUID, caller: Annotated[Principal, require(scope)]) -> Run:
        run = await repository.get_run(run_id)
        if run is None or (run.caller != caller.id and not caller.may(f"{scope}:all")):
            raise RunNotFound(f"You have no run {run_id}.")
        return run

    return Depends(find)


ReadableRun = Annotated[Run, _run_for("runs:read")]
WritableRun = Annotated[Run, _run_for("runs:write")]
DecidableRun = Annotated[Run, _run_for("runs:decide")]


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
        caller=caller.id,
        priority=request.priority,
        callback_url=request.callback_url,
        # keys of other clients are others
        idempotency_key=f"{caller.id} {idempotency_key}" if idempotency_key else None,
    )
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return RunView.of(run)


@router.get("", responses=problem_responses(401, 403, 422, 503))
async def list_runs(
    caller: Annotated[Principal, READ],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before.")] = None,
    status: Status | None = None,
    workflow: Annotated[str | None, Query(max_length=200)] = None,
) -> RunPage:
    """List your runs, the newest first, without inputs and outputs; with `runs:read:all` those of all."""
    if workflow and "\0" in workflow:
        raise InvalidInput("A query parameter is wrong.", fields=[FieldError("query.workflow", "no NUL")])
    owner = None if caller.may("runs:read:all") else caller.id
    found = await repository.list_runs(repository.Page(limit + 1, cursor, status, workflow, owner))
    runs = [RunSummary.of(run) for run in found[:limit]]
    return RunPage(runs=runs, next_cursor=str(runs[-1].id) if len(found) > limit else None)


@router.get(
    "/{run_id}",
    response_model=RunView,
    responses={304: {}, **problem_responses(401, 403, 404, 422, 503)},
)
async def get_run(run: ReadableRun, request: Request) -> Response:
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
    responses=problem_responses(401, 403, 404, 422, 503),
)
async def stream_events(
    run: ReadableRun, last_event_id: Annotated[str | None, Header()] = None
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
    responses=problem_responses(401, 403, 404, 409, 422, 503),
)
async def cancel_run(run: WritableRun) -> RunView:
    """Cancel a run. One that is running is stopped within moments, in the middle of its step."""
    if Status(run.status).is_final and run.status != Status.cancelled:
        raise RunConflict(f"The run has ended: it is {run.status}.")
    await repository.cancel(run.id)
    return await _view(run)


async def _view(run: Run) -> RunView:
    """Return a run as it is now."""
    changed = await repository.get_run(run.id)
    return RunView.of(changed or run)


@router.post(
    "/{run_id}/decision",
    status_code=202,
    responses=problem_responses(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
async def decide_run(
    caller: Annotated[Principal, DECIDE], run: DecidableRun, request: DecisionRequest
) -> RunView:
    """Decide what a waiting run asks: it goes on. `step` is that of its `waiting_for`.

    The same decision of the same step, sent again, is taken once. Another one is a conflict.
    """
    data = request.model_dump(exclude={"step"})
    await decide(run, data, step=request.step, by=caller.id)
    return await _view(run)


@router.post(
    "/{run_id}/retry",
    status_code=202,
    responses=problem_responses(401, 403, 404, 409, 422, 503),
)
async def retry_run(
    run: WritableRun,
    from_start: Annotated[bool, Query(description="Forget the finished steps: do everything again.")] = False,
) -> RunView:
    """Requeue a run that has failed or was cancelled. It continues after its last finished step."""
    version = get_workflow(run.workflow).version
    if not await repository.requeue(run.id, version, from_start=from_start):
        raise RunConflict(f"The run is {run.status}.", hint="Only a failed or cancelled run can be retried.")
    if await send(run):
        await repository.mark_sent(run.id)
    return await _view(run)
