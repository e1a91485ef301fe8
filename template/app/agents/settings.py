"""Settings of the agents (`AGENTS_…`)."""

from pydantic_settings import SettingsConfigDict

from app.core.settings import Settings


class AgentsSettings(Settings):
    """How agents are carried out."""

    model_config = SettingsConfigDict(env_prefix="AGENTS_")

    framework: str | None = None
    """The module in `app/agents/adapters`. Not set: the first one there is."""
