"""`/v1/runs/{id}/feedback`, and of answers in conversations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from app.api import Principal, problem_responses, require
from app.conversations import ConversationId, find_conversation, has_answer
from app.conversations.errors import ConversationNotFound
from app.core.errors import NotFound
from app.core.scope import in_scope
from app.core.spans import span
from app.feedback import repository
from app.feedback.models import Feedback, Subject
from app.feedback.schemas import FeedbackRequest, FeedbackView
from app.runs import get_run
from app.runs.errors import RunNotFound

router = APIRouter(tags=["feedback"])

WRITE = require("runs:write")


class AnswerNotFound(NotFound):
    """The conversation has no answer with this id."""


@router.post(
    "/v1/runs/{run_id}/feedback", responses=problem_responses(400, 401, 403, 404, 413, 415, 422, 429, 503)
)
async def rate_run(
    run_id: UUID, request: FeedbackRequest, caller: Annotated[Principal, WRITE]
) -> FeedbackView:
    """Say whether a run's result was helpful. Said again, the last time counts."""
    run = await get_run(run_id)
    if run is None or (run.caller != caller.id and not caller.may("runs:write:all")):
        raise RunNotFound(f"You have no run {run_id}.")
    with in_scope(run_id=str(run.id), workflow=run.workflow):
        trace = run.traceparent.split("-")[1] if run.traceparent else None
        return await _save(Subject.run, str(run.id), run.workflow, request, caller, trace)


@router.post(
    "/v1/conversations/{conversation_id}/messages/{message_id}/feedback",
    responses=problem_responses(400, 401, 403, 404, 413, 415, 422, 429, 503),
)
async def rate_answer(
    conversation_id: Annotated[ConversationId, Path()],
    message_id: Annotated[int, Path(ge=1, lt=2**63)],
    request: FeedbackRequest,
    caller: Annotated[Principal, WRITE],
) -> FeedbackView:
    """Say whether an answer was helpful: `id` is that of `GET /v1/conversations/{id}/messages`."""
    conversation = await find_conversation(caller.id, conversation_id)
    if conversation is None:
        raise ConversationNotFound(f"You have no conversation {conversation_id!r}.")
    if not await has_answer(conversation.id, message_id):
        raise AnswerNotFound(f"The conversation has no answer {message_id}.")
    with in_scope(conversation=conversation_id):
        return await _save(Subject.message, str(message_id), "", request, caller)


async def _save(
    subject: Subject,
    subject_id: str,
    workflow: str,
    request: FeedbackRequest,
    caller: Principal,
    trace: str | None = None,
) -> FeedbackView:
    with span("feedback", helpful=request.helpful, subject=subject.value, rated_trace=trace) as piece:
        piece.say(comment=request.comment)
        kept: Feedback = await repository.save(
            subject,
            subject_id,
            workflow=workflow,
            caller=caller.id,
            helpful=request.helpful,
            comment=request.comment,
        )
    return FeedbackView.model_validate(kept, from_attributes=True)
