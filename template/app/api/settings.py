"""Settings of the HTTP server (`API_…`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.settings import AppSettings, Settings


class ApiSettings(Settings):
    """Where the API listens, and what it accepts."""

    model_config = SettingsConfigDict(env_prefix="API_")

    host: str = "127.0.0.1"
    """`0.0.0.0` in a container, where a proxy stands in front."""

    port: int = Field(8000, ge=1, le=65535)

    max_body_bytes: int = Field(1_000_000, ge=1)
    """The largest request body, in bytes; beyond it the answer is 413."""

    keys_required: bool | None = None
    """Whether a request needs a key. Not set: everywhere but in development, where the API listens on this
    machine alone. A key that is sent must always be right."""

    key_cache_seconds: float = Field(5.0, ge=0, le=300)
    """For how long a key that was right is not looked up again. So long a revoked key may still work."""

    shutdown_seconds: float = Field(20.0, ge=0)
    """How long open requests may finish when the server is told to stop."""

    def needs_keys(self) -> bool:
        """Whether a request without a key is refused."""
        if self.keys_required is not None:
            return self.keys_required
        return AppSettings.load().environment != "development"
