"""Delete conversations in which nothing has been said for longer than the settings say."""

import structlog

from app.conversations import repository
from app.conversations.settings import ConversationSettings
from app.worker import Schedule, run_in_loop

log = structlog.get_logger(__name__)


async def prune() -> int:
    """Delete them, and return how many there were. Nothing is deleted unless `CHAT_KEEP_DAYS` is set."""
    days = ConversationSettings.load().keep_days
    if days is None:
        return 0
    deleted = await repository.remove_unused_for(days)
    if deleted:
        log.info("conversations.pruned", conversations=deleted)
    return deleted


PRUNE = Schedule(seconds=3600, work=lambda: run_in_loop(prune()))
