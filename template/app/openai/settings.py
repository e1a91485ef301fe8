"""Settings of the OpenAI-compatible endpoint (`CHAT_…`)."""

from pydantic_settings import SettingsConfigDict

from app.core.settings import List, Settings


class ChatSettings(Settings):
    """Which models clients may ask for."""

    model_config = SettingsConfigDict(env_prefix="CHAT_")

    models: List = ()
    """`provider:name` of each model that clients may name. Not set: the one of `LLM_MODEL`."""
