"""Settings of chats (`CHAT_…`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.settings import List, Settings


class ChatSettings(Settings):
    """Which models clients may ask for, and how much of a conversation a model is shown."""

    model_config = SettingsConfigDict(env_prefix="CHAT_")

    models: List = ()
    """`provider:name` of each model that clients may name. Not set: the one of `LLM_MODEL`."""

    history_tokens: int | None = Field(None, ge=100)
    """Tokens of earlier messages that a model is shown. Not set: half of what the model takes."""

    keep_days: float | None = Field(None, gt=0)
    """Days after its last message when a conversation is deleted. Not set: it is kept."""
