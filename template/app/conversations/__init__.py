"""Conversations that are kept: what was said before, for the next answer. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.conversations.history import Cut, drop_oldest_turns, history_tokens
    from app.conversations.repository import (
        Place,
        append_turn,
        find_answer,
        find_answers,
        find_conversation,
        has_answer,
        latest_messages,
    )
    from app.conversations.schemas import ConversationId

__all__ = [
    "ConversationId",
    "Cut",
    "Place",
    "append_turn",
    "drop_oldest_turns",
    "find_answer",
    "find_answers",
    "find_conversation",
    "has_answer",
    "history_tokens",
    "latest_messages",
]

__getattr__ = lazy_exports(
    __name__,
    history=("Cut", "drop_oldest_turns", "history_tokens"),
    repository=(
        "Place",
        "append_turn",
        "find_answer",
        "find_answers",
        "find_conversation",
        "has_answer",
        "latest_messages",
    ),
    schemas=("ConversationId",),
)
