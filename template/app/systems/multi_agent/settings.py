"""Settings of the research team (`RESEARCH_…`)."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from app.core.settings import Settings


class ResearchSettings(Settings):
    """What the team may read."""

    model_config = SettingsConfigDict(env_prefix="RESEARCH_")

    sources: Path | None = None
    """A folder of Markdown and text files. Not set: documents of the project, where there are any; else the
    example sources."""
