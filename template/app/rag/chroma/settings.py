"""Settings of Chroma."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from app.core.errors import ConfigurationError
from app.core.settings import Settings, Url, provide


class ChromaSettings(Settings):
    """Where Chroma is, and what its collections are called."""

    model_config = SettingsConfigDict(env_prefix="CHROMA_")

    url: Url | None = None
    """`http://host:8000`. Not set: the embedded server, in development."""

    token: SecretStr | None = None
    """Sent as a bearer token, to the proxy before it: Chroma itself asks for none."""

    collection: str = Field(default="documents", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{2,100}$")
    """Begins the name of each collection, which ends with the number of the index."""

    timeout: float = Field(default=30.0, gt=0)
    """Seconds until a request is given up."""

    def base_url(self) -> str:
        """Return the URL of the server. Raises `ConfigurationError` if there is none."""
        found = self.url or provide("CHROMA_URL")
        if found is None:
            raise ConfigurationError("CHROMA_URL is not set.", hint="Set it to http://host:8000.")
        return found.rstrip("/")
