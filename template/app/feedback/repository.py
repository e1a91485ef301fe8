"""All SQL on feedback."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.db import new_id, transaction
from app.feedback.models import Feedback, Subject


async def save(
    subject: Subject, subject_id: str, *, workflow: str, caller: str, helpful: bool, comment: str
) -> Feedback:
    """Keep what a caller says, in the place of what the same one has said before."""
    values = {"workflow": workflow, "helpful": helpful, "comment": comment}
    statement = (
        insert(Feedback)
        .values(id=new_id(), subject=subject, subject_id=subject_id, caller=caller, **values)
        .on_conflict_do_update(
            constraint="uq_feedback_subject_subject_id_caller",
            set_={**values, "created_at": func.clock_timestamp()},
        )
        .returning(Feedback)
    )
    async with transaction() as session:
        return (await session.scalars(statement)).one()


async def find_feedback(subject: Subject, subject_id: str) -> Sequence[Feedback]:
    """Return what was said of a result, the newest first."""
    statement = select(Feedback).where(Feedback.subject == subject, Feedback.subject_id == subject_id)
    async with transaction() as session:
        return (await session.scalars(statement.order_by(Feedback.created_at.desc()))).all()


async def latest(limit: int, *, helpful: bool | None) -> Sequence[Feedback]:
    """Return what was said last."""
    statement = select(Feedback).order_by(Feedback.created_at.desc()).limit(limit)
    if helpful is not None:
        statement = statement.where(Feedback.helpful == helpful)
    async with transaction() as session:
        return (await session.scalars(statement)).all()
