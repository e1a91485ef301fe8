"""Errors of conversations."""

from app.core.errors import NotFound


class ConversationNotFound(NotFound):
    """The caller has no conversation with this id."""
