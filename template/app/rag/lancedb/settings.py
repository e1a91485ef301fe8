"""Settings of LanceDB."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.paths import ROOT
from app.core.settings import Settings


class LanceDBSettings(Settings):
    """Where the tables are."""

    model_config = SettingsConfigDict(env_prefix="LANCEDB_")

    uri: str = str(ROOT / ".data" / "lancedb")
    """A folder that all processes share, or `s3://bucket/path`, `gs://…`, `az://…`."""

    index_from: int = Field(default=50_000, ge=1000)
    """Chunks from which on there is an approximate index of the vectors; fewer are compared exactly."""
