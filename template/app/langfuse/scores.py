"""What people say of runs, as scores of their traces."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import BoundedSemaphore

import structlog

from app.core.spans import Span, call_at_end
from app.observability import LangfuseSettings

log = structlog.get_logger(__name__)

_WAITING = 100
"""Scores that may wait; more are dropped."""
_room = BoundedSemaphore(_WAITING)


def record(piece: Span) -> Callable[[], object] | None:
    """Send a score when feedback was kept. A sink of `core.span_sinks`. Nothing waits for it."""
    if piece.name != "feedback" or not LangfuseSettings.load().is_used():
        return None
    return lambda: _send_soon(piece)


def _send_soon(piece: Span) -> None:
    trace = piece.fields.get("rated_trace")
    if piece.error or not trace:
        return
    if not _room.acquire(blocking=False):
        log.warning("langfuse.score_dropped")
        return
    comment = str(piece.contents.get("comment", ""))
    score_id = hashlib.sha256(f"{trace} {piece.scope.caller}".encode()).hexdigest()[:32]
    _thread().submit(_send, score_id, str(trace), value=bool(piece.fields["helpful"]), comment=comment)


@cache
def _thread() -> ThreadPoolExecutor:
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="langfuse")
    call_at_end(lambda: thread.shutdown(wait=False, cancel_futures=True))
    return thread


def _send(score_id: str, trace: str, *, value: bool, comment: str) -> None:
    from app.langfuse.api import LangfuseUnavailable, create_score
    from app.privacy import mask

    try:
        create_score(score_id, trace, "helpful", value=value, comment=mask(comment))
    except LangfuseUnavailable as error:
        log.warning("langfuse.score_not_sent", error=error.detail)
    finally:
        _room.release()
