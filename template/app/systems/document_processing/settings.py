"""Settings of the document processing (`DOCUMENTS_…`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.settings import Settings


class DocumentSettings(Settings):
    """How much a document may ask of us."""

    model_config = SettingsConfigDict(env_prefix="DOCUMENTS_")

    max_pages: int = Field(500, ge=1)
    """Pages that a document may have."""

    max_characters: int = Field(200_000, ge=1000)
    """Characters of its text: more do not fit into most models."""

    read_seconds: float = Field(30.0, gt=0)
    """Seconds that reading a file may take."""
