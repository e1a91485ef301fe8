"""`/v1/runs`."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.api import problem_responses
from app.runs import repository
from app.runs.errors import RunNotFound
from app.runs.schemas import RunRequest, RunView
from app.runs.start import start_run

router = APIRouter(prefix="/v1/runs", tags=["runs"])


@router.post("", status_code=202, responses=problem_responses(400, 413, 415, 422, 503))
async def create_run(request: RunRequest, response: Response) -> RunView:
    """Accept a run. It is stored when this answers; follow it at the URL in `Location`."""
    run = await start_run(request.workflow, request.input)
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return RunView.of(run)


@router.get("/{run_id}", responses=problem_responses(404, 422, 503))
async def get_run(run_id: UUID) -> RunView:
    """Return a run and, once it has finished, its result."""
    run = await repository.get(run_id)
    if run is None:
        raise RunNotFound(f"There is no run {run_id}.")
    return RunView.of(run)
