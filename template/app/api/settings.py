"""Settings of the HTTP server (`API_…`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.settings import Settings


class ApiSettings(Settings):
    """Where the API listens, and what it accepts."""

    model_config = SettingsConfigDict(env_prefix="API_")

    host: str = "127.0.0.1"
    """`0.0.0.0` in a container, where a proxy stands in front."""

    port: int = Field(8000, ge=1, le=65535)

    max_body_bytes: int = Field(1_000_000, ge=1)
    """The largest request body, in bytes; beyond it the answer is 413."""

    key_cache_seconds: float = Field(5.0, ge=0, le=300)
    """For how long a key that was right is not looked up again. So long a revoked key may still work."""

    shutdown_seconds: float = Field(20.0, ge=0)
    """How long open requests may finish when the server is told to stop."""
