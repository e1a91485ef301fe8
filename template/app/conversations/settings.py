"""Settings of conversations (`CHAT_…`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.settings import Settings


class ConversationSettings(Settings):
    """How much of a conversation a model is shown, and how long it is kept."""

    model_config = SettingsConfigDict(env_prefix="CHAT_")

    history_tokens: int | None = Field(None, ge=100)
    """Tokens of earlier messages that a model is shown. Not set: half of what the model takes."""

    keep_days: float | None = Field(None, gt=0)
    """Days after its last message when a conversation is deleted. Not set: it is kept."""
